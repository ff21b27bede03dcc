"""real_queue: delivery through a real SQS emulator with visibility timeout, receive counts and DLQ.

An event source mapping, as Lambda's, receives up to ten messages, invokes the program, and deletes
what is not in batchItemFailures. What is no job ends among the dead letters, after exactly as many
receives as the queue allows; a good job never does, though the API fails now and then and the
program is killed once. FIFO groups keep their order across returns.
"""

import argparse
import asyncio
import json
import pathlib
import sys
import time

import bootstrap
import emulator
import jobs
import laws
import run
import thirdparty
from api import Api
from environment import Environment
from history import TERMINAL, History, Invocation, Record
from pulse import PULSE

KIT = thirdparty.Kit("queue", "moto>=5,<6", "flask", "flask-cors", "boto3")
VISIBILITY = 1  # seconds
MOST_RECEIVES = 5
DEADLINE = 30.0
END_SECONDS = 120
SETTINGS = {
    "EXECUTOR_CALLBACK_TIMEOUT_MS": 3000,
    "EXECUTOR_CALLBACK_RETRIES": 0,
    "EXECUTOR_FLUSH_SECS": 0,
    "EXECUTOR_BATCH_INTERVAL_MS": 10,
    "EXECUTOR_CONCURRENCY": 4,
    "EXECUTOR_MEMORY_LIMIT_MB": 16,
}


def work(name, group="", **more):
    payload = {"events": 4, "size": 10, "pause_ms": 5, "fail": name.endswith("x"), "percent": False}
    return {"flow": "work", "payload": payload, "run": name, "group": group} | more


def standard_jobs():
    made = [work("q-good%d%s" % (i, "x" if i % 5 == 4 else "")) for i in range(20)]
    made.insert(3, work("q-poison0", malformed="{"))
    made.insert(9, work("q-poison1", malformed=""" {"run_id": 7} """))
    made.insert(15, work("q-poison2", token="signature"))
    return made


def fifo_jobs():
    """The poison comes last in its group: what is behind it in a batch shares its receives."""
    made = [work("f-%s-%d" % (group, i), group) for i in range(6) for group in ("a", "b", "c")]
    made.append(work("f-a-poison", "a", malformed="{"))
    made.append(work("f-b-poison", "b", token="expired"))
    return made


def head_jobs():
    """The poison comes first; batches of one keep the others' receive counts clean."""
    made = [work("h-a-poison", "a", malformed="{"), work("h-b-poison", "b", token="text")]
    return made + [work("h-%s-%d" % (group, i), group) for i in range(3) for group in ("a", "b")]


def is_poison(job):
    return "malformed" in job or "token" in job


