"""Each law is broken once in a forged history, and the checker must see it; the true one is clean.

A history of two runs is made by hand; each test spoils one thing. So a checker that would wave
everything through fails here, however well the program behaves.
"""

import copy
import json
import unittest

import laws
import script
from history import History, Invocation, Record, Request, Run

SETTINGS = {
    "EXECUTOR_CALLBACK_TIMEOUT_MS": 1000,
    "EXECUTOR_CALLBACK_RETRIES": 1,
    "EXECUTOR_FLUSH_SECS": 0,
}
FILL = {"branch": "main", "fill": ""}


def mark(n):
    return {"event_type": "mark", "payload": FILL | {"n": n}}


def log(message):
    return {"event_type": "log", "payload": {"message": message}}


def error(code):
    return {"event_type": "error", "payload": {"message": "it failed", "code": code}}


def push(at, run, key, body, status=200, verdict="accept", kind="events"):
    name = {"r1": "1", "r2": "2", "r3": "3"}[run] * 32
    request = Request(at, kind, run, "%s-%s" % (name, key), body, 100)
    request.status, request.verdict = status, verdict
    request.ended, request.sure, request.processed = at + 0.01, True, verdict == "accept"
    return request


def running(at, run, **answer):
    return push(at, run, "p0", {"progress": 0, "status": "running"}, kind="running", **answer)


def events(at, run, first, *those, suffix="", **answer):
    key = "%d-%d%s" % (first, first + len(those) - 1, suffix)
    return push(at, run, key, {"events": list(those)}, **answer)


def end(at, run, said="completed", **answer):
    body = {"progress": 100, "status": said} | ({"error": "it failed"} if said == "failed" else {})
    return push(at, run, "end", body, kind="end", **answer)


def work(run, events=2, fail=False, **more):
    payload = {"events": events, "size": 0, "pause_ms": 0, "fail": fail, "percent": False}
    return {"flow": "work", "payload": payload, "run": run, "group": ""} | more


def whole_run(at, run):
    """A run of two marks that went well, in three pushes."""
    return [
        running(at, run),
        events(at + 0.1, run, 1, log("Execution started"), mark(1)),
        events(at + 0.2, run, 3, mark(2), {"event_type": "output", "payload": {"n": 2}}),
        events(at + 0.3, run, 5, log("Execution completed")),
        end(at + 0.4, run),
    ]


def answer(*failed):
    return json.dumps({"batchItemFailures": [{"itemIdentifier": f} for f in failed]})


def good():
    """Two runs in one invocation, one after the other."""
    records = [Record("m1", "r1", work("r1")), Record("m2", "r2", work("r2"))]
    invocation = Invocation("i1", records, given=10.0, deadline=70.0, answered=12.0,
                            kind="response", body=answer())
    history = History(dict(SETTINGS), {"invocations": []}, [invocation], exit_code=0)
    history.requests = whole_run(10.1, "r1") + whole_run(11.0, "r2")
    history.runs = {run: Run("Completed", ["Completed"], "us") for run in ("r1", "r2")}
    return history


