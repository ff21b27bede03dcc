"""run: plays seeds against the program and judges each; prints those that failed, then a count.

  run.py --seeds 1-200           those seeds
  run.py --seconds 600           random ones for that long
  run.py --seed 17 -v            one, with a transcript
"""

import argparse
import asyncio
import collections
import json
import pathlib
import random
import sys
import tempfile
import time

import bootstrap
import laws
import script
from certificates import Certificates
from trial import Trial

TRIAL_SECONDS = 240
KEPT = bootstrap.ROOT / "build" / "faults"


def transcript(history):
    start = history.invocations[0].given or 0 if history.invocations else 0
    lines = [json.dumps(history.script, indent=1)]
    moments = [(r.at, "%-8s %s  %s %db -> %d %s%s%s%s" % (
        r.kind, r.run, r.key[-14:], r.size, r.status, r.verdict, " [%s]" % r.fault,
        " hung up" if r.hung_up else "", "" if r.sure else " unsure")) for r in history.requests]
    for i in history.invocations:
        moments.append((i.given or 0, "GIVEN    %s deadline in %s: %s" % (
            i.id, i.deadline and round(i.deadline - i.given, 2), " ".join(r.message for r in i.records))))
        moments.append((i.answered or 9e9, "ANSWERED %s lag %.3f: %s" % (i.id, i.lag, i.body)))
    lines += ["%9.3f %s" % (at - start, text) for at, text in sorted(moments)]
    return "\n".join(lines + [history.log])


def keep(seed, history):
    """A failure may not come twice: what happened is kept."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / ("seed-%s.txt" % seed)
    path.write_text(transcript(history))
    return path.relative_to(bootstrap.ROOT)


async def one(seed, options):
    """The violations of one seed."""
    trial = Trial(script.of(seed), options.program, options.certificates)
    try:
        history = await asyncio.wait_for(trial.play(), TRIAL_SECONDS)
    except asyncio.TimeoutError:
        return ["law 0 rig: no end after %d s" % TRIAL_SECONDS], trial.history
    return laws.judge(history), history


class Tally:
    def __init__(self):
        self.seeds = self.records = self.requests = self.faults = 0
        self.left = float("inf")  # the tightest answer: seconds before its deadline
        self.met = collections.Counter()  # by fault, and by theme
        self.failed = []

    def add(self, seed, found, history):
        self.seeds += 1
        self.records += sum(len(i.records) for i in history.invocations)
        self.requests += len(history.requests)
        self.faults += sum(r.fault not in ("serve", "unread") for r in history.requests)
        self.met.update(r.fault for r in history.requests if r.fault not in ("serve", "unread"))
        self.met["theme " + history.script["theme"]] += 1
        for i in history.invocations:
            if i.deadline and i.answered and i.lag < 0.05:
                self.left = min(self.left, i.deadline - i.answered)
        if found:
            self.failed.append(seed)
            print("seed %d (%s), transcript in %s:" % (seed, history.script["theme"], keep(seed, history)))
            for line in found:
                print("  " + line)
            sys.stdout.flush()

    def close(self, seconds):
        print("faults: %d seeds, %d records, %d requests of which %d met a fault, tightest answer %.0f ms "
              "before its deadline, %.0f s; failed: %s" % (
                  self.seeds, self.records, self.requests, self.faults, self.left * 1000, seconds,
                  " ".join(map(str, self.failed)) or "none"))


def seeds_of(options):
    """The seeds, one after the other; random ones until the time is up."""
    if options.seconds:
        until = time.monotonic() + options.seconds
        while time.monotonic() < until:
            yield random.randrange(1, 2**31)
        return
    for part in options.seeds.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


async def worker(seeds, options, tally):
    for seed in seeds:
        found, history = await one(seed, options)
        tally.add(seed, found, history)
        if options.verbose:
            print(transcript(history))


async def everything(options):
    seeds = seeds_of(options)
    tally = Tally()
    began = time.monotonic()
    await asyncio.gather(*(worker(seeds, options, tally) for _ in range(options.at_once)))
    if options.counts:
        for name, count in sorted(tally.met.items()):
            print("%6d %s" % (count, name))
    tally.close(time.monotonic() - began)
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-200")
    parser.add_argument("--seed", dest="seeds")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--program", type=pathlib.Path, default=bootstrap.PROGRAM)
    parser.add_argument("--counts", action="store_true", help="how often each fault was met")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        options.certificates = Certificates(folder)
        tally = asyncio.run(everything(options))
    return 1 if tally.failed or not tally.seeds else 0


if __name__ == "__main__":
    sys.exit(main())
