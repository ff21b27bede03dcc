"""thirdparty: programs and modules of third parties that tests use, from the package registry, each set in
an environment of its own under build/, made at the first use.
"""

import os
import pathlib
import subprocess
import sys

import bootstrap

SKIPPED = 77
INSTALL_SECONDS = 300


class Unavailable(Exception):
    """They cannot be had here; the text says why."""


def _run(what, *command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("%s: %s" % (what, error)) from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no word of why"]
        raise Unavailable("%s: %s" % (what, lines[-1]))


def skip(why):
    print("SKIPPED: %s did not run: %s" % (os.path.basename(sys.argv[0]), why))
    sys.exit(SKIPPED)


class Kit:
    def __init__(self, name, *packages):
        self.home = bootstrap.ROOT / "build" / name
        self.packages = packages

    def program(self, name):
        return self.home / "bin" / name

    def install(self):
        """The Python that has them."""
        python, complete = str(self.program("python")), self.home / "complete"
        if not complete.exists():
            _run("no environment (python3-venv)", sys.executable, "-m", "venv", "--clear", str(self.home))
            _run("cannot be installed: " + ", ".join(self.packages), python, "-m", "pip", "install", "-q",
                 "--disable-pip-version-check", *self.packages)
            complete.touch()
        return python

    def enter(self):
        """Goes on as that Python: returns there, after a new start of this program. Where it cannot be had the
        test ends as skipped, with the reason.
        """
        if pathlib.Path(sys.prefix) == self.home:
            return
        try:
            python = self.install()
        except Unavailable as why:
            skip(why)
        os.execv(python, [python, "-B", *sys.argv])
