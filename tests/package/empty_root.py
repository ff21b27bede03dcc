"""empty_root: the zip, as Lambda would unpack it, in a root that has nothing else, runs a batch.

Ten jobs with callbacks over TLS to a name that only DNS knows, signed by an authority at the end of
the usual bundle. The root is read-only, /tmp has 512 MB, there is no /dev/shm and no loader; the user
is not root; LD_LIBRARY_PATH and LD_PRELOAD name false libraries, the proxy variables a port where nobody
listens. The same for arm64, under user-mode emulation.
"""

import argparse
import asyncio
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(ROOT / "tests" / "faults")]

import certificates  # noqa: E402
import jobs  # noqa: E402
import mint  # noqa: E402
import namespace  # noqa: E402
from api import Api  # noqa: E402
from bootstrap import Bootstrap  # noqa: E402
from history import History, Invocation, Record  # noqa: E402
from lambda_api import LambdaApi  # noqa: E402
from name_server import NameServer  # noqa: E402

SKIPPED = 77
HOST = "api.example.test"
NOWHERE = "http://127.0.0.1:9"
DEADLINE = 120.0
LAMBDA = {
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "AWS_LAMBDA_FUNCTION_NAME": "moonmill",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "EXECUTOR_FLOWS_DIR": "",
    "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "TZ": ":UTC",
}
HOSTILE = {
    "LD_LIBRARY_PATH": "/var/task/lib:/lib64:/usr/lib64:/var/runtime:/var/task:/opt/lib",
    "LD_PRELOAD": "/var/task/lib/evil.so",
    "LD_AUDIT": "/var/task/lib/evil.so",
    "OPENSSL_CONF": "/var/task/bootstrap",
    "OPENSSL_MODULES": "/var/task/lib",
    "SSL_CERT_DIR": "/nowhere",
} | {name: NOWHERE for each in ("http_proxy", "https_proxy", "all_proxy") for name in (each, each.upper())}
FLOWS = {"hello": "Completed", "broken_card": "Failed"}


def launcher(folder, root):
    """What starts it in that root, as that user. Out here the false libraries are not to be found."""
    path = folder / "launch"
    path.write_text("#!/bin/sh\nexec /usr/sbin/chroot --userspec=%d:%d '%s' /var/task/bootstrap\n"
                    % (namespace.NOBODY, namespace.NOBODY, root))
    path.chmod(0o755)
    return path


class Batch:
    def __init__(self, folder, root):
        made = certificates.Certificates(folder)
        self.authority = made.authority
        self.history = History({}, {})
        self.api = Api(self.history, [], 5.0, made.context("good"))
        self.lambda_api = LambdaApi(self.history)
        self.names = NameServer(HOST, "127.0.0.1")
        self.folder, self.root = folder, root
        self.wanted = {}

    def _record(self, number):
        flow = "broken_card" if number == 7 else "hello"
        run = "run-%d" % number
        job = {"flow": flow, "payload": {"name": "Ada"}, "run": run}
        text, token = jobs.body(job, self.api.url(HOST))
        self.api.tokens[run] = {token}
        self.wanted[run] = FLOWS[flow]
        return Record("m-" + run, run, job, 1, ""), jobs.record("m-" + run, text)

    async def _serve(self, child):
        made = [self._record(number) for number in range(10)]
        invocation = Invocation("request-0", [record for record, _ in made])
        self.lambda_api.offer(invocation, {"Records": [each for _, each in made]}, DEADLINE)
        began = time.monotonic()
        answered = await self.lambda_api.until_answered(invocation, DEADLINE)
        took = time.monotonic() - began
        if not answered:
            return ["no answer after %d s; the program %s" % (
                DEADLINE, "runs" if child.is_running() else "ended")]
        if invocation.failures() != []:
            return ["the answer is " + invocation.body]
        print("ten records in %.0f ms" % (1000 * took))
        return []

    def _judge(self):
        found = ["%s ended as %s" % (run, self.api.row(run).status)
                 for run, status in self.wanted.items() if self.api.row(run).status != status]
        if not self.names.asked["tcp"]:
            found.append("the name was found without DNS: %r" % self.names.asked)
        return found + self.history.notes + self.api.port.faults + self.lambda_api.port.faults

    async def play(self):
        await self.names.open()
        await self.api.port.open()
        await self.lambda_api.port.open()
        child = Bootstrap(launcher(self.folder, self.root), LAMBDA | HOSTILE | {
            "AWS_LAMBDA_RUNTIME_API": self.lambda_api.address, "BACKEND_PUB": mint.public_pem()})
        began = time.monotonic()
        await child.start()
        try:
            await asyncio.wait_for(self.lambda_api.asked.wait(), DEADLINE)
            print("started in %.0f ms (launcher and rig included)" % (1000 * (time.monotonic() - began)))
            found = await self._serve(child)
        except asyncio.TimeoutError:
            found = ["it never asked for an invocation"]
        code = await child.stop()
        found += self._judge() + ([] if code == 0 else ["it ended with status %d" % code])
        for port in (self.api.port, self.lambda_api.port):
            await port.release()
        if found:
            print(child.log.decode("utf-8", "replace"))
        return found

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=pathlib.Path, help="the zip; one for arm64 is emulated")
    options = parser.parse_args()
    if not options.package.exists():
        print("SKIPPED: the empty-root test did not run: there is no %s" % options.package)
        return SKIPPED
    certificates.NAMES["good"] = "DNS:" + HOST
    with tempfile.TemporaryDirectory() as name:
        folder, root = pathlib.Path(name), pathlib.Path(name) / "root"
        root.mkdir()
        try:
            namespace.enter()
            if "arm64" in options.package.name:
                namespace.emulate_arm64()
            batch = Batch(folder, root)
            namespace.make_root(root, options.package, batch.authority)
        except namespace.Unavailable as why:
            print("SKIPPED: the empty-root test did not run: %s" % why)
            return SKIPPED
        try:
            found = asyncio.run(batch.play())
        finally:
            namespace.leave_root(root)
    print("\n".join(found) or "%s: ok" % options.package.name)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