class Sqs:
    """A queue and its dead letters, by the client of the emulator's makers' choice."""

    def __init__(self, client, name, fifo):
        self.client = client
        self.fifo = fifo
        more = {"FifoQueue": "true"} if fifo else {}
        suffix = ".fifo" if fifo else ""
        self.dead_url = client.create_queue(QueueName=name + "-dead" + suffix, Attributes=more)["QueueUrl"]
        arn = self._attributes(self.dead_url)["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_RECEIVES})
        self.url = client.create_queue(QueueName=name + suffix, Attributes=more | {
            "VisibilityTimeout": str(VISIBILITY), "RedrivePolicy": policy})["QueueUrl"]
        self.received = 0.0
        self.late = []  # (when, receipt): returned, not released yet

    def _attributes(self, url):
        return self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def send(self, job, text):
        more = {}
        if self.fifo:
            more = {"MessageGroupId": job["group"], "MessageDeduplicationId": job["run"]}
        return self.client.send_message(QueueUrl=self.url, MessageBody=text or " ", **more)["MessageId"]

    def receive(self, most):
        self._release()
        self.received = time.monotonic()
        found = self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=most, AttributeNames=["All"], WaitTimeSeconds=0)
        return found.get("Messages", [])

    def _release(self):
        """The emulator frees a group whose timeout is over message by message, which would let a
        later one overtake; asked for each a moment before, it frees them in order."""
        now = time.monotonic()
        for when, receipt in self.late:
            if when <= now and self.fifo:
                try:
                    self.client.change_message_visibility(
                        QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=0)
                except self.client.exceptions.ReceiptHandleIsInvalid:
                    pass  # it is a dead letter by now
        self.late = [(when, receipt) for when, receipt in self.late if when > now]

    def delete(self, receipt):
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)

    def leave(self, receipt):
        self.late.append((self.received + VISIBILITY - 0.1, receipt))

    def is_empty(self):
        counts = self._attributes(self.url)
        return not any(int(counts["ApproximateNumberOfMessages" + kind]) for kind in ("", "NotVisible"))

    def dead(self):
        found = {}
        while messages := self.client.receive_message(
                QueueUrl=self.dead_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found[message["MessageId"]] = message
                self.client.delete_message(QueueUrl=self.dead_url, ReceiptHandle=message["ReceiptHandle"])
        return found


class Scenario:
    def __init__(self, name, queue, batch, rules, program, kill_at=None):
        self.name = name
        self.queue = queue
        self.batch = batch
        script = {"seed": 0, "theme": name, "kills": kill_at is not None, "invocations": []}
        self.history = History(dict(SETTINGS), script)
        self.api = Api(self.history, rules, 3.0)
        self.api.watch = self._reached
        self.environment = Environment(self.history, program)
        self.kill_at = kill_at
        self.jobs = {}  # by message id
        self.receives = {}

    def _reached(self, stage, request):
        if self.kill_at == (stage, request.kind, request.run):
            self.kill_at = None
            self.environment.child.kill()

    def _send(self, made):
        for job in made:
            text, token = jobs.body(job, self.api.url())
            self.api.tokens[job["run"]] = {token}
            self.jobs[self.queue.send(job, text)] = job

    # --- the event source mapping -------------------------------------------------------------

    def _record(self, message):
        job = self.jobs[message["MessageId"]]
        count = int(message["Attributes"]["ApproximateReceiveCount"])
        self.receives[message["MessageId"]] = count
        return Record(message["MessageId"], job["run"], job, count, job["group"])

    @staticmethod
    def _event(messages, fifo):
        return {"Records": [
            jobs.record(m["MessageId"], m["Body"], fifo=fifo) | {
                "receiptHandle": m["ReceiptHandle"],
                "attributes": m["Attributes"],
                "md5OfBody": m["MD5OfBody"],
            } for m in messages
        ]}

    async def _invoke(self, number, messages):
        """The ids that failed, or None when there was no answer."""
        records = [self._record(message) for message in messages]
        invocation = Invocation("request-%d" % number, records, self.queue.fifo)
        await self.environment.invoke(invocation, self._event(messages, self.queue.fifo), DEADLINE)
        return invocation.failures() if invocation.answered is not None else None

    async def _settle(self, messages, failures):
        for message in messages:
            if failures is None or message["MessageId"] in failures:
                await asyncio.to_thread(self.queue.leave, message["ReceiptHandle"])
                continue
            job = self.jobs[message["MessageId"]]
            if self.api.row(job["run"]).status not in TERMINAL:
                self.history.notes.append("%s was deleted before its run ended" % job["run"])
            await asyncio.to_thread(self.queue.delete, message["ReceiptHandle"])

    async def _map(self):
        until = time.monotonic() + END_SECONDS
        number = 0
        while time.monotonic() < until:
            messages = await asyncio.to_thread(self.queue.receive, self.batch)
            if not messages:
                if await asyncio.to_thread(self.queue.is_empty):
                    return
                await asyncio.sleep(0.1)
                continue
            if not self.environment.is_up():
                await self.environment.start()
            await self._settle(messages, await self._invoke(number, messages))
            number += 1
        self.history.notes.append("the queue is not empty after %d s" % END_SECONDS)

    async def play(self, made):
        PULSE.start()
        try:
            await self.api.port.open()
            await self.environment.lambda_api.port.open()
            await asyncio.to_thread(self._send, made)
            await self._map()
            if self.environment.is_up():
                await self.environment.stop()
            self.history.exit_code = 0
        finally:
            await self.environment.release()
            await self.api.port.release()
            self.history.notes += self.api.port.faults
        return self._judge(await asyncio.to_thread(self.queue.dead))

    # --- what must be true --------------------------------------------------------------------

    def _judge(self, dead):
        found = laws.judge(self.history)
        for message, job in self.jobs.items():
            name, count = job["run"], self.receives.get(message)
            if is_poison(job) and message not in dead:
                found.append("%s is no dead letter" % name)
            elif is_poison(job) and count != MOST_RECEIVES:
                found.append("%s was received %s times, not %d" % (name, count, MOST_RECEIVES))
            elif not is_poison(job) and message in dead:
                found.append("%s is a dead letter, and was a good job" % name)
            elif not is_poison(job) and len(self.api.row(name).terminals) != 1:
                found.append("%s ended with %s" % (name, self.api.row(name).terminals))
        return found + (self._order() if self.queue.fifo else [])

    def _order(self):
        """Runs of a group ended in the order in which they were sent."""
        ended = {}
        for request in self.history.requests:
            if request.kind == "end" and request.verdict == "accept":
                ended.setdefault(request.run, request.at)
        found, last = [], {}
        for job in self.jobs.values():
            before = last.get(job["group"])
            if is_poison(job) or job["run"] not in ended:
                continue
            if before and ended[before] > ended[job["run"]]:
                found.append("%s ended before %s" % (job["run"], before))
            last[job["group"]] = job["run"]
        return found

    def summary(self):
        returned = sum(len(i.failures() or ()) for i in self.history.invocations)
        return "%s: %d messages, %d invocations, %d returns" % (
            self.name, len(self.jobs), len(self.history.invocations), returned)


def fails_once(run_id, kind):
    return {"do": "status", "status": 503, "kind": kind, "run": run_id, "times": 1}


async def everything(url, options):
    import boto3  # only the environment of the emulator has it

    client = boto3.client("sqs", endpoint_url=url, region_name="eu-central-1",
                          aws_access_key_id="none", aws_secret_access_key="none")
    standard = Scenario(
        "standard", Sqs(client, "jobs", False), 10,
        [fails_once("q-good1", "end"), fails_once("q-good2", "running"), fails_once("q-good7", "events")],
        options.program, kill_at=("processed", "end", "q-good6"))
    fifo = Scenario(
        "fifo", Sqs(client, "ordered", True), 10,
        [fails_once("f-a-1", "end"), fails_once("f-b-3", "running"), fails_once("f-c-0", "end")],
        options.program)
    head = Scenario("fifo, batches of one", Sqs(client, "single", True), 1,
                    [fails_once("h-a-1", "end")], options.program)
    scenarios = ((standard, standard_jobs()), (fifo, fifo_jobs()), (head, head_jobs()))
    results = await asyncio.gather(*(scenario.play(made) for scenario, made in scenarios))
    for (scenario, _), found in zip(scenarios, results):
        print(scenario.summary())
        if options.verbose:
            print(run.transcript(scenario.history))
        if found:
            kept = run.keep("queue-" + scenario.name.split(",")[0], scenario.history)
            print("\n".join("  " + line for line in found + ["transcript in %s" % kept]))
    return any(results)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, default=bootstrap.PROGRAM)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    KIT.enter()
    with emulator.running() as emulated:
        return 1 if asyncio.run(everything(emulated.url, options)) else 0


if __name__ == "__main__":
    sys.exit(main())
