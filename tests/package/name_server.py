"""name_server: DNS for one name on port 53 of a network of our own. Over UDP every answer is cut, as a
long one is: only a resolver that asks again over TCP learns the address (RFC 7766 5).
"""

import asyncio
import struct

A = 1


def _question(query):
    """(the name, the record type, where the question ends)."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack(">H", query[at + 1 : at + 3])[0], at + 5


class NameServer(asyncio.DatagramProtocol):
    def __init__(self, name, address):
        self.name = name
        self.address = bytes(int(part) for part in address.split("."))
        self.asked = {"udp": 0, "tcp": 0}

    async def open(self):
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 53))
        await asyncio.start_server(self._serve, "127.0.0.1", 53)

    def _answer(self, query, cut):
        name, kind, end = _question(query)
        known = name == self.name
        records = known and kind == A and not cut
        flags = 0x8180 | (0x0200 if cut else 0) | (0 if known else 3)
        head = query[:2] + struct.pack(">HHHHH", flags, 1, int(records), 0, 0)
        record = struct.pack(">HHHIH", 0xC00C, A, 1, 60, 4) + self.address
        return head + query[12:end] + (record if records else b"")

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.asked["udp"] += 1
        self.transport.sendto(self._answer(data, True), addr)

    async def _serve(self, reader, writer):
        try:
            while size := await reader.read(2):
                query = await reader.readexactly(struct.unpack(">H", size)[0])
                self.asked["tcp"] += 1
                answer = self._answer(query, False)
                writer.write(struct.pack(">H", len(answer)) + answer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()
