"""namespace: this process alone, with users, mounts, a network and a table of emulators of its own, and
in it a root with nothing but what a function finds in Lambda. Nothing outside of it is changed.

Needs root, or a kernel that lets its caller map users; Unavailable says what was refused.
"""

import ctypes
import os
import pathlib
import subprocess
import zipfile

NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x40000000  # CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET
TASK = "var/task"
BUNDLE = "etc/pki/tls/certs/ca-bundle.crt"  # Amazon Linux's
ROOTS = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
NOBODY = 993  # the function's user in Lambda
EMULATOR = pathlib.Path("/usr/bin/qemu-aarch64-static")
# An ELF file for arm64; F: the emulator is opened now, so that it need not be in the root.
EMULATED = (r":moonmill:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:"
            r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:%s:F")


class Unavailable(Exception):
    pass


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable("%s: %s" % (" ".join(command), done.stderr.strip()))


def _map_users(process):
    for kind in ("uid_map", "gid_map"):
        pathlib.Path("/proc/%d/%s" % (process, kind)).write_text("0 0 65536")


def enter():
    """Leaves the machine's namespaces; a child that is still outside maps the users."""
    ready, tell = os.pipe()
    process = os.getpid()
    child = os.fork()
    if child == 0:
        os.read(ready, 1)
        try:
            _map_users(process)
        except OSError:
            os._exit(1)
        os._exit(0)
    libc = ctypes.CDLL(None, use_errno=True)
    refused = libc.unshare(NEW_NAMESPACES) != 0
    os.write(tell, b".")
    status = os.waitpid(child, 0)[1]
    if refused:
        raise Unavailable("unshare: " + os.strerror(ctypes.get_errno()))
    if status != 0:
        raise Unavailable("no users can be mapped: run it as root")
    _run("mount", "--make-rprivate", "/")
    _run("ip", "link", "set", "lo", "up")


def emulate_arm64():
    if not EMULATOR.exists():
        raise Unavailable("no %s: apt-get install qemu-user-static" % EMULATOR)
    table = pathlib.Path("/proc/sys/fs/binfmt_misc")
    _run("mount", "-t", "binfmt_misc", "binfmt_misc", str(table))
    try:
        (table / "register").write_text(EMULATED % EMULATOR)
    except OSError as error:
        raise Unavailable("this kernel has no emulators in a namespace (6.7 has): %s" % error) from error


def make_root(root, package, authority):
    """Unpacks the zip into an otherwise empty, read-only root that trusts the authority too."""
    _run("mount", "-t", "tmpfs", "-o", "size=64m", "root", str(root))
    for folder in ("proc", "dev", "tmp", "etc", TASK, TASK + "/lib", os.path.dirname(BUNDLE)):
        (root / folder).mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            path = archive.extract(entry, root / TASK)
            os.chmod(path, entry.external_attr >> 16)
    (root / BUNDLE).write_text(ROOTS.read_text() + pathlib.Path(authority).read_text())
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
    (root / "etc/nsswitch.conf").write_text("hosts: mdns4_minimal [NOTFOUND=return] resolve wins ldap dns\n")
    for library in ("libc.so.6", "libcurl.so.4", "evil.so"):
        (root / TASK / "lib" / library).write_text("no library\n")
    (root / "dev/null").touch()
    _run("mount", "--bind", "/dev/null", str(root / "dev/null"))
    _run("mount", "--rbind", "/proc", str(root / "proc"))
    _run("mount", "-t", "tmpfs", "-o", "size=512m,mode=1777", "tmp", str(root / "tmp"))
    _run("mount", "-o", "remount,ro,size=64m", str(root))


def leave_root(root):
    _run("umount", "-R", "-l", str(root))
