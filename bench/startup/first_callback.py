"""first_callback: what the first callback over TLS costs a fresh environment, on this machine.

usage: first_callback.py ROUNDS [BOOTSTRAP] (default build/package/x86_64/stage/bootstrap)

Each round starts the program for an API without TLS and for one with it, whose authority stands at the
end of the machine's usual bundle, and hands out one record, then one more. CPU is the supervisor's, by the
kernel's scheduler.
"""

import asyncio
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "faults"))

import certificates  # noqa: E402
import jobs  # noqa: E402
import mint  # noqa: E402
from api import Api  # noqa: E402
from bootstrap import Bootstrap  # noqa: E402
from history import History, Invocation, Record  # noqa: E402
from lambda_api import LambdaApi  # noqa: E402
from startup import cpu_ms  # noqa: E402

BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
SECONDS = 20.0
SETTLE = 0.1


class Environment:
    """One environment of the function, with its API."""

    def __init__(self, program, bundle, context):
        self.history = History({}, {})
        self.api = Api(self.history, [], SECONDS, context)
        self.lambda_api = LambdaApi(self.history)
        self.program, self.bundle = program, bundle

    async def _serve(self, child, number):
        """(milliseconds until the first callback arrived, the supervisor's CPU for the record)."""
        loop, run = asyncio.get_running_loop(), "run-%d" % number
        job = {"flow": "hello", "payload": {"name": "Ada"}, "run": run}
        text, token = jobs.body(job, self.api.url())
        self.api.tokens[run] = {token}
        heard = []
        self.api.watch = lambda stage, request: heard.append(loop.time())
        invocation = Invocation("request-%d" % number, [Record("m-" + run, run, job, 1, "")])
        before, began = cpu_ms(child.pid), loop.time()
        self.lambda_api.offer(invocation, {"Records": [jobs.record("m-" + run, text)]}, SECONDS)
        if not await self.lambda_api.until_answered(invocation, SECONDS) or invocation.failures():
            raise SystemExit("the record was not acknowledged: " + child.log.decode("utf-8", "replace"))
        await asyncio.sleep(SETTLE)
        return 1000 * (heard[0] - began), cpu_ms(child.pid) - before

    async def play(self):
        await self.api.port.open()
        await self.lambda_api.port.open()
        child = Bootstrap(self.program, {
            "AWS_LAMBDA_RUNTIME_API": self.lambda_api.address, "AWS_LAMBDA_FUNCTION_NAME": "f",
            "EXECUTOR_FLOWS_DIR": ROOT / "flows", "BACKEND_PUB": mint.public_pem(), "SSL_CERT_FILE": self.bundle})
        await child.start()
        await asyncio.wait_for(self.lambda_api.asked.wait(), SECONDS)
        await asyncio.sleep(SETTLE)
        served = [await self._serve(child, number) for number in (1, 2)]
        await child.stop()
        for port in (self.api.port, self.lambda_api.port):
            await port.release()
        return served


def main():
    rounds = int(sys.argv[1])
    program = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "build/package/x86_64/stage/bootstrap").resolve()
    with tempfile.TemporaryDirectory() as name:
        made = certificates.Certificates(name)
        bundle = pathlib.Path(name) / "bundle.pem"
        bundle.write_text(BUNDLE.read_text() + pathlib.Path(made.authority).read_text())
        kinds = {"http": None, "https": made.context("good")}
        taken = {kind: [] for kind in kinds}
        for _ in range(rounds):
            for kind, context in kinds.items():
                taken[kind].append(asyncio.run(Environment(program, bundle, context).play()))
    print("%-12s %22s %22s" % ("a record", "ms to first callback", "supervisor's CPU ms"))
    for order, which in enumerate(("first", "second")):
        for kind in kinds:
            columns = zip(*(each[order] for each in taken[kind]))
            print("%-6s %-5s %22.2f %22.2f" % (which, kind, *map(statistics.median, columns)))


if __name__ == "__main__":
    main()
