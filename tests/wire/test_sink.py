"""test_sink: moonmill sink between itself and the real runtime, and between itself and liars."""

import base64
import http.client
import json
import socket
import subprocess
import sys
import tempfile

import programs

sys.path.insert(0, str(programs.ROOT / "tests" / "faults"))
import mint  # noqa: E402 - the other tests' way to sign

ID = "0123456789abcdef0123456789abcdef"
EVENTS = "/api/v1/execution/events"
PROGRESS = "/api/v1/execution/progress"
RUNNING = {"progress": 0, "status": "running"}
COMPLETED = {"progress": 100, "status": "completed"}


def token(run="run-1"):
    claims = base64.urlsafe_b64encode(json.dumps({"run_id": run}).encode()).decode().rstrip("=")
    return "e30.%s.c2lnbmF0dXJl" % claims


def post(url, path, key, body, method="POST", **headers):
    connection = http.client.HTTPConnection(url.split("//")[1], timeout=30)
    sent = {"Authorization": "Bearer " + token(), "Content-Type": "application/json",
            "Idempotency-Key": "%s-%s" % (ID, key)} | headers
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    connection.request(method, path, text, {name: value for name, value in sent.items() if value})
    answer = connection.getresponse()
    got = answer.status, answer.read().decode()
    connection.close()
    return got


def events(*types):
    return {"events": [{"event_type": each, "payload": None} for each in types]}


# What is sent, in order: path, end of the key, body, headers; then the rules that must be told.
LIES = [
    ("a run as it should be", [(PROGRESS, "p0", RUNNING), (EVENTS, "1-2", events("a", "b")),
                               (PROGRESS, "p1", {"progress": 5}), (EVENTS, "3-3", events("c")),
                               (PROGRESS, "end", COMPLETED)], []),
    ("the same push again", [(PROGRESS, "p0", RUNNING), (EVENTS, "1-1", events("a")),
                             (EVENTS, "1-1", events("a"))], []),
    ("the same key with another body", [(PROGRESS, "p0", RUNNING), (EVENTS, "1-1", events("a")),
                                        (EVENTS, "1-1", events("b"))], ["key.body"]),
    ("events before running", [(EVENTS, "1-1", events("a"))], ["order.running"]),
    ("running twice", [(PROGRESS, "p0", RUNNING), (PROGRESS, "p1", {"progress": 1}),
                       (PROGRESS, "p0", RUNNING)], ["order.running"]),
    ("a gap", [(PROGRESS, "p0", RUNNING), (EVENTS, "2-2", events("a"))], ["order.events"]),
    ("once more", [(PROGRESS, "p0", RUNNING), (EVENTS, "1-2", events("a", "b")),
                   (EVENTS, "2-3", events("b", "c"))], ["order.events"]),
    ("not as many as the key says", [(PROGRESS, "p0", RUNNING), (EVENTS, "1-2", events("a"))],
     ["order.events"]),
    ("behind the end", [(PROGRESS, "p0", RUNNING), (PROGRESS, "end", COMPLETED),
                        (EVENTS, "1-1", events("a"))], ["order.end"]),
    ("the wrong progress", [(PROGRESS, "p0", RUNNING), (PROGRESS, "p2", {"progress": 1})],
     ["order.progress"]),
    ("a terminal status in the middle", [(PROGRESS, "p0", RUNNING), (PROGRESS, "p1", COMPLETED)],
     ["key.status"]),
    ("an end that ends nothing", [(PROGRESS, "p0", RUNNING), (PROGRESS, "end", {"progress": 1})],
     ["key.status"]),
    ("events on the other path", [(PROGRESS, "1-1", RUNNING)],
     ["key.path", "key.status", "order.running", "order.events"]),
    ("no JSON", [(PROGRESS, "p0", "{")], ["body.json"]),
    ("no events", [(PROGRESS, "p0", RUNNING), (EVENTS, "1-1", {"event": []})],
     ["body.events", "order.events"]),
    ("an event without payload", [(PROGRESS, "p0", RUNNING),
                                  (EVENTS, "1-1", {"events": [{"event_type": "a"}]})],
     ["body.event"]),
    ("U+0000", [(PROGRESS, "p0", RUNNING), (EVENTS, "1-1", events("a\0"))], ["body.nul"]),
    ("an unknown key", [(PROGRESS, "p0", RUNNING | {"percent": 1})], ["body.keys"]),
    ("an unknown status", [(PROGRESS, "p0", {"status": "timeout"})], ["body.status", "key.status"]),
    ("progress over 100", [(PROGRESS, "p0", RUNNING), (PROGRESS, "p1", {"progress": 101})],
     ["body.progress"]),
    ("no key", [(PROGRESS, "p0", RUNNING, {"Idempotency-Key": ""})], ["key.missing"]),
    ("an odd key", [(PROGRESS, "p0", RUNNING, {"Idempotency-Key": "1"})], ["key.form"]),
    ("no token", [(PROGRESS, "p0", RUNNING, {"Authorization": ""})], ["token"]),
    ("no JWT", [(PROGRESS, "p0", RUNNING, {"Authorization": "Bearer x"})], ["token"]),
    ("no type", [(PROGRESS, "p0", RUNNING, {"Content-Type": "text/plain"})], ["type"]),
    ("no such path", [("/nowhere", "p0", RUNNING)], ["route"]),
    ("too much", [(PROGRESS, "p0", RUNNING | {"error": "x" * 2200000})],
     ["size", "body.progress"]),
]


