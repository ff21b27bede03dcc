"""emulator: moto's server, a third party's AWS. It runs in the environment of the test that starts it."""

import contextlib
import pathlib
import socket
import subprocess
import sys
import time

import thirdparty

START_SECONDS = 60


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
        raise thirdparty.Unavailable("moto does not start, see its emulator.log")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


@contextlib.contextmanager
def running():
    """An emulator; the test ends as skipped, with the reason, where it does not start."""
    try:
        emulated = Emulator()
    except thirdparty.Unavailable as why:
        thirdparty.skip(why)
    try:
        yield emulated
    finally:
        emulated.stop()
