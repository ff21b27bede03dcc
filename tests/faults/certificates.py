"""certificates: an authority of our own, and what it signed, made by the openssl command.

good: for 127.0.0.1; wrong_host: for another name; expired: a year ago; stranger: signed by nobody
that the program trusts.
"""

import pathlib
import ssl
import subprocess

KINDS = ("good", "wrong_host", "expired", "stranger")
NAMES = {"wrong_host": "DNS:elsewhere.invalid"}


def _openssl(*arguments):
    subprocess.run(("openssl",) + arguments, check=True, capture_output=True)


def _key(folder, name):
    path = str(folder / (name + ".key"))
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    return path


def _authority(folder, name):
    key = _key(folder, name)
    _openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=" + name, "-days", "2",
             "-out", str(folder / (name + ".pem")))


def _sign(folder, kind):
    authority = "other-ca" if kind == "stranger" else "ca"
    extensions = folder / (kind + ".ext")
    extensions.write_text("subjectAltName=%s\n" % NAMES.get(kind, "IP:127.0.0.1,DNS:localhost"))
    key, request = _key(folder, kind), str(folder / (kind + ".csr"))
    _openssl("req", "-new", "-key", key, "-subj", "/CN=" + kind, "-out", request)
    # a certificate that is valid for less than no days has expired
    days = "-1" if kind == "expired" else "2"
    _openssl("x509", "-req", "-in", request, "-CA", str(folder / (authority + ".pem")),
             "-CAkey", str(folder / (authority + ".key")), "-CAcreateserial", "-days", days,
             "-extfile", str(extensions), "-out", str(folder / (kind + ".pem")))


class Certificates:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        for name in ("ca", "other-ca"):
            _authority(self.folder, name)
        for kind in KINDS:
            _sign(self.folder, kind)
        self.authority = str(self.folder / "ca.pem")

    def context(self, kind):
        """What a server with that certificate needs."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.folder / (kind + ".pem"), self.folder / (kind + ".key"))
        return made
