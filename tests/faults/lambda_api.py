"""lambda_api: the Runtime API of one environment (runtime.md), which hands out invocations in turn.

It holds the program to the rules: one answer for each invocation, none asked for while one is
unanswered, true deadlines. Its own faults by script: `next` holds what the coming polls meet
(`reset`, `empty`, 502), an invocation's plan may have `answer`: the status that its answer gets, or
`reset`.
"""

import asyncio
import json
import re
import time

import exchange

PATH = "/2018-06-01/runtime"
ANSWER = re.compile(PATH + r"/invocation/([^/]+)/(response|error)$")


class LambdaApi:
    def __init__(self, history, next_faults=()):
        self.history = history
        self.next_faults = list(next_faults)
        self.port = exchange.Port(self._serve)
        self.queue = asyncio.Queue()  # (invocation, headers, body, fault)
        self.open = {}  # by id: handed out, not answered
        self.faults = {}
        self.answered = {}
        self.at_most = 1  # invocations at once
        self.asked = asyncio.Event()  # the program is up
        self.watch = lambda: None  # told when an answer was taken, before it is acknowledged
        self.init_error = ""

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port.number

    def note(self, text, *args):
        self.history.notes.append(text % args)

    def offer(self, invocation, event, deadline, fault=None):
        """Hands the event to the next poll. deadline: seconds from then, None: no header, or any text."""
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
        }
        self.answered[invocation.id] = asyncio.Event()
        self.queue.put_nowait((invocation, headers, event, deadline, fault))

    async def until_answered(self, invocation, seconds):
        """False when there is no answer after so long."""
        try:
            await asyncio.wait_for(self.answered[invocation.id].wait(), seconds)
            return True
        except asyncio.TimeoutError:
            return False

    def abandon(self):
        """The process died: what it had will not be answered."""
        for invocation in self.open.values():
            invocation.cut = asyncio.get_running_loop().time()
            self.answered[invocation.id].set()
        self.open.clear()
        self.asked.clear()

    async def _next(self, reader, writer):
        self.asked.set()
        if len(self.open) >= self.at_most:
            self.note("next was asked for while %s is unanswered", ", ".join(self.open))
        if self.next_faults:
            fault = self.next_faults.pop(0)
            if fault == "reset":
                exchange.reset(writer)
                return False
            return await exchange.write(writer, 204 if fault == "empty" else fault)
        getting = asyncio.ensure_future(self.queue.get())
        leaving = asyncio.ensure_future(exchange.wait(reader, None))
        done, _ = await asyncio.wait({getting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if leaving in done:
            getting.cancel()
            if getting in done:
                self.queue.put_nowait(getting.result())
            return False
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        return await self._hand_out(writer, *getting.result())

    async def _hand_out(self, writer, invocation, headers, event, deadline, fault):
        invocation.given = asyncio.get_running_loop().time()
        if isinstance(deadline, str):
            headers["Lambda-Runtime-Deadline-Ms"] = deadline
        elif deadline is not None:
            invocation.deadline = invocation.given + deadline
            headers["Lambda-Runtime-Deadline-Ms"] = str(int((time.time() + deadline) * 1000))
        self.open[invocation.id] = invocation
        self.faults[invocation.id] = fault
        return await exchange.write(writer, 200, json.dumps(event).encode(), headers)

    async def _answer(self, writer, head, body, at):
        match = ANSWER.match(head[1])
        invocation = self.open.pop(match[1], None)
        if invocation is None:
            self.note("a second answer for %s", match[1])
            return await exchange.write(writer, 400, b'{"errorType":"InvalidRequestID"}')
        invocation.answered, invocation.kind, invocation.body = at, match[2], body.decode()
        self.answered[invocation.id].set()
        self.watch()
        fault = self.faults.pop(invocation.id)
        if fault == "reset":
            invocation.taken = False
            exchange.reset(writer)
            return False
        if fault:
            invocation.taken = False
            return await exchange.write(writer, fault, b'{"errorType":"ByScript"}')
        return await exchange.write(writer, 202, b'{"status":"OK"}')

    async def _serve(self, reader, writer):
        going = True
        while going:
            head = await exchange.read_head(reader)
            if head is None:
                return
            at = asyncio.get_running_loop().time()
            if not re.fullmatch(r"[^ ]+", head[2].get("user-agent", "")):
                self.note("User-Agent is not one token: %s", head[2].get("user-agent"))
            if head[:2] == ("GET", PATH + "/invocation/next"):
                going = await self._next(reader, writer)
                continue
            body = await exchange.read_body(reader, head[2])
            if head[0] == "POST" and ANSWER.match(head[1]):
                going = await self._answer(writer, head, body, at)
            else:
                self.init_error = body.decode()
                self.asked.set()
                self.note("odd call of the Runtime API: %s %s", head[0], head[1])
                going = await exchange.write(writer, 202)
