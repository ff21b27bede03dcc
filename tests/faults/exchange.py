"""exchange: HTTP/1.1 from the server's side, byte by byte, so that every way to fail is at hand.

Reads a request's head and body, writes answers whole or cut, resets connections, and notices when
the client hangs up while it waits.
"""

import asyncio
import email.utils
import socket
import struct

HEAD_MAX = 64 * 1024
REASONS = {200: "OK", 202: "Accepted", 204: "No Content"}


class Closed(Exception):
    """The client left, or we did."""


async def read_head(reader):
    """(method, target, headers with lower-case names); None when the client closed between requests."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return method, target, headers


async def read_body(reader, headers, piece=0, pause=0.0):
    """The body; slowly when a piece's size and a pause are given."""
    left = int(headers.get("content-length", "0"))
    pieces = []
    try:
        while left > 0:
            data = await reader.readexactly(min(piece, left) if piece else left)
            pieces.append(data)
            left -= len(data)
            if piece and left:
                await asyncio.sleep(pause)
    except (asyncio.IncompleteReadError, OSError) as closed:
        raise Closed from closed
    return b"".join(pieces)


async def wait(reader, seconds):
    """Waits that long (None: for ever); True when the client hung up first."""
    try:
        early = await asyncio.wait_for(reader.read(1), seconds)
    except asyncio.TimeoutError:
        return False
    except OSError:
        return True
    if early:
        raise Closed("a second request before the first was answered")
    return True


def _answer(status, body, headers, chunked=False):
    lines = ["HTTP/1.1 %d %s" % (status, REASONS.get(status, "As Scripted"))]
    lines += ["%s: %s" % header for header in headers.items()]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in _pieces(body, 7)) + b"0\r\nX-End: 1\r\n\r\n"
    elif status != 204:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines + ["", ""]).encode() + (body if status != 204 else b"")


def _pieces(data, size):
    return [data[i : i + size] for i in range(0, len(data), size)]


# What is put on the wire in the place of a plain answer: pieces, with a pause between them.
SHAPES = {
    "whole": lambda status, body, headers: [_answer(status, body, headers)],
    "half": lambda status, body, headers: [(a := _answer(status, body, headers))[: len(a) * 6 // 10]],
    "interim": lambda status, body, headers: [
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
        _answer(status, body, headers)],
    "chunked": lambda status, body, headers: [_answer(status, body, headers, chunked=True)],
    "drip": lambda status, body, headers: _pieces(_answer(status, body, headers), 16),
    "garbage": lambda status, body, headers: [b"\x16\x03\x01 this is no HTTP\r\n\r\n"],
}


async def write(writer, status, body=b"", headers=None, shape="whole", pause=0.01):
    """Writes an answer in that shape. False when the client is gone."""
    try:
        pieces = SHAPES[shape](status, body, headers or {"Content-Type": "application/json"})
        for number, piece in enumerate(pieces):
            if number and shape in ("interim", "drip"):
                await asyncio.sleep(pause)  # between pieces: behind the last one the answer is whole
            if writer.is_closing():
                return False
            writer.write(piece)
            await writer.drain()
        return not writer.is_closing()
    except OSError:
        return False


def reset(writer):
    """Closes so that the client gets an RST, unread data or not."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def http_date(epoch):
    return email.utils.formatdate(epoch, usegmt=True)


class Port:
    """A port of 127.0.0.1 that stays ours while nobody listens: connections are then refused."""

    def __init__(self, serve, tls=None):
        self.serve = serve
        self.tls = tls
        self.server = None
        self.faults = []  # mistakes of our own
        self.writers = set()
        self.tasks = set()
        self.holder = socket.socket()
        self.holder.bind(("127.0.0.1", 0))  # alone, so that nobody else is given this port
        self.holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.number = self.holder.getsockname()[1]

    def _listener(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", self.number))
        return sock

    async def _connected(self, reader, writer):
        self.writers.add(writer)
        self.tasks.add(asyncio.current_task())
        try:
            await self.serve(reader, writer)
        except (Closed, OSError, asyncio.CancelledError):
            pass
        except Exception as fault:  # noqa: BLE001 - the rig's own mistake must fail the trial
            self.faults.append("the rig: %r" % fault)
        finally:
            self.tasks.discard(asyncio.current_task())
            self.writers.discard(writer)
            writer.close()

    async def open(self):
        self.server = await asyncio.start_server(
            self._connected, sock=self._listener(), limit=HEAD_MAX, ssl=self.tls
        )

    def close(self):
        """Refuses new connections and resets those that are open."""
        if self.server:
            self.server.close()
            self.server = None
        for writer in list(self.writers):
            reset(writer)

    async def release(self):
        self.close()
        self.holder.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
