"""pulse: notices when the rig itself was not scheduled.

A law about time is not held against the program while its judge slept: an answer that waited in
our socket looks late to us, and is late to the program.
"""

import asyncio

TICK = 0.02
STALL = 0.05  # shorter ones do not matter


class Pulse:
    def __init__(self):
        self.stalls = []  # (from, until)
        self._task = None
        self._loop = None

    def start(self):
        """Idempotent; one pulse serves all trials of a loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._task = loop.create_task(self._beat())

    async def _beat(self):
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(TICK)
            if loop.time() - before - TICK > STALL:
                self.stalls.append((before, loop.time()))

    def lag(self, start, until):
        """Seconds of sleep between these moments, at the edges too."""
        asleep = 0.0
        for begin, end in reversed(self.stalls):
            if end < start - TICK:
                break
            if begin <= until + TICK:
                asleep += end - begin
        return asleep


PULSE = Pulse()
