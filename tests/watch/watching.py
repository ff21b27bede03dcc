"""watching: a `moonmill watch` of a folder of its own, for the tests of it."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

LIMIT = 30  # seconds that anything may take
HELLO = """return flow "hello" {
  input = { name = "string?" },
  task "greet" (function(s) return { text = "%s, " .. (s.input.name or "world") } end),
}
"""
BROKEN = """return flow "broken" {
  task "fall" (function(s, ctx) ctx.fail("it.fell", "it fell down") end),
}
"""
SLOW = """return flow "slow" {
  wait "long" "20s",
}
"""


class Watching:
    def __init__(self, program, folder, *arguments, flows=True):
        self.program, self.folder = pathlib.Path(program).resolve(), pathlib.Path(folder)
        self.lines, self.errors = [], []
        if flows:
            (self.folder / "flows").mkdir(exist_ok=True)
            self.write("hello", HELLO % "Hello")
            self.write("broken", BROKEN)
            self.write("slow", SLOW)
        self.process = subprocess.Popen(
            [str(self.program), "watch", *arguments], cwd=self.folder, env=self.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for pipe, into in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=self._collect, args=(pipe, into), daemon=True).start()
        self.url = None

    @staticmethod
    def environment():
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("EXECUTOR_", "AWS_"))}
        return kept | {"NO_COLOR": "1"}

    @staticmethod
    def _collect(pipe, into):
        for line in pipe:
            into.append(line.rstrip("\n"))

    def write(self, name, text):
        """As editors do: a new file takes the old one's place."""
        path = self.folder / "flows" / (name + ".lua")
        beside = path.with_suffix(".tmp")
        beside.write_text(text)
        beside.replace(path)

    def until(self, what, found):
        """What found() gives, when that is true in time."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            value = found()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError("not in %d s: %s\n%s\n%s" % (
            LIMIT, what, "\n".join(self.lines), "\n".join(self.errors)))

    def ready(self):
        line = self.until("a greeting", lambda: next((l for l in self.lines if "http://" in l), None))
        self.url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
        return self

    def said(self, text):
        return self.until("'%s' on its output" % text,
                          lambda: any(text in line for line in self.lines + self.errors))

    # --- asking it ----------------------------------------------------------------------------

    def request(self, method, path, body=None, **headers):
        """Status, headers, body."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, method=method, headers={
            name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(asked, timeout=LIMIT) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def invoke(self, event, **headers):
        return self.request("POST", "/2015-03-31/functions/any/invocations", event, **headers)

    def queue(self):
        return json.loads(self.request("GET", "/queue")[2])

    def command(self, *arguments, stdin=None):
        return subprocess.run([str(self.program), *arguments], cwd=self.folder, input=stdin,
                              env=self.environment(), capture_output=True, text=True, timeout=LIMIT)

    def runtime(self):
        """The process id of its runtime."""
        children = pathlib.Path("/proc/%d/task/%d/children" % ((self.process.pid,) * 2))
        for pid in children.read_text().split():
            name = pathlib.Path("/proc/%s/cmdline" % pid).read_bytes().split(b"\0")[0]
            if name == b"bootstrap":
                return int(pid)
        return None

    # --- its end ------------------------------------------------------------------------------

    def group(self):
        """Everything that it started and that lives."""
        alive, above = [], {self.process.pid}
        parents = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
                parents[int(stat.parent.name)] = int(fields[1])
            except (OSError, IndexError):
                continue
        grown = True
        while grown:
            grown = {pid for pid, parent in parents.items() if parent in above} - above
            above |= grown
            alive += grown
        return alive

    def stop(self, how=signal.SIGINT):
        """Its exit status; nothing of it is left."""
        started = self.group()
        self.process.send_signal(how)
        status = self.process.wait(LIMIT)
        self.until("the end of all that it started", lambda: not any(
            os.path.exists("/proc/%d" % pid) for pid in started))
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def record(number, flow, payload=None, body=None, group=None):
    job = {"job_id": "job-%s" % number, "run_id": "run-%s" % number, "app_id": "local",
           "board_id": flow, "board_version": None, "node_id": "start", "event_json": None,
           "payload": payload or {}, "user_id": "me", "credentials": {}, "executor_jwt": "@JWT@",
           "callback_url": "http://localhost:8080", "stream_state": True}
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1771683517000"}
    if group:
        attributes["MessageGroupId"] = group
    return {"messageId": "m-%s" % number, "receiptHandle": "r", "attributes": attributes,
            "body": json.dumps(job) if body is None else body, "messageAttributes": {},
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:jobs",
            "awsRegion": "us-east-1"}


def event(*records):
    return {"Records": list(records)}


def forget(folder):
    shutil.rmtree(folder, ignore_errors=True)
