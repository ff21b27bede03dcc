"""bootstrap: the real program as a child, with nothing in its environment but what it is given."""

import asyncio
import pathlib
import signal

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "build" / "dev" / "bootstrap"
FLOWS = pathlib.Path(__file__).resolve().parent / "flows"
LOG_MAX = 4 * 1024 * 1024
STOP_SECONDS = 30


class Bootstrap:
    def __init__(self, program, settings):
        self.program = str(program)
        self.settings = {name: str(value) for name, value in settings.items()}
        self.process = None
        self.log = b""
        self._reading = None

    async def start(self):
        environment = {"EXECUTOR_FLOWS_DIR": str(FLOWS), "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}
        self.process = await asyncio.create_subprocess_exec(
            self.program,
            env=environment | self.settings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self):
        while data := await self.process.stdout.read(65536):
            if len(self.log) < LOG_MAX:
                self.log += data

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.returncode is None

    def workers(self):
        """The pids of its children."""
        try:
            path = pathlib.Path("/proc/%d/task/%d/children" % (self.pid, self.pid))
            return [int(pid) for pid in path.read_text().split()]
        except OSError:
            return []

    def state(self):
        """What the kernel says of it, for a program that does not answer."""
        home = pathlib.Path("/proc/%d" % self.pid)
        lines = [(home / "status").read_text().split("\n", 4)[2], (home / "wchan").read_text()]
        inodes = {}
        for link in (home / "fd").iterdir():
            target = str(link.readlink())
            lines.append("fd %s: %s" % (link.name, target))
            inodes[target.removeprefix("socket:[").rstrip("]")] = link.name
            if "eventpoll" in target:
                lines.append((home / "fdinfo" / link.name).read_text())
        for line in (home / "net" / "tcp").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] in inodes:
                lines.append("fd %s: tcp %s -> %s state %s queues %s" % (inodes[words[9]], *words[1:5]))
        return "\n".join(lines)

    def kill(self):
        if self.is_running():
            self.process.send_signal(signal.SIGKILL)

    async def stop(self):
        """Its exit code after SIGTERM; a leak or a sanitizer's finding makes it no 0."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except asyncio.TimeoutError:
            self.kill()
            await self.process.wait()
        await self._reading
        return self.process.returncode