def tell_lies(checks, program):
    for name, sent, rules in LIES:
        with programs.Sink(program) as sink:
            for path, key, body, *headers in sent:
                post(sink.url, path, key, body, **(headers[0] if headers else {}))
        told = [each["rule"] for request in sink.requests for each in request["violations"]]
        checks.that(name, sorted(told) == sorted(rules) and sink.status == (1 if rules else 0),
                    "told: %s" % told, "wanted: %s, status %s" % (rules, sink.status))


def answers(checks, program):
    """What the API answers (contract.md 3.4)."""
    with programs.Sink(program) as sink:
        wanted = [
            (post(sink.url, PROGRESS, "p0", RUNNING), 200, {"accepted": True, "status": "Running"}),
            (post(sink.url, EVENTS, "1-2", events("a", "b")), 200,
             {"accepted": 2, "next_sequence": 3}),
            (post(sink.url, PROGRESS, "end", COMPLETED), 200,
             {"accepted": True, "status": "Completed"}),
            (post(sink.url, PROGRESS, "p1", {"progress": 7}), 200,
             {"accepted": False, "status": "Completed"}),
            (post(sink.url, PROGRESS, "p0", RUNNING, Authorization=""), 400, None),
            (post(sink.url, PROGRESS, "p0", {"status": "timeout"}), 422, None),
            (post(sink.url, PROGRESS, "p0", RUNNING, **{"Content-Type": ""}), 415, None),
            (post(sink.url, PROGRESS, "p0", "[" * 3000000), 413, None),
            (post(sink.url, PROGRESS, "p0", "nonsense"), 400, None),
            (post(sink.url, PROGRESS, "p0", RUNNING, method="PUT"), 405, None),
            (post(sink.url, "/", "p0", RUNNING), 404, None),
        ]
    for i, ((status, text), want, body) in enumerate(wanted):
        good = status == want and (body is None or json.loads(text) == body)
        checks.that("answer %d is %d" % (i + 1, want), good, status, text)


def real_runs(checks, program):
    """The real runtime reports to it, through faults, and breaks no rule."""
    event = programs.DATA / "sqs-event-batch-10.json"
    quick = {"EXECUTOR_BATCH_INTERVAL_MS": "20", "EXECUTOR_CALLBACK_TIMEOUT_MS": "2000"}
    for name, words, failed in [("well", [], False), ("every third fails", ["--fail-every", 3], True),
                                ("every second is a 429", ["--fail-every", 2, "--status", 429], True),
                                ("slow", ["--latency", 100], False)]:
        with programs.Sink(program, *words) as sink:
            done = programs.run(program, "replay", "--callback", sink.url, event, more=quick)
        checks.that("real runs, " + name,
                    done.status == 0 and sink.status == 0 and len(sink.total["runs"]) == 10 and
                    all(run["status"] == "completed" for run in sink.total["runs"]) and
                    (sink.total["failed"] > 0) == failed,
                    done.status, done.out, done.err, sink.total,
                    [each for each in sink.requests if each["violations"]])
        checks.that("a warning that callbacks are real, " + name,
                    "real callbacks go to " + sink.url in done.err, done.err)
        kept = [json.loads(line) for line in sink.kept.splitlines()]
        checks.that("what is kept is what was printed, " + name, kept == sink.requests)
        checks.that("no token is kept, " + name, "eyJ" not in sink.kept and "Bearer" not in sink.kept)
    with programs.Sink(program, "--status", 403) as sink:
        done = programs.run(program, "replay", "--callback", sink.url,
                            programs.DATA / "sqs-event-one.json", more=quick)
    checks.that("a receiver that refuses", done.status == 1 and "returned" in done.out,
                done.status, done.out, done.err)
    done = programs.run(program, "replay", "--callback", "http://127.0.0.1:9", "--timeout", 3,
                        programs.DATA / "sqs-event-one.json", more=quick)
    checks.that("a receiver that is not there", done.status == 1 and "returned" in done.out,
                done.status, done.out, done.err)


