"""mint: executor tokens for tests, signed with ES256 (RFC 7518 3.4) by the project's test key.

P-256 in plain Python: a table of multiples of the base point makes a signature cost a millisecond,
where a child process for each would cost five. For tests only: nothing here is constant in time.
"""

import base64
import hashlib
import json
import pathlib
import re
import time

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
WINDOW = 4


def _add(one, other):
    """Adds two points of the curve; None is the point at infinity."""
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % P == 0:
            return None
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, P) % P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P) % P
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def _multiples():
    """For each window of a scalar's bits: the base point times each value of that window."""
    table, point = [], BASE
    for _ in range(256 // WINDOW):
        row = [None]
        for _ in range((1 << WINDOW) - 1):
            row.append(_add(row[-1], point))
        table.append(row)
        point = _add(row[-1], point)
    return table


TABLE = _multiples()


def _times_base(scalar):
    point = None
    for row in TABLE:
        point = _add(point, row[scalar & ((1 << WINDOW) - 1)])
        scalar >>= WINDOW
    return point


def _private_key():
    text = (DATA / "test-ec-private.pem").read_text()
    der = base64.b64decode("".join(re.findall(r"^[^-].*$", text, re.M)))
    at = der.index(b"\x04\x20", 20) + 2  # the OCTET STRING of 32 bytes
    return int.from_bytes(der[at : at + 32], "big")


PRIVATE = _private_key()
PUBLIC = _times_base(PRIVATE)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(text):
    digest = hashlib.sha256(text).digest()
    e = int.from_bytes(digest, "big")
    k = int.from_bytes(hashlib.sha256(b"nonce" + digest).digest(), "big") % (N - 1) + 1
    r = _times_base(k)[0] % N
    s = pow(k, -1, N) * (e + r * PRIVATE) % N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(run, app, board, callback_url, **changed):
    """A token as the API makes it (contract.md 2), with some claims changed."""
    now = int(time.time())
    claims = {
        "sub": "user-1",
        "run_id": run,
        "app_id": app,
        "board_id": board,
        "callback_url": callback_url,
        "typ": "executor",
        "iss": "flow-like",
        "aud": "flow-like-executor",
        "iat": now,
        "nbf": now - 30,
        "exp": now + 86400,
        "jti": "jti-" + run,
    }
    claims.update(changed)
    header = {"typ": "JWT", "alg": "ES256", "kid": "test-key-1"}
    parts = [base64url(json.dumps(part).encode()) for part in (header, claims)]
    text = ".".join(parts)
    return text + "." + base64url(sign(text.encode()))


def claims_of(text):
    """What a token says, unverified; {} when it is none."""
    try:
        part = text.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}


def public_pem():
    """The value of BACKEND_PUB."""
    return base64.b64encode((DATA / "test-ec-public.pem").read_bytes()).decode()


def key_set():
    x, y = (base64url(c.to_bytes(32, "big")) for c in PUBLIC)
    key = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    return {"keys": [key | {"alg": "ES256", "kid": "test-key-1", "use": "sig"}]}
