"""programs: moonmill as its users run it: commands that end, and a sink that runs beside them."""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
SECONDS = 120


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=str(ROOT / "build" / "dev" / "moonmill"))
    return parser.parse_args()


class Done:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def json(self):
        return json.loads(self.out)


def environment(more=None):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("EXECUTOR_", "AWS_", "BACKEND_", "API_URL", "CALLBACK_"))}
    return kept | (more or {})


def run(program, *words, more=None, text=None, seconds=SECONDS):
    return Done(subprocess.run([program, *map(str, words)], capture_output=True, text=True,
                               input=text, stdin=None if text else subprocess.DEVNULL, cwd=ROOT,
                               env=environment(more), timeout=seconds))


class Sink:
    """moonmill sink --json on a free port; what it printed and kept is there when it has ended."""

    def __init__(self, program, *words):
        self.folder = tempfile.TemporaryDirectory()
        self.saved = pathlib.Path(self.folder.name) / "saved.jsonl"
        self.process = subprocess.Popen(
            [program, "sink", "--json", "--save", str(self.saved), *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            cwd=ROOT, env=environment())
        first = self.process.stdout.readline()
        self.url = json.loads(first)["url"] if first else None
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.requests, self.total, self.status = [], None, None

    def __enter__(self):
        return self

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def end(self):
        if self.status is not None:
            return
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=SECONDS)
        self.reader.join()
        self.err = self.process.stderr.read()
        self.process.stderr.close()
        self.process.stdout.close()
        self.requests, self.total = self.lines[:-1], self.lines[-1]
        self.status = self.process.returncode
        self.kept = self.saved.read_text()
        self.folder.cleanup()

    def __exit__(self, *error):
        self.end()


class Checks:
    """Counts what is not so, and says it."""

    def __init__(self):
        self.failed = 0

    def that(self, name, good, *shown):
        print(("ok: " if good else "FAILED: ") + name)
        if not good:
            self.failed += 1
            for each in shown:
                print("    " + str(each).replace("\n", "\n    "))

    def end(self):
        raise SystemExit(1 if self.failed else 0)