def own_tokens(checks, program):
    """An event that brings its token: signed by whoever has the key, sent on as it is."""
    event = json.loads((programs.DATA / "made-by-hand.json").read_text())
    quick = {"EXECUTOR_BATCH_INTERVAL_MS": "20", "BACKEND_PUB": mint.public_pem()}
    with programs.Sink(program) as sink:
        job = json.loads(event["Records"][0]["body"])
        token = mint.token(job["run_id"], job["app_id"], job["board_id"], sink.url)
        event["Records"][0]["body"] = json.dumps(job | {"executor_jwt": token})
        good = programs.run(program, "replay", "--json", "--callback", sink.url, "-",
                            text=json.dumps(event), more=quick)
        job["executor_jwt"] = token[:-8] + "AAAAAAAA"
        event["Records"][0]["body"] = json.dumps(job)
        forged = programs.run(program, "replay", "--callback", sink.url, "-",
                              text=json.dumps(event), more=quick)
    checks.that("a token of its own", good.status == 0 and sink.total["runs"][0]["status"] ==
                "completed", good.out, good.err, sink.total)
    told = good.json()["records"][0]
    checks.that("whose events nobody saw here",
                told["status"] == "completed" and told["events"] is None, told)
    checks.that("and no warning of one that is not", "only this replay" not in good.err, good.err)
    checks.that("one that is forged", forged.status == 1 and "returned" in forged.out, forged.out)


def wrong_use(checks, program):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = programs.run(program, "sink", "--port", port)
    checks.that("a port that is taken", done.status == 4 and str(port) in done.err, done.err)
    for name, words, status, said in [
            ("no port", ["--port", "x"], 2, "--port"), ("status", ["--status", 200], 2, "--status"),
            ("an operand", ["more"], 2, "Try"), ("a folder to save to", ["--save", "/tmp"], 3, "/tmp")]:
        done = programs.run(program, "sink", *words)
        checks.that(name, done.status == status and said in done.err, done.status, done.err)
    sink = subprocess.Popen([program, "sink", "--save", "/dev/full"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=programs.environment())
    url = sink.stderr.readline().split()[2]
    post(url, PROGRESS, "p0", RUNNING)
    out, err = sink.communicate(timeout=programs.SECONDS)
    checks.that("a disk that is full", sink.returncode == 3 and "/dev/full" in err,
                sink.returncode, out, err)
    with tempfile.TemporaryFile("w+") as full, open("/dev/full", "w") as nowhere:
        process = subprocess.run([program, "schema", "job"], stdout=nowhere, stderr=full,
                                 env=programs.environment(), timeout=programs.SECONDS)
    checks.that("an output that is full", process.returncode == 4, process.returncode)


def ends_by_itself(checks, program):
    sink = subprocess.Popen([program, "sink", "--runs", "1"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=programs.environment())
    url = sink.stderr.readline().split()[2]
    post(url, PROGRESS, "p0", RUNNING)
    post(url, EVENTS, "1-1", events("evil\x1b[31m"))
    post(url, PROGRESS, "end", COMPLETED)
    out, err = sink.communicate(timeout=programs.SECONDS)
    checks.that("it ends when so many runs are over",
                sink.returncode == 0 and "run-1  completed, 1 event" in out, out, err)
    checks.that("nothing odd gets to a terminal", "\x1b" not in out, out)


def main():
    program = programs.arguments().program
    checks = programs.Checks()
    tell_lies(checks, program)
    answers(checks, program)
    real_runs(checks, program)
    own_tokens(checks, program)
    wrong_use(checks, program)
    ends_by_itself(checks, program)
    checks.end()


main()