class TestLaws(unittest.TestCase):
    def caught(self, law, history, holds=""):
        found = laws.judge(history)
        self.assertTrue(
            any(line.startswith("law " + law) and holds in line for line in found),
            "law %s %s was not seen broken; found: %s" % (law, holds, found),
        )

    def clean(self, history):
        self.assertEqual(laws.judge(history), [])

    def setUp(self):
        self.history = good()
        self.invocation = self.history.invocations[0]
        self.requests = self.history.requests

    def fail_record(self, *messages):
        self.invocation.body = answer(*messages)

    def fifo(self):
        self.invocation.fifo = True
        for record in self.invocation.records:
            record.group = "g"

    # --- the true one, and what is allowed --------------------------------------------------------

    def test_a_good_history_is_clean(self):
        self.clean(self.history)

    def test_a_retry_with_the_same_key_is_clean(self):
        self.requests[1].verdict, self.requests[1].status = "again", 503
        again = copy.copy(self.requests[1])
        again.at, again.ended, again.verdict = again.at + 0.05, again.at + 0.06, "accept"
        self.requests.insert(2, again)
        self.clean(self.history)

    def test_a_refused_batch_may_be_split(self):
        self.requests[1:2] = [
            events(10.15, "r1", 1, log("Execution started"), mark(1), status=413, verdict="unacceptable"),
            events(10.18, "r1", 1, log("Execution started")),
            events(10.21, "r1", 2, mark(1)),
        ]
        self.clean(self.history)

    def test_a_return_after_tries_in_vain_is_clean(self):
        for _ in range(2):
            self.requests.append(end(11.6, "r2", status=503, verdict="broken"))
        del self.requests[9]
        self.fail_record("m2")
        self.clean(self.history)

    # --- law 1 ------------------------------------------------------------------------------------

    def test_acknowledged_before_the_terminal_status(self):
        del self.requests[4]
        self.caught("1", self.history, "without proof")

    def test_acknowledged_though_the_terminal_status_was_not_heard(self):
        self.requests[4].verdict, self.requests[4].status, self.requests[4].sure = "again", 0, False
        self.caught("1", self.history, "without proof")

    def test_acknowledged_and_the_api_was_told_nothing(self):
        del self.requests[5:]
        self.caught("1", self.history, "told nothing")

    def test_acknowledged_though_it_was_no_job(self):
        self.invocation.records.append(Record("m3", "r3", work("r3", malformed="{")))
        self.caught("1", self.history, "no job")

    def test_a_failed_batch_was_dropped(self):
        self.requests[2].verdict, self.requests[2].status = "broken", 503
        self.caught("1", self.history, "never accepted")

    def test_the_last_batch_was_dropped(self):
        self.requests[3].verdict, self.requests[3].status = "broken", 503
        self.caught("1", self.history, "terminal status was sent while")

    def test_an_event_is_missing_though_the_numbers_have_no_gap(self):
        self.requests[1:4] = [
            events(10.2, "r1", 1, log("Execution started"), mark(1),
                   {"event_type": "output", "payload": 1}, log("Execution completed")),
        ]
        self.caught("1", self.history, "marks")

    def test_an_event_was_replaced_without_a_refusal(self):
        self.requests[1:2] = [
            events(10.15, "r1", 1, log("Execution started")),
            events(10.18, "r1", 2, error("event.refused"), suffix="-r"),
        ]
        self.caught("1", self.history, "replaced without a refusal")

    def test_completed_without_its_output(self):
        self.requests[2].body = {"events": [mark(2), log("nothing")]}
        self.caught("1", self.history, "no output")

    def test_a_html_page_taken_for_proof(self):
        import verdict
        self.assertEqual(verdict.of("end", 200, b"<html>"), "again")
        self.assertEqual(verdict.of("end", 200, b""), "accept")
        self.assertEqual(verdict.of("end", 404, b'{"error":{"code":"NOT_FOUND"}}'), "unknown")
        self.assertEqual(verdict.of("events", 404, b'{"error":{"code":"NOT_FOUND"}}'), "refused")
        self.assertEqual(verdict.of("end", 307, b""), "refused")

    # --- law 2 ------------------------------------------------------------------------------------

    def test_marks_in_the_wrong_order(self):
        self.requests[1].body["events"][1], self.requests[2].body["events"][0] = mark(2), mark(1)
        self.caught("1", self.history, "mark 2 after 0")

    def test_two_requests_in_flight(self):
        self.requests[2].ended, self.requests[2].sure = self.requests[3].at + 0.05, False
        self.caught("2", self.history, "in flight")

    def test_events_before_running_was_accepted(self):
        self.requests[0].verdict, self.requests[0].status = "broken", 503
        self.caught("2", self.history, "before running")

    def test_sent_again_although_it_was_accepted(self):
        again = copy.copy(self.requests[1])
        again.at, again.ended = again.at + 0.05, again.at + 0.06
        self.requests.insert(2, again)
        self.caught("2", self.history, "came again")

    def test_one_key_with_two_bodies(self):
        self.requests[1].verdict, self.requests[1].status = "again", 503
        self.requests.insert(2, events(10.25, "r1", 1, log("Execution started"), mark(7)))
        self.caught("2", self.history, "two bodies")

    def test_another_selection_without_a_refusal(self):
        self.requests[1:2] = [
            events(10.15, "r1", 1, log("Execution started"), mark(1), status=0, verdict="again"),
            events(10.18, "r1", 1, log("Execution started")),
            events(10.21, "r1", 2, mark(1)),
        ]
        self.caught("2", self.history, "followed")

    def test_a_retry_under_a_new_delivery_id(self):
        again = copy.copy(self.requests[1])
        again.delivery, again.at = "f" * 32, again.at + 0.02
        self.requests.insert(2, again)
        self.caught("7", self.history, "ran twice")

    def test_events_after_the_terminal_status(self):
        self.requests.insert(5, events(10.6, "r1", 6, log("one more")))
        self.caught("2", self.history, "after")

    def test_it_went_on_after_a_refusal(self):
        self.requests[1].verdict, self.requests[1].status = "refused", 403
        self.caught("2", self.history, "was sent after")

    def test_it_went_on_after_the_run_was_over(self):
        self.requests[0].verdict = "over"
        self.caught("2", self.history, "was sent after")

    def test_retry_after_was_not_heeded(self):
        first = copy.copy(self.requests[1])
        first.at, first.ended = 10.15, 10.16
        first.verdict, first.status, first.retry_after = "again", 429, 1.0
        self.requests.insert(1, first)
        self.caught("2", self.history, "Retry-After")

    def test_two_terminal_statuses_were_accepted(self):
        self.history.runs["r1"].terminals = ["Completed", "Failed"]
        self.caught("2", self.history, "terminal statuses")

    # --- fates (section 4) ------------------------------------------------------------------------

    def test_a_failed_flow_told_as_completed(self):
        self.invocation.records[0].job["payload"]["fail"] = True
        self.caught("4", self.history, "cannot complete")

    def test_a_failure_that_nothing_explains(self):
        self.requests[2:5] = [events(10.4, "r1", 3, error("worker.crashed")), end(10.5, "r1", "failed")]
        self.caught("4", self.history, "nothing explains")

    def test_returned_although_its_end_was_accepted(self):
        self.fail_record("m1")
        self.caught("4", self.history, "although its end was accepted")

    def test_returned_for_nothing(self):
        del self.requests[9]
        self.fail_record("m2")
        self.caught("4", self.history, "nothing explains")

    def test_returned_after_one_try(self):
        self.requests[9].verdict, self.requests[9].status = "broken", 503
        self.fail_record("m2")
        self.caught("4", self.history, "nothing explains")

    def test_returned_before_the_time_to_flush_was_over(self):
        self.history.settings["EXECUTOR_FLUSH_SECS"] = 5
        self.requests[9:] = [end(11.4, "r2", status=503, verdict="broken"),
                             end(11.6, "r2", status=503, verdict="broken")]
        self.fail_record("m2")
        self.caught("4", self.history, "nothing explains")

    def test_a_queue_that_took_longer_than_the_time_to_flush(self):
        """Full pushes do not tell when the run ended: it may have been at once."""
        self.history.settings |= {"EXECUTOR_FLUSH_SECS": 1, "EXECUTOR_MAX_BATCH_SIZE": 2}
        self.requests[9:] = [end(11.8, "r2", status=429, verdict="again"),
                             end(11.9, "r2", status=429, verdict="again")]
        self.fail_record("m2")
        self.requests[5].at = self.requests[5].ended = 10.5
        self.assertEqual([], laws.judge(self.history))
        self.history.settings["EXECUTOR_MAX_BATCH_SIZE"] = 3
        self.caught("4", self.history, "nothing explains")

    def test_a_round_of_answers_that_came_too_late(self):
        """Nobody tries again after the last try, too; but one such try alone was heard."""
        late = [end(at, "r2", verdict="accept") for at in (10.6, 10.8)]
        for request in late:
            request.sure = False
        for request, at in zip(self.requests[5:9], (10.1, 10.2, 10.3, 10.4)):
            request.at, request.ended = at, at + 0.01
        self.fail_record("m2")
        self.invocation.answered = 13.0
        self.requests[9:] = late
        self.assertEqual([], laws.judge(self.history))
        self.requests[9:] = late[:1]
        self.caught("4", self.history, "nothing explains")

    def test_returned_untouched_with_time_left(self):
        del self.requests[5:]
        self.fail_record("m2")
        self.caught("4", self.history, "untouched")

    def test_a_push_of_a_run_that_was_not_handed_out(self):
        self.requests.append(running(11.9, "r3"))
        self.caught("4", self.history, "not handed out")

    def test_an_answer_that_is_no_list_of_failures(self):
        for body in ("", "null", "{}", '{"batchItemFailures":null}', '{"batchItemFailures":[{}]}',
                     '{"batchItemFailures":[],"more":1}', '{"batchItemFailures":["m1"]}'):
            self.invocation.body = body
            self.caught("4", self.history, "another shape")

    def test_an_id_twice_an_empty_one_and_a_stranger(self):
        self.fail_record("m1", "m1")
        self.caught("4", self.history, "twice")
        for stranger in ("", "m9", None):
            self.fail_record(stranger)
            self.caught("4", self.history, "stranger")

    def test_an_error_in_the_place_of_the_response(self):
        self.invocation.kind = "error"
        self.caught("4", self.history, "by an error")

    # --- law 5, 7, 8 and the process ------------------------------------------------------------------

    def test_a_secret_in_the_log(self):
        self.history.secrets, self.history.log = ["s3cret"], "it is s3cret"
        self.caught("5", self.history)

    def test_a_late_answer(self):
        self.invocation.deadline = self.invocation.answered + 0.1
        self.caught("7", self.history, "before its deadline")

    def test_a_request_after_the_response(self):
        self.invocation.answered = self.requests[-1].at - 0.3
        self.caught("7", self.history, "after the response")

    def test_a_twin_that_does_not_share_the_fate(self):
        self.invocation.records.append(Record("m3", "r1", work("r1"), twin_of="m1"))
        self.fail_record("m3")
        self.caught("7", self.history, "twin")

    def test_two_of_one_group_at_once(self):
        self.fifo()
        for request in self.requests[5:]:
            request.at -= 0.8
        self.caught("8", self.history, "ran while")

    def test_a_group_that_went_on_after_a_failure(self):
        self.fifo()
        del self.requests[4]
        self.fail_record("m1")
        self.caught("8", self.history, "ran although")
        self.caught("8", self.history, "was acknowledged although")

    def test_a_bad_end_of_the_process(self):
        self.history.exit_code = -11
        self.caught("0", self.history, "exit status")
        self.history.exit_code, self.history.log = 0, "==1==ERROR: LeakSanitizer: detected"
        self.caught("0", self.history, "LeakSanitizer")

    def test_what_the_rig_noted(self):
        self.history.notes.append("a redirect was followed")
        self.caught("0", self.history, "redirect")


class TestScript(unittest.TestCase):
    def test_a_seed_is_the_same_script_every_time(self):
        for seed in range(60):
            self.assertEqual(script.of(seed), script.of(seed))

    def test_a_batch_holds_one_to_ten_records(self):
        for seed in range(300):
            for invocation in script.of(seed)["invocations"]:
                count = len(invocation["jobs"])
                self.assertTrue(invocation.get("redeliver") or 1 <= count <= 10)


if __name__ == "__main__":
    unittest.main()
