"""Poison and duplicates, one case a test, against the real program: two records of one run, a run
that is over already, a batch of nothing but poison. The laws are judged as well.
"""

import argparse
import asyncio
import sys
import unittest

import bootstrap
import laws
from trial import Trial

PROGRAM = bootstrap.PROGRAM
SETTINGS = {
    "EXECUTOR_CALLBACK_TIMEOUT_MS": 5000,
    "EXECUTOR_CALLBACK_RETRIES": 0,
    "EXECUTOR_FLUSH_SECS": 0,
    "EXECUTOR_BATCH_INTERVAL_MS": 10,
    "EXECUTOR_MEMORY_LIMIT_MB": 16,
}


def work(run, **more):
    payload = {"events": 3, "size": 10, "pause_ms": 20, "fail": False, "percent": False}
    return {"flow": "work", "payload": payload, "run": run, "group": ""} | more


def play(*batches, rules=(), fifo=False, **settings):
    """The history of these batches, one after the other; "redeliver" stands for a batch."""
    invocations = [
        {"redeliver": True, "deadline": 60.0, "jobs": [], "fifo": fifo} if jobs == "redeliver"
        else {"jobs": jobs, "deadline": 60.0, "fifo": fifo}
        for jobs in batches
    ]
    script = {"seed": 0, "theme": "duplicates", "settings": SETTINGS | settings,
              "rules": list(rules), "invocations": invocations}
    return asyncio.run(Trial(script, PROGRAM).play())


class TestDuplicates(unittest.TestCase):
    def judged(self, history):
        self.assertEqual(laws.judge(history), [])
        return history

    def kinds(self, history, run):
        return [r.kind for r in history.requests if r.run == run]

    def failures(self, history, invocation=0):
        return history.invocations[invocation].failures()

    def messages(self, history, invocation=0):
        return [record.message for record in history.invocations[invocation].records]

    def test_two_records_of_one_run_run_once(self):
        for at_once in (1, 4):
            history = self.judged(play([work("r1"), work("r2"), work("r1"), work("r1")],
                                       EXECUTOR_CONCURRENCY=at_once))
            self.assertEqual(self.kinds(history, "r1").count("running"), 1)
            self.assertEqual(self.kinds(history, "r1").count("end"), 1)
            self.assertEqual(self.failures(history), [])

    def test_two_records_of_one_run_go_back_together(self):
        refusal = {"do": "status", "status": 403, "kind": "running", "run": "r1", "body": "no"}
        for at_once in (1, 4):
            history = self.judged(play([work("r1"), work("r2"), work("r1")], rules=[refusal],
                                       EXECUTOR_CONCURRENCY=at_once))
            first, _, second = self.messages(history)
            self.assertEqual(sorted(self.failures(history)), sorted([first, second]))
            self.assertEqual(self.kinds(history, "r1"), ["running"])

    def test_two_records_of_one_run_in_a_fifo_group(self):
        history = self.judged(play([work("r1", group="g"), work("r1", group="g"), work("r2", group="g")],
                                   fifo=True))
        self.assertEqual(self.failures(history), [])
        self.assertEqual(self.kinds(history, "r1").count("running"), 1)

    def test_a_run_that_is_over_is_acknowledged_without_running(self):
        for status in ("Completed", "Failed", "Cancelled", "Timeout"):
            history = self.judged(play([work("r1", before=status), work("r2")]))
            self.assertEqual(self.kinds(history, "r1"), ["running"], status)
            self.assertEqual(self.failures(history), [])

    def test_a_message_that_comes_again_after_its_end_is_acknowledged_without_running(self):
        history = self.judged(play([work("r1")], "redeliver", "redeliver"))
        self.assertEqual([self.failures(history, i) for i in range(3)], [[], [], []])
        self.assertEqual(self.kinds(history, "r1")[-3:], ["end", "running", "running"])

    def test_a_terminal_status_whose_answer_was_lost_ends_in_an_acknowledgement(self):
        lost = {"do": "reset_after", "kind": "end", "run": "r1", "processed": True}
        history = self.judged(play([work("r1")], "redeliver", rules=[lost]))
        self.assertEqual(self.failures(history, 1), [])
        self.assertEqual(history.runs["r1"].terminals, ["Completed"])

    def test_poison_is_listed_once_each_and_hurts_nobody(self):
        poison = [work("p%d" % i, malformed=text) for i, text in enumerate(("", "{", "[]", "null", "\x7f"))]
        poison += [work("t%d" % i, token=kind) for i, kind in enumerate(("signature", "expired", "text"))]
        history = self.judged(play([work("r1")] + poison + [work("r2")], "redeliver"))
        for invocation in (0, 1):
            failures = self.failures(history, invocation)
            self.assertEqual(len(failures), len(poison))
            self.assertEqual(len(set(failures)), len(poison))
        self.assertEqual(history.runs["r1"].terminals, ["Completed"])
        self.assertEqual(history.runs["r2"].terminals, ["Completed"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=PROGRAM)
    options, rest = parser.parse_known_args()
    PROGRAM = options.program
    unittest.main(argv=sys.argv[:1] + rest)
