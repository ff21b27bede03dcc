"""environment: one Lambda environment that outlives its process: the Runtime API, and the program
started again whenever it was killed. For the tests that kill; trial.py has one process a trial.
"""

import asyncio
import signal

import mint
from bootstrap import Bootstrap
from lambda_api import LambdaApi

START_SECONDS = 60


class Environment:
    def __init__(self, history, program):
        self.history = history
        self.program = program
        self.lambda_api = LambdaApi(history)
        self.child = None
        self.logs = []

    def is_up(self):
        return self.child is not None and self.child.is_running()

    def is_busy(self):
        """It has an invocation in hand."""
        return self.is_up() and bool(self.lambda_api.open)

    async def start(self):
        self.child = Bootstrap(self.program, self.history.settings | {
            "AWS_LAMBDA_RUNTIME_API": self.lambda_api.address,
            "BACKEND_PUB": mint.public_pem(),
        })
        self.lambda_api.asked.clear()
        await self.child.start()
        await asyncio.wait_for(self.lambda_api.asked.wait(), START_SECONDS)

    async def stop(self):
        """Ends it, or notes how it ended: told to stop, or by a kill of ours; all else is a fault."""
        code = await self.child.stop()
        self.lambda_api.abandon()
        self.logs.append(self.child.log.decode("utf-8", "replace"))
        if code not in (0, -signal.SIGKILL):
            self.history.notes.append("the program ended with status %d" % code)

    async def invoke(self, invocation, event, deadline):
        """Until it is answered, or the process is gone."""
        self.history.invocations.append(invocation)
        self.lambda_api.offer(invocation, event, deadline)
        answering = asyncio.ensure_future(self.lambda_api.until_answered(invocation, 2 * deadline))
        ending = asyncio.ensure_future(self.child.process.wait())
        done, _ = await asyncio.wait({answering, ending}, return_when=asyncio.FIRST_COMPLETED)
        if answering in done and not answering.result():
            self.history.notes.append("%s was not answered; %s" % (invocation.id, self.child.state()))
            self.child.kill()
        for task in (answering, ending):
            task.cancel()
        await self._bury_if_gone(invocation)

    async def _bury_if_gone(self, invocation):
        if invocation.answered is None:
            await self.child.process.wait()
        if not self.child.is_running():
            await self.stop()

    async def release(self):
        """Whatever happened: nothing of it is left, and the history has its log."""
        if self.child:
            self.child.kill()
        await self.lambda_api.port.release()
        self.history.notes += self.lambda_api.port.faults
        self.history.log = "\n".join(self.logs)
