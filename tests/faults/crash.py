"""crash: kill -9, again and again, and nothing is lost.

A worker or the whole program is killed (or told to stop) at random moments, and at chosen ones: when
a push has arrived, was processed, was answered, or the response was taken. The queue hands out
again whatever was not deleted. In the end every run has exactly one terminal status that the API
accepted, no message was deleted before that, and only what is no job lies among the dead letters.
The other laws hold as well, delivery by delivery.

  crash.py --kills 60            until so many kills were done
  crash.py --seed 3 -v           one trial, with a transcript
"""

import argparse
import asyncio
import itertools
import os
import pathlib
import random
import signal
import sys

import bootstrap
import jobs
import laws
import run
from api import Api
from environment import Environment
from history import TERMINAL, History, Invocation, Record
from pulse import PULSE
from sqsqueue import Message, Queue

SETTINGS = {
    "EXECUTOR_CALLBACK_TIMEOUT_MS": 5000,
    "EXECUTOR_CALLBACK_RETRIES": 2,
    "EXECUTOR_FLUSH_SECS": 5,
    "EXECUTOR_BATCH_INTERVAL_MS": 5,
    "EXECUTOR_MAX_BATCH_SIZE": 5,
    "EXECUTOR_CONCURRENCY": 3,
    "EXECUTOR_MEMORY_LIMIT_MB": 16,
}
STAGES = ("arrived", "processed", "answered")
KINDS = ("running", "events", "end")
TAKEN = ("taken", "response")
MOST_RECEIVES = 40
KILLS_A_TRIAL = 8
DEADLINE = 60.0


def make_jobs(chance, seed):
    made = []
    for i in range(chance.randint(6, 14)):
        payload = {"events": chance.choice((0, 3, 12)), "size": 10, "pause_ms": chance.choice((0, 3, 20)),
                   "fail": chance.random() < 0.2, "percent": False}
        job = {"flow": "work", "payload": payload}
        if chance.random() < 0.25:
            job = {"flow": "steps", "payload": {"branches": 3}}
        made.append(job | {"run": "c%d-r%d" % (seed, i), "group": ""})
    made.append(dict(made[0], run="c%d-poison" % seed, malformed="{"))
    return made


