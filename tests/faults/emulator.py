"""emulator: moto's SQS, a third party's, in an environment of its own under build/.

Installed from the package registry at the first use. Where that cannot be, Unavailable says why,
and the test is skipped with that reason.
"""

import pathlib
import socket
import subprocess
import sys
import time

import bootstrap

HOME = bootstrap.ROOT / "build" / "queue"
PACKAGES = ("moto>=5,<6", "flask", "flask-cors", "boto3")
INSTALL_SECONDS = 300
START_SECONDS = 60


class Unavailable(Exception):
    pass


def _run(what, *command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("%s: %s" % (what, error)) from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no word of why"]
        raise Unavailable("%s: %s" % (what, lines[-1]))


def install(home=HOME, packages=PACKAGES):
    """The Python that has the emulator and its client."""
    python = home / "bin" / "python"
    complete = home / "complete"
    if not complete.exists():
        _run("no environment (python3-venv)", sys.executable, "-m", "venv", "--clear", str(home))
        _run("moto cannot be installed", str(python), "-m", "pip", "install", "-q",
             "--disable-pip-version-check", *packages)
        complete.touch()
    return python


def _free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Emulator:
    def __init__(self):
        self.port = _free_port()
        self.log = open(pathlib.Path(sys.prefix) / "emulator.log", "w")  # noqa: SIM115 - closed by stop
        program = pathlib.Path(sys.executable).parent / "moto_server"
        self.process = subprocess.Popen(
            [str(program), "-H", "127.0.0.1", "-p", str(self.port)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        self._until_up()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def _until_up(self):
        until = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise Unavailable("moto does not start, see its emulator.log")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
