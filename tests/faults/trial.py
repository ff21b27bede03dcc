"""trial: one script played against the real program; what happened comes back as a history."""

import asyncio
import dataclasses

import jobs
import mint
from api import Api, Stranger
from bootstrap import Bootstrap
from history import History, Invocation, Record
from lambda_api import LambdaApi
from pulse import PULSE, TICK

ANSWER_SECONDS = 120  # longer than any deadline; without one, than any honest batch takes
START_SECONDS = 60


class Trial:
    def __init__(self, script, program, certificates=None):
        self.script = script
        self.program = program
        self.certificates = certificates
        self.history = History(dict(script["settings"]), script)
        self.stranger = Stranger(self.history)
        self.network = script.get("network", "")
        secure = self.network and self.network != "no_name"
        timeout = self.history.setting("EXECUTOR_CALLBACK_TIMEOUT_MS", 5000) / 1000
        self.api = Api(self.history, script["rules"], timeout,
                       certificates.context(self.network) if secure else None, self.stranger.url())
        self.api.key_faults = list(script.get("keys", []))
        self.lambda_api = LambdaApi(self.history, script.get("next", ()))
        self.lambda_api.at_most = self.history.setting("AWS_LAMBDA_MAX_CONCURRENCY", 1)
        self.bodies = {}  # by message id
        self.chores = []
        self.history.secrets.append(jobs.CANARY)

    # --- set up and take down -----------------------------------------------------------------

    def _environment(self):
        environment = dict(self.script["settings"])
        environment["AWS_LAMBDA_RUNTIME_API"] = self.lambda_api.address
        if "keys" in self.script:
            environment["API_URL"] = self.api.url()
        else:
            environment["BACKEND_PUB"] = mint.public_pem()
        if self.certificates:
            environment["SSL_CERT_FILE"] = self.certificates.authority
        return environment

    async def play(self):
        ports = (self.api.port, self.lambda_api.port, self.stranger.port)
        child = Bootstrap(self.program, self._environment())
        PULSE.start()
        try:
            for port in ports:
                await port.open()
            await child.start()
            await self._serve(child)
            self.history.exit_code = await child.stop()
        finally:
            child.kill()
            for chore in self.chores:
                chore.cancel()
            for port in ports:
                await port.release()
                self.history.notes += port.faults
            self.history.log = child.log.decode("utf-8", "replace")
        self._doubt()
        return self.history

    def _doubt(self):
        """Where we slept ourselves, times prove nothing."""
        for invocation in self.history.invocations:
            if invocation.answered is not None:
                invocation.lag = PULSE.lag(invocation.given, invocation.answered)
                invocation.late = PULSE.lag(invocation.answered - 0.5, invocation.answered)
        for request in self.history.requests:
            if request.sure:
                lag = PULSE.lag(request.at - self.api.timeout, request.ended)
                request.sure = request.ended - request.at + lag < 0.5 * self.api.timeout

    # --- invocations --------------------------------------------------------------------------

    def _message(self, job):
        """The message's id; its body is written once and comes back the same."""
        message = "m%d-%s" % (len(self.bodies), job["run"])
        url = self.api.url("x.invalid" if self.network == "no_name" else "127.0.0.1")
        text, token = jobs.body(job, url)
        self.bodies[message] = text
        if "malformed" not in job and job.get("token", "good") == "good":
            self.api.tokens.setdefault(job["run"], set()).add(token)
        self.history.secrets.append(token)
        if job.get("before"):
            row = self.api.row(job["run"])
            row.status, row.by = job["before"], "user"
        return message

    @staticmethod
    def _mark_twins(records):
        seen = {}
        for record in records:
            if "malformed" in record.job or record.job.get("token", "good") != "good":
                continue
            if record.run in seen:
                record.twin_of = seen[record.run]
            else:
                seen[record.run] = record.message

    def _new_records(self, plan):
        records = []
        for job in plan["jobs"]:
            message = self._message(job)
            records.append(Record(message, job["run"], job, job.get("receives", 1), job["group"]))
        return records

    @staticmethod
    def _returned_records(invocations):
        """What these gave back, and one message that they did not; at most ten, as SQS would."""
        returned, kept = [], []
        for invocation in invocations:
            failed = invocation.failures() if invocation.kind == "response" and invocation.taken else None
            for record in invocation.records:
                back = failed is None or record.message in failed
                (returned if back else kept).append(record)
        records = returned[:9] + kept[:1]
        return [dataclasses.replace(r, receives=r.receives + 1, twin_of="") for r in records]

    def _heal(self):
        self.api.rules = [rule for rule in self.api.rules if rule["do"] == "unknown"]
        self.api.key_faults = []

    def _prepare(self, number, plan):
        if plan.get("redeliver"):
            self._heal()
            last = self.history.invocations if self.script.get("managed") else self.history.invocations[-1:]
            records, fifo = self._returned_records(last), last[-1].fifo
        else:
            records, fifo = self._new_records(plan), plan["fifo"]
        self._mark_twins(records)
        return Invocation("request-%d" % number, records, fifo)

    def _event(self, invocation):
        return {"Records": [
            jobs.record(r.message, self.bodies[r.message], r.receives, r.group, invocation.fifo)
            for r in invocation.records
        ]}

    async def _outage(self, start, until):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(start)
        began = loop.time()
        outage = [began, float("inf")]
        self.history.outages.append(outage)
        self.api.port.close()
        await asyncio.sleep(until - start)
        await self.api.port.open()
        outage[1] = loop.time()

    async def _serve(self, child):
        await asyncio.wait_for(self._until_up(child), START_SECONDS)
        for start, until in self.script.get("outages", ()):
            self.chores.append(asyncio.ensure_future(self._outage(start, until)))
        plans = list(enumerate(self.script["invocations"]))
        together = [p for p in plans if self.script.get("managed") and not p[1].get("redeliver")]
        going = await self._invoke_all(child, together) if together else True
        for number, plan in plans[len(together) :]:
            going = going and await self._invoke_all(child, [(number, plan)])
        await asyncio.sleep(0.3)  # for what comes after the last answer, and must not

    async def _until_up(self, child):
        while not self.lambda_api.asked.is_set() and child.is_running():
            await asyncio.sleep(TICK)

    async def _invoke_all(self, child, plans):
        """Offers these invocations at once. False when the program can do no more."""
        under_way = []
        for number, plan in plans:
            if plan.get("away"):  # the Runtime API
                self.lambda_api.port.close()
                await asyncio.sleep(plan["away"])
                await self.lambda_api.port.open()
            invocation = self._prepare(number, plan)
            if not invocation.records:
                continue
            self.history.invocations.append(invocation)
            self.lambda_api.offer(invocation, self._event(invocation), plan["deadline"], plan.get("answer"))
            under_way.append(invocation)
        results = await asyncio.gather(*(self._answered(child, each) for each in under_way))
        return all(results) and child.is_running()

    async def _answered(self, child, invocation):
        ended = asyncio.ensure_future(child.process.wait())
        answering = asyncio.ensure_future(
            self.lambda_api.until_answered(invocation, ANSWER_SECONDS))
        await asyncio.wait({ended, answering}, return_when=asyncio.FIRST_COMPLETED)
        answered = answering.done() and answering.result()
        for task in (ended, answering):
            task.cancel()
        if not answered:
            state = child.state() if child.is_running() else "the program ended"
            self.history.notes.append("%s was not answered; %s" % (invocation.id, state))
        return answered
