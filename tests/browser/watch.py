"""A real `moonmill watch` in a folder of its own, ended with its user."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

START_SECS = 30


class Watch:
    def __init__(self, program, flows, *options):
        self.program = program
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="moonmill-watch-")
        self.flows = os.path.join(self.folder, "flows")
        shutil.copytree(flows, self.flows)
        self.port = 0
        self.start()

    def start(self):
        """On the same port as before, if there was one."""
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        self.process = subprocess.Popen(
            [self.program, "watch", "--port", str(self.port), *self.options]
            if self.port else [self.program, "watch", *self.options],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until = time.monotonic() + START_SECS
        while True:
            said = re.search(r"http://127\.0\.0\.1:(\d+)/", self.said())
            if said:
                self.port = int(said[1])
                self.url = said[0]
                return
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("watch did not start: " + self.said())
            time.sleep(0.05)

    def said(self):
        with open(self.log.name, "rb") as log:
            return log.read().decode(errors="replace")

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        return self.process.returncode

    def close(self):
        self.end()
        shutil.rmtree(self.folder)

    def ask(self, path, body=None, headers=None):
        """(status, headers, text) of an answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url.rstrip("/") + path, data, headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()
