"""validator: a third party's JSON Schema validator, in an environment of its own under build/.

Installed from the package registry at the first use. Where that cannot be, Unavailable says why,
and the test is skipped with that reason.
"""

import os
import subprocess
import sys

import programs

HOME = programs.ROOT / "build" / "schema"
PACKAGES = ("jsonschema>=4.18,<5",)
INSTALL_SECONDS = 300


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


def enter():
    """Goes on in the Python that has it: returns there, after a new start of this program."""
    python = HOME / "bin" / "python"
    complete = HOME / "complete"
    if sys.prefix == str(HOME):
        return
    if not complete.exists():
        _run("no environment (python3-venv)", sys.executable, "-m", "venv", "--clear", str(HOME))
        _run("jsonschema cannot be installed", str(python), "-m", "pip", "install", "-q",
             "--disable-pip-version-check", *PACKAGES)
        complete.touch()
    os.execv(python, [str(python), "-B", *sys.argv])
