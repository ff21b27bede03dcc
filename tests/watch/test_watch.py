"""test_watch: the whole system on a laptop, as its users meet it.

usage: test_watch.py PATH-OF-MOONMILL [TEST...]
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import unittest
import urllib.parse

from watching import BROKEN, HELLO, Watching, event, forget, record

PROGRAM = None


class WatchTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.all = []

    def tearDown(self):
        for one in self.all:
            one.kill()
        forget(self.folder)

    def start(self, *arguments, **more):
        self.all.append(Watching(PROGRAM, self.folder, *arguments, **more))
        return self.all[-1]

    def watch(self, *arguments):
        return self.start(*arguments).ready()

    # --- the invoke endpoint --------------------------------------------------------------------

    def test_the_endpoint_answers_as_lambda_does(self):
        watch = self.watch()
        status, headers, body = watch.invoke(event(record(1, "hello"), record(2, "nowhere")))
        self.assertEqual((200, {"batchItemFailures": []}), (status, json.loads(body)))
        self.assertEqual("$LATEST", headers["X-Amz-Executed-Version"])
        self.assertEqual("1", headers["Moonmill-Unhappy"])  # there is no flow nowhere: it failed
        status, _, body = watch.invoke(event(record(3, "hello"), record(4, "x", body="no job")))
        self.assertEqual({"batchItemFailures": [{"itemIdentifier": "m-4"}]}, json.loads(body))
        self.assertEqual(204, watch.invoke({}, X_Amz_Invocation_Type="DryRun")[0])
        self.assertEqual(202, watch.invoke(event(record(5, "hello")), X_Amz_Invocation_Type="Event")[0])
        watch.said("batch 3: 1 record, answered")
        _, headers, _ = watch.invoke(event(record(6, "hello")), X_Amz_Log_Type="Tail")
        self.assertTrue(headers["X-Amz-Log-Result"])
        self.assertEqual(0, watch.stop())

    def test_what_is_no_sqs_event_is_told_what_it_is(self):
        watch = self.watch()
        for body, why in ((b"{}", "Records"), (b"[1]", "array"), (b"no json", "byte"), (b"", "Records"),
                          (json.dumps({"run_id": "x", "executor_jwt": "y"}).encode(), "a job")):
            status, headers, answer = watch.invoke(body)
            self.assertEqual((400, "InvalidRequestContentException"),
                             (status, headers["X-Amzn-ErrorType"]))
            self.assertIn(why, json.loads(answer)["Message"])
        status, headers, _ = watch.invoke(b" " * 6291557)
        self.assertEqual((413, "RequestTooLargeException"), (status, headers["X-Amzn-ErrorType"]))

    def test_a_page_of_another_origin_cannot_invoke(self):
        watch = self.watch()
        status, _, _ = watch.invoke(event(record(1, "hello")), Origin="http://evil.test")
        self.assertEqual(404, status)
        status, _, _ = watch.request("POST", "/send", {"flow": "hello"}, Origin="http://evil.test")
        self.assertEqual(403, status)

    def test_invoke_prints_the_answer_and_says_how_it_went(self):
        watch = self.watch()
        fixtures = pathlib.Path(self.folder) / "fixtures"
        fixtures.mkdir()
        (fixtures / "good.json").write_text(json.dumps(event(record(1, "hello"))))
        good = watch.command("invoke", "--example", "good")
        self.assertEqual((0, '{"batchItemFailures":[]}\n', ""), (good.returncode, good.stdout, good.stderr))
        bad = watch.command("invoke", "-", stdin=json.dumps(event(record(2, "broken"))))
        self.assertEqual((1, '{"batchItemFailures":[]}\n'), (bad.returncode, bad.stdout))
        self.assertIn("1 record came back or failed", bad.stderr)
        job = watch.command("invoke", "--data", record(3, "hello")["body"])
        self.assertEqual(3, job.returncode)
        self.assertIn("looks like a job", job.stderr)
        self.assertEqual(2, watch.command("invoke").returncode)
        self.assertEqual(3, watch.command("invoke", "--example", "none").returncode)
        watch.stop()
        gone = watch.command("invoke", "--example", "good")
        self.assertEqual(4, gone.returncode)
        self.assertIn("moonmill watch", gone.stderr)

    # --- the queue ------------------------------------------------------------------------------

    def test_poison_goes_to_the_dead_letters_and_the_rest_is_done(self):
        watch = self.watch("--timeout", "3", "--max-receives", "2")
        batch = event(record(1, "hello"), record(2, "x", body="poison"), record(3, "hello"))
        sent = watch.command("invoke", "--queue", "-", stdin=json.dumps(batch))
        self.assertEqual((0, 3), (sent.returncode, len(json.loads(sent.stdout)["sent"])))
        watch.said("to the dead-letter queue: 1 message")
        queue = watch.queue()
        self.assertEqual({"visible": 0, "in_flight": 0, "delayed": 0}, queue["queue"])
        poison = json.loads(sent.stdout)["sent"][1]
        self.assertEqual([(poison, 2)], [(d["message_id"], d["receive_count"]) for d in queue["dlq"]])
        watch.said("received 2 times")
        status, _, _ = watch.request("POST", "/resend", {"message_id": poison})
        self.assertEqual(200, status)
        watch.until("the message out of the dead letters", lambda: not watch.queue()["dlq"])

    def test_a_past_message_is_sent_again_as_a_new_run(self):
        watch = self.watch("--json")
        first = json.loads(watch.request("POST", "/send", {"flow": "hello", "payload": {"name": "Ada"}})[2])
        watch.said(first["run_id"])
        status, _, body = watch.request("POST", "/resend", {"message_id": first["message_id"]})
        self.assertEqual(200, status)
        second = json.loads(body)["run_id"]
        self.assertNotEqual(first["run_id"], second)
        watch.said('"runId":"%s","flow":"hello","status":"completed"' % second)
        self.assertIn("Hello, Ada", watch.request("GET", "/runs/2")[2])
        self.assertEqual(400, watch.request("POST", "/resend", {"message_id": "nobody"})[0])

    def test_a_failed_run_is_done_for_the_queue(self):
        watch = self.watch()
        watch.request("POST", "/send", {"flow": "broken", "payload": {}})
        watch.said("broken  failed  acknowledged")
        self.assertEqual([], watch.queue()["dlq"])

    def test_groups_of_a_fifo_queue_stay_in_order(self):
        watch = self.watch("--fifo", "--json")
        watch.command("invoke", "--queue", "-", stdin=json.dumps(event(*[
            record(i, "hello", {"name": str(i)}, group="ab"[i % 2]) for i in range(6)])))

        def records():
            lines = [json.loads(line) for line in watch.lines if '"batch"' in line]
            return [r["runId"] for line in lines for r in line["records"] if r["status"] == "completed"]
        watch.until("six runs", lambda: len(records()) == 6)
        for group in (0, 1):
            mine = [run for run in records() if int(run[4:]) % 2 == group]
            self.assertEqual(sorted(mine), mine)

    def test_a_window_fills_a_batch(self):
        watch = self.watch("--window", "1", "--json")
        for i in range(3):
            watch.request("POST", "/send", {"flow": "hello", "payload": {"name": str(i)}})
        batch = watch.until("a batch", lambda: next((l for l in watch.lines if '"batch"' in l), None))
        self.assertEqual(3, len(json.loads(batch)["records"]))

    # --- changes --------------------------------------------------------------------------------

    def test_a_saved_flow_is_what_runs_next(self):
        watch = self.watch("--rerun", "--json")
        watch.said("flows read")
        watch.request("POST", "/send", {"flow": "hello", "payload": {"name": "Ada"}})
        watch.said('"completed"')
        watch.write("hello", HELLO % "Good evening")

        def second_run():
            status, _, body = watch.request("GET", "/runs/2")
            return status == 200 and "Good evening, Ada" in body
        watch.until("the last job, run again by the new flow", second_run)

    def test_a_mistake_is_told_when_it_is_saved(self):
        watch = self.watch()
        watch.said("flows read: 0 errors")
        watch.write("hello", BROKEN.replace("task", "taks"))
        watch.said("flows/hello.lua:2: error")
        flows = json.loads(watch.request("GET", "/flows")[2])
        self.assertTrue(any(flow["findings"] for flow in flows))
        watch.write("hello", HELLO % "Hello")
        watch.until("no findings", lambda: not any(
            flow["findings"] for flow in json.loads(watch.request("GET", "/flows")[2])))

    def test_a_new_runtime_takes_over(self):
        bootstrap = pathlib.Path(self.folder) / "bootstrap"
        shutil.copy(pathlib.Path(PROGRAM).parent / "bootstrap", bootstrap)
        watch = self.watch("--bootstrap", str(bootstrap))
        self.assertEqual(200, watch.invoke(event(record(1, "hello")))[0])
        first = watch.runtime()
        shutil.copy(bootstrap, str(bootstrap) + ".new")
        os.replace(str(bootstrap) + ".new", bootstrap)
        watch.until("another runtime", lambda: watch.runtime() not in (first, None))
        self.assertEqual({"batchItemFailures": []},
                         json.loads(watch.invoke(event(record(2, "hello")))[2]))

    # --- the runtime fails ----------------------------------------------------------------------

    def test_a_killed_runtime_fails_its_batch_and_is_replaced(self):
        watch = self.watch()
        watch.invoke(event(record(1, "hello")))
        status, _, _ = watch.invoke(event(record(2, "slow")), X_Amz_Invocation_Type="Event")
        self.assertEqual(202, status)
        watch.until("a batch under way", lambda: 'data-how="running"' in watch.request("GET", "/batches")[2])
        os.kill(watch.runtime(), signal.SIGKILL)
        watch.said("ended by signal 9")
        watch.said("exited after")
        self.assertEqual({"batchItemFailures": []},
                         json.loads(watch.invoke(event(record(3, "hello")))[2]))

    def test_a_runtime_that_stands_still_is_ended_at_its_deadline(self):
        watch = self.watch("--timeout", "2")
        watch.invoke(event(record(1, "hello")))
        os.kill(watch.runtime(), signal.SIGSTOP)
        status, headers, body = watch.invoke(event(record(2, "hello")))
        self.assertEqual((200, "Unhandled"), (status, headers["X-Amz-Function-Error"]))
        self.assertEqual("Sandbox.Timedout", json.loads(body)["errorType"])
        self.assertEqual({"batchItemFailures": []},
                         json.loads(watch.invoke(event(record(3, "hello")))[2]))

    # --- wrong use ------------------------------------------------------------------------------

    def refused(self, status, why, *arguments, **more):
        watch = self.start(*arguments, **more)
        self.assertEqual(status, watch.process.wait(30), arguments)
        watch.until("why", lambda: any(why in line for line in watch.errors))
        self.assertEqual([], watch.group())

    def test_wrong_use_is_one_line_and_nothing_runs(self):
        self.refused(2, "no such folder", flows=False)
        self.refused(2, "FIFO", "--fifo", "--window", "3")
        self.refused(2, "needs a --window", "--batch-size", "100")
        self.refused(2, "10 at most", "--batch-size", "11", "--fifo")
        self.refused(2, "timeout + window", "--visibility", "5")
        self.refused(3, "no-such-file", "--answers", "no-such-file")
        self.refused(3, "cannot be executed", "--bootstrap", "no-such-program")

    def test_a_taken_port_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.refused(4, "cannot listen on 127.0.0.1", "--port", str(taken.getsockname()[1]))

    def test_two_watches_in_a_folder(self):
        watch = self.watch()
        self.refused(3, "another watch runs in this folder: " + watch.url)
        watch.kill()  # it leaves its mark behind, which nobody believes
        self.watch().stop()

    def test_a_browser_that_leaves_disturbs_nobody(self):
        watch = self.watch()
        where = urllib.parse.urlsplit(watch.url)
        for number in (1, 2, 3):
            browser = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
            browser.request("GET", "/live")
            self.assertEqual("text/event-stream", browser.getresponse().headers["Content-Type"])
            browser.close()
            self.assertEqual(200, watch.request("POST", "/send", {"flow": "hello"})[0])
            watch.said("batch %d" % number)
        self.assertEqual(0, watch.stop(signal.SIGTERM))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
