"""test_page: what the page of a watch is made of, asked for without a browser.

usage: test_page.py PATH-OF-MOONMILL [TEST...]
"""

import http.client
import json
import pathlib
import re
import socket
import sys
import tempfile
import unittest

from watching import LIMIT, Watching, event, forget, record

PROGRAM = None
GETS = ("/", "/page.css", "/page.js", "/live", "/batches", "/runs/1", "/flows", "/queue")
POSTS = ("/send", "/resend")


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.watch = Watching(PROGRAM, cls.folder).ready()

    @classmethod
    def tearDownClass(cls):
        status = cls.watch.stop()
        forget(cls.folder)
        assert status == 0, status

    def get(self, path, **headers):
        return self.watch.request("GET", path, **headers)

    def run_of(self, flow, payload=None):
        """Sends a job from the page; its run's number once it has ended."""
        status, _, said = self.watch.request("POST", "/send", {"flow": flow, "payload": payload or {}})
        self.assertEqual(200, status, said)
        row = r'data-run="(\d+)" data-run-id="%s" data-state="(?:completed|failed)"'
        return int(self.watch.until("the run", lambda: re.search(
            row % json.loads(said)["run_id"], self.get("/batches")[2]))[1])

    def test_everything_is_the_pages_own(self):
        status, headers, text = self.get("/")
        self.assertEqual((200, "text/html; charset=utf-8"), (status, headers["Content-Type"]))
        policy = headers["Content-Security-Policy"]
        for rule in ("default-src 'none'", "script-src 'self'", "base-uri 'none'",
                     "form-action 'none'", "frame-ancestors 'none'"):
            self.assertIn(rule, policy)
        for path, kind in (("/page.css", "text/css"), ("/page.js", "text/javascript")):
            self.assertIn(path, text)
            status, headers, body = self.get(path)
            self.assertEqual(200, status)
            self.assertTrue(headers["Content-Type"].startswith(kind))
            self.assertEqual("nosniff", headers["X-Content-Type-Options"])
            self.assertNotRegex(body, r"https?://(?!www\.w3\.org)")
        self.assertNotIn("https://", text)

    def test_only_a_page_of_this_machine_may_ask(self):
        port = self.watch.url.rsplit(":", 1)[1]
        strangers = ({"Host": "evil.test"}, {"Host": "127.0.0.1.evil.test:" + port},
                     {"Host": "localhost:1@evil.test"}, {"Origin": "http://evil.test"},
                     {"Origin": "null"}, {"Origin": "https://127.0.0.1:" + port},
                     {"Origin": "http://127.0.0.1:1"})
        for headers in strangers:
            for path in GETS:
                self.assertEqual(403, self.get(path, **headers)[0], (path, headers))
            for path in POSTS:
                self.assertEqual(403, self.watch.request("POST", path, {}, **headers)[0])
        for host in ("localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port):
            self.assertEqual(200, self.get("/queue", Host=host)[0])
            self.assertEqual(200, self.get("/queue", Host=host, Origin="http://" + host)[0])

    def test_a_run_is_drawn_with_its_failure(self):
        number = self.run_of("broken", {"note": "</script><b>&"})
        self.watch.until("the flow's picture, which comes when the flows were read",
                         lambda: "<svg" in self.get("/runs/%d" % number)[2])
        html = self.get("/runs/%d" % number)[2]
        for part in ('data-state="failed"', "it.fell", "it fell down", "flows/broken.lua:2",
                     'class="line hit"', 'class="bar"', "-fall\" data-state=\"failed\"",
                     "&lt;/script&gt;&lt;b&gt;&amp;"):
            self.assertIn(part, html)
        self.assertNotIn("<script", html)
        self.assertNotIn("eyJ", html)

    def test_a_flows_examples_are_the_jobs_of_the_fixtures(self):
        fixtures = pathlib.Path(self.folder) / "fixtures"
        fixtures.mkdir()
        both = event(record(1, "hello", payload={"name": "Ada"}), record(2, "slow"),
                     record(3, "hello", payload=2 ** 60),
                     record(6, "slow", payload={"bank": "@ANSWERS@"}))  # there are none
        (fixtures / "b.json").write_text(json.dumps(both))
        (fixtures / "a.json").write_text(record(4, "hello", payload={"name": "a job"})["body"])
        for name, text in (("answers.json", '{"/x": []}'), ("c.json", "{"), (".d.json", "{}"),
                           ("e.json", json.dumps(event(record(5, "x", body="no job"))))):
            (fixtures / name).write_text(text)
        flows = self.watch.until("the flows", lambda: json.loads(self.get("/flows")[2]))
        examples = {flow["name"]: flow["examples"] for flow in flows}
        self.assertEqual([("a", {"name": "a job"}), ("b", {"name": "Ada"}), ("b 2", 2 ** 60)],
                         [(one["name"], json.loads(one["payload"])) for one in examples["hello"]])
        self.assertEqual(["b"], [one["name"] for one in examples["slow"]])
        self.assertEqual([], examples["broken"])

    def test_what_is_not_there(self):
        for path in ("/runs/99999", "/runs/0", "/runs/", "/runs/1x", "/runs/-1",
                     "/runs/99999999999999999999999"):
            self.assertEqual(404, self.get(path)[0], path)
        self.assertEqual(405, self.watch.request("POST", "/batches", {})[0])
        self.assertEqual(405, self.get("/send")[0])
        for body in (b"", b"{", b"[]", b'{"flow":5}'):
            status, _, said = self.watch.request("POST", "/send", body)
            self.assertEqual(400, status, body)
            self.assertTrue(json.loads(said)["error"])
        self.assertEqual(400, self.watch.request("POST", "/resend", {"message_id": "none"})[0])

    def test_a_past_message_is_sent_again(self):
        number = self.run_of("hello", {"name": "Ada"})
        message = re.search(r'data-message-id="([^"]+)"', self.get("/runs/%d" % number)[2])[1]
        status, _, said = self.watch.request("POST", "/resend", {"message_id": message})
        self.assertEqual(200, status, said)
        self.watch.until("its run", lambda: json.loads(said)["run_id"] in self.get("/batches")[2])

    def test_the_oldest_are_a_page_away(self):
        for i in range(55):
            self.watch.invoke(event(record("old-%d" % i, "hello")))
        newest = self.get("/batches")[2]
        numbers = [int(each) for each in re.findall(r'data-key="batch-(\d+)"', newest)]
        self.assertEqual(sorted(numbers, reverse=True), numbers)
        self.assertEqual(50, len(numbers))
        before = re.search(r'data-before="(\d+)"', newest)[1]
        older = re.findall(r'data-key="batch-(\d+)"', self.get("/batches?before=" + before)[2])
        self.assertEqual(numbers[-1] - 1, int(older[0]))

    def test_news_come_as_they_happen(self):
        host = self.watch.url.split("//")[1]
        stream = http.client.HTTPConnection(host, timeout=LIMIT)
        stream.request("GET", "/live")
        answer = stream.getresponse()
        self.assertEqual("text/event-stream", answer.headers["Content-Type"])
        self.assertEqual(b"retry: 1000\n", answer.readline())
        self.assertIn(b'"opened":', answer.readline())
        number = self.run_of("hello")
        told = set()
        while number not in told:
            line = answer.readline()
            if line.startswith(b"data: "):
                news = json.loads(line[6:])
                self.assertTrue(news["lists"] or news["queue"] or news["flows"])
                told |= set(news["runs"])
        stream.close()

    def test_browsers_that_leave_are_nobodys_trouble(self):
        host, port = self.watch.url.split("//")[1].split(":")
        for _ in range(20):
            with socket.create_connection((host, int(port)), LIMIT) as gone:
                gone.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                gone.recv(100)
        self.run_of("hello")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