class Crash:
    def __init__(self, seed, program):
        self.chance = random.Random(seed)
        self.script = {"seed": seed, "theme": "crash", "kills": True, "invocations": []}
        self.history = History(dict(SETTINGS), self.script)
        latency = {"do": "serve", "times": -1, "ms": self.chance.choice((1, 4, 12))}
        self.api = Api(self.history, [latency], 5.0)
        self.api.watch = self._reached
        self.environment = Environment(self.history, program)
        self.queue = Queue(MOST_RECEIVES)
        self.environment.lambda_api.watch = self._taken
        self.kills = {"worker": 0, "program": 0, "stop": 0}
        self.killer = None  # a kill that is timed
        self.target = None  # (stage, kind): the program dies there

    # --- killing ------------------------------------------------------------------------------

    def _kill_program(self):
        if self.environment.is_busy():
            self.environment.child.kill()
            self.kills["program"] += 1

    def _stop_program(self):
        """SIGTERM: it must end without an answer, and without more pushes."""
        if self.environment.is_busy():
            self.environment.child.process.send_signal(signal.SIGTERM)
            self.kills["stop"] += 1

    def _kill_worker(self):
        """One of them, which may be a spare one, or all at once, as a machine without memory does."""
        workers = self.environment.child.workers() if self.environment.is_busy() else []
        if not workers:
            return
        if self.chance.random() < 0.5:
            workers = [self.chance.choice(workers)]
        self.kills["worker"] += 1
        for pid in workers:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _reached(self, stage, request):
        if self.target == (stage, request.kind):
            self.target = None
            self._kill_program()

    def _taken(self):
        if self.target == TAKEN:
            self.target = None
            self.environment.child.kill()
            self.kills["program"] += 1

    def _plan_kill(self):
        self.target = None
        if sum(self.kills.values()) >= KILLS_A_TRIAL:
            return
        loop = asyncio.get_running_loop()
        roll = self.chance.random()
        if roll < 0.4:
            pushes = [(stage, kind) for stage in STAGES for kind in KINDS]
            self.target = self.chance.choice(pushes + [TAKEN] * 2)
        else:
            kill = self.chance.choice((self._kill_worker, self._kill_worker, self._kill_program,
                                       self._kill_program, self._stop_program))
            self.killer = loop.call_later(self.chance.uniform(0.002, 0.12), kill)

    # --- the queue's side ---------------------------------------------------------------------

    def _send(self):
        for job in make_jobs(self.chance, self.script["seed"]):
            text, token = jobs.body(job, self.api.url())
            self.api.tokens[job["run"]] = {token}
            self.history.secrets.append(token)
            self.queue.send(Message("m-" + job["run"], job, text))

    def _settle(self, invocation, messages):
        failures = invocation.failures() if invocation.answered is not None else None
        for message in messages:
            if failures is None or message.id in failures:
                self.queue.give_back(message)
                continue
            self.queue.delete(message)
            status = self.api.row(message.job["run"]).status
            if status not in TERMINAL:
                self.history.notes.append("%s was acknowledged, its run is %s" % (message.id, status))

    async def _deliver(self, number):
        messages = self.queue.receive(self.chance.randint(1, 6))
        if not messages:
            return
        records = [Record(m.id, m.job["run"], m.job, m.receives) for m in messages]
        invocation = Invocation("request-%d" % number, records)
        event = {"Records": [jobs.record(m.id, m.body, m.receives) for m in messages]}
        self._plan_kill()
        await self.environment.invoke(invocation, event, DEADLINE)
        if self.killer:
            self.killer.cancel()
        self._settle(invocation, messages)

    async def play(self):
        PULSE.start()
        try:
            await self.api.port.open()
            await self.environment.lambda_api.port.open()
            self._send()
            for number in itertools.count():
                if self.queue.is_empty():
                    break
                if not self.environment.is_up():
                    await self.environment.start()
                await self._deliver(number)
            if self.environment.is_up():
                await self.environment.stop()
            self.history.exit_code = 0
        finally:
            await self.environment.release()
            await self.api.port.release()
            self.history.notes += self.api.port.faults
        return self._judge()

    # --- the end ------------------------------------------------------------------------------

    def _judge(self):
        found = laws.judge(self.history)
        for message in self.queue.deleted:
            row = self.api.row(message.job["run"])
            if len(row.terminals) != 1:
                found.append("law 1 lost: run %s ended with terminal statuses %s" % (
                    message.job["run"], row.terminals))
        for message in self.queue.dead:
            if "malformed" not in message.job:
                found.append("law 1 lost: %s is a dead letter" % message.id)
        if not any("malformed" in message.job for message in self.queue.dead):
            found.append("law 4 fate: the poison is not among the dead letters")
        return found


class Count:
    def __init__(self):
        self.kills = {"worker": 0, "program": 0, "stop": 0}
        self.trials = self.runs = self.deliveries = 0
        self.failed = []

    def add(self, seed, trial, found):
        self.trials += 1
        self.runs += len(trial.queue.deleted)
        self.deliveries += sum(len(i.records) for i in trial.history.invocations)
        for what, count in trial.kills.items():
            self.kills[what] += count
        if found:
            self.failed.append(seed)
            print("seed %d, transcript in %s:" % (seed, run.keep("crash-%d" % seed, trial.history)))
            print("\n".join("  " + line for line in found), flush=True)

    def close(self):
        print("crash: %d kills of workers, %d of the program, %d times told to stop, in %d trials: %d runs, "
              "%d deliveries; failed: %s" % (*self.kills.values(), self.trials, self.runs, self.deliveries,
                                             " ".join(map(str, self.failed)) or "none"))


async def worker(seeds, options, count):
    for seed in seeds:
        trial = Crash(seed, options.program)
        try:
            found = await asyncio.wait_for(trial.play(), 300)
        except asyncio.TimeoutError:
            found = ["law 0 rig: no end after 300 s"]
        count.add(seed, trial, found)
        if options.verbose:
            print(run.transcript(trial.history))
        if options.seed is not None or sum(count.kills.values()) >= options.kills:
            return


async def everything(options):
    count = Count()
    first = options.seed if options.seed is not None else options.first
    seeds = iter(itertools.count(first))
    crews = 1 if options.seed is not None else options.at_once
    await asyncio.gather(*(worker(seeds, options, count) for _ in range(crews)))
    count.close()
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument("--program", type=pathlib.Path, default=bootstrap.PROGRAM)
    parser.add_argument("-v", "--verbose", action="store_true")
    count = asyncio.run(everything(parser.parse_args()))
    return 1 if count.failed or not count.trials else 0


if __name__ == "__main__":
    sys.exit(main())
