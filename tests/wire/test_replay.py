"""test_replay: what replay keeps, plays, compares and refuses."""

import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import programs
import server

SECRET = "correct-horse-battery"
FLOW = """return flow "shop" {
  task "list" { retry = { attempts = 3, delay = "30s" }, run = function(s, ctx)
    return ctx.http.get(s.input.shop .. "/items?page=1",
      { headers = { Authorization = "Bearer " .. ctx.secret "shop" } }).json
  end },
  wait "settle" "5m",
  task "order" (function(s, ctx)
    return ctx.http.post(s.input.shop .. "/orders", {
      body = '{"n":' .. s.input.n .. ',"key":"' .. ctx.secret "shop" .. '"}',
      headers = { ["Content-Type"] = "application/json" } }).json
  end),
}
"""
COIN = """return flow "coin" { task "toss" (function(s, ctx) return { at = ctx.random() } end) }
"""
ANSWERS = [(503, {}, b""),
           (200, {"Content-Type": "application/json", "Set-Cookie": "sid=a-cookie"},
            {"items": [1, 2], "you": SECRET}),
           (201, {"Content-Type": "application/json", "X-Shop": "open"}, {"order": 7})]


def job(flow, payload):
    return {"job_id": "job-1", "run_id": "run-1", "app_id": "app", "board_id": flow,
            "node_id": "start", "user_id": "user", "credentials": {}, "executor_jwt": "@JWT@",
            "callback_url": "https://api.example.test", "payload": payload}


class Shop(server.Shop):
    """With the flow, its job and the settings that let it be reached."""

    def __init__(self, answers, work):
        super().__init__(answers)
        (work / "shop.lua").write_text(FLOW)
        self.job = work / "job.json"
        self.write(1)
        self.settings = {"EXECUTOR_SECRET_SHOP": SECRET,
                         "EXECUTOR_SECRET_SHOP_HOSTS": self.address,
                         "EXECUTOR_HTTP_ALLOW": self.address}

    def write(self, n):
        self.job.write_text(json.dumps(job("shop", {"shop": "http://" + self.address, "n": n})))


def recordings(checks, program, work):
    kept = work / "shop.json"
    base = ["replay", "--flows", work, "--wrap", "--speed", "skip", "--timeout", 3600]
    with Shop(ANSWERS, work) as shop:
        begun = time.monotonic()
        done = programs.run(program, *base, "--record", kept, shop.job, more=shop.settings)
        took = time.monotonic() - begun
        asked = list(shop.asked)
        text = kept.read_text()
        checks.that("recorded", done.status == 0 and len(asked) == 3, done.out, done.err)
        checks.that("the server saw the secret",
                    asked[0][2].get("Authorization") == "Bearer " + SECRET and SECRET in asked[2][3],
                    asked)
        checks.that("the waits took no time", took < 60, took)
        checks.that("no secret, cookie or authorization is kept",
                    SECRET not in text and "a-cookie" not in text and
                    "uthorization" not in text, text)
        checks.that("nobody else reads it", kept.stat().st_mode & 0o077 == 0)
        exchanges = json.loads(text)["exchanges"]
        checks.that("each attempt is one",
                    [(each["request"]["method"], each["answer"]["status"]) for each in exchanges] ==
                    [("GET", 503), ("GET", 200), ("POST", 201)], text)
        checks.that("a secret's place is named",
                    exchanges[2]["request"]["body"] == {"json": {"n": 1, "key": "secret:SHOP"}},
                    text)
    golden = work / "golden.json"
    done = programs.run(program, *base, "--mock", kept, "--expect", golden, "--write", shop.job)
    checks.that("played, the server gone", done.status == 0, done.out, done.err)
    done = programs.run(program, *base, "--mock", kept, "--expect", golden, shop.job)
    checks.that("as expected", done.status == 0 and not done.err, done.out, done.err)
    shop.write(2)
    done = programs.run(program, *base, "--mock", kept, shop.job)
    checks.that("another request is a difference", done.status == 1 and '- "n":1,' in done.err and
                '+ "n":2,' in done.err, done.status, done.err)
    shop.write(1)
    (work / "shop.lua").write_text(FLOW.replace("page=1", "page=2"))
    done = programs.run(program, *base, "--mock", kept, shop.job)
    checks.that("a request that is not recorded",
                done.status == 1 and "not recorded: GET" in done.err and
                "recorded, and not asked for: POST" in done.err, done.status, done.err)
    failures(checks, program, work, base)
    bad_recordings(checks, program, work, base)


SKIPPING = """return flow "skipping" {
  parallel "both" {
    task "ask" (function(s, ctx) return ctx.http.get(s.input.shop .. "/slow").json end),
    task "fail" (function(s, ctx) ctx.fail("shop.shut", "at once") end),
    catch = { on "*" { task "go_on" (function() return 1 end) } },
  },
  wait "half" "30m",
  parallel "waits" {
    task "three" { retry = { attempts = 3, delay = "10m", on = "shop.*" }, run = function(s, ctx)
      if ctx.attempt < 3 then ctx.fail("shop.shut", "again") end
      return ctx.now()
    end },
    wait "twenty" "20m",
  },
  task "last" (function(s, ctx) return { slow = ctx.http.get(s.input.shop .. "/slow").json } end),
}
"""


def skipping(checks, program, work):
    """Waits take no time, and a request that nobody waits for any more keeps nobody waiting."""
    (work / "skipping.lua").write_text(SKIPPING)
    file = work / "job.json"
    slow = (200, {"Content-Type": "application/json"}, {"at": "last"})
    with server.Shop([slow]) as shop:
        shop.delay = 0.3
        file.write_text(json.dumps(job("skipping", {"shop": "http://" + shop.address})))
        base = ["replay", "--wrap", "--flows", work, "--speed", "skip"]
        allowed = {"EXECUTOR_HTTP_ALLOW": shop.address}
        begun = time.monotonic()
        done = programs.run(program, *base, "--timeout", 7200, file, more=allowed)
        took = time.monotonic() - begun
        checks.that("hours are skipped", done.status == 0 and '"slow":{"at":"last"}' in done.out and
                    took < 60, took, done.out, done.err)
        done = programs.run(program, *base, "--timeout", 1200, file, more=allowed)
        checks.that("but not those that the invocation has not",
                    done.status == 1 and "limit.wait" in done.out, done.out, done.err)


def failures(checks, program, work, base):
    """What came to nothing comes to nothing again, in the same way."""
    kept = work / "failures.json"
    with Shop(["drop"] + ANSWERS[1:], work) as shop:
        done = programs.run(program, *base, "--record", kept, shop.job, more=shop.settings)
    checks.that("a closed connection is recorded",
                done.status == 0 and '"error":"net.connect' in kept.read_text(), done.out, done.err)
    done = programs.run(program, *base, "--mock", kept, "-v", shop.job)
    checks.that("and played", done.status == 0 and "net.connect" in done.out, done.out, done.err)
    with Shop(ANSWERS, work) as shop:
        denied = {name: value for name, value in shop.settings.items()
                  if name != "EXECUTOR_HTTP_ALLOW"} | {"EXECUTOR_HTTP_ALLOW": ""}
        done = programs.run(program, *base, "--record", kept, shop.job, more=denied)
        checks.that("what flows may not reach they do not reach through it",
                    done.status == 1 and not shop.asked and
                    ("denied" in done.out or "denied" in kept.read_text()), done.out, shop.asked)


CURIOUS = """return flow "curious" { task "ask" (function(s, ctx)
  local api = ctx.http.get(s.input.shop .. "/where").json
  return ctx.http.get("http://" .. api .. "/2018-06-01/runtime/invocation/next").body
end) }
"""


def runtime_api(flows):
    """What the one runtime of these flows was told, from its environment."""
    for file in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue  # not ours, or gone
        if b"EXECUTOR_FLOWS_DIR=" + bytes(flows) in words:
            told = [word for word in words if word.startswith(b"AWS_LAMBDA_RUNTIME_API=")]
            return told[0].split(b"=")[1].decode()
    return None


def no_runtime_api(checks, program, work):
    """Flows that may reach every port of this machine still do not reach the Runtime API, though it
    is the recorder that asks for them."""
    (work / "curious.lua").write_text(CURIOUS)
    kept, file, told = work / "kept.json", work / "job.json", []

    def where():
        told.append(runtime_api(work))
        return 200, {"Content-Type": "application/json"}, told[0]

    with server.Shop([where]) as shop:
        file.write_text(json.dumps(job("curious", {"shop": "http://" + shop.address})))
        done = programs.run(program, "replay", "--wrap", "--flows", work, "--record", kept, file,
                            more={"EXECUTOR_HTTP_ALLOW": "127.0.0.1"})
    exchanges = json.loads(kept.read_text())["exchanges"]
    checks.that("the Runtime API is not recorded",
                done.status == 1 and told[0] and "is the Runtime API" in done.out and
                [each["answer"].get("status") for each in exchanges] == [200, None], told,
                done.out, done.err, exchanges)


def bad_recordings(checks, program, work, base):
    bad = work / "bad.json"
    event = programs.DATA / "made-by-hand.json"
    for text, said in (("{", "byte"), ("{}", "is no recording"), ('{"exchanges":[1]}', "exchange 1"),
                       ('{"exchanges":[{"request":{"method":"GET","url":"x"},"answer":{}}]}',
                        "status")):
        bad.write_text(text)
        done = programs.run(program, "replay", "--mock", bad, event)
        checks.that("no recording: " + text, done.status == 3 and said in done.err, done.err)
    done = programs.run(program, "replay", "--mock", "nowhere.json", event)
    checks.that("no such recording", done.status == 3 and "nowhere.json" in done.err, done.err)
    done = programs.run(program, "replay", "--record", "/nowhere/x.json", event)
    checks.that("a folder that is not there", done.status == 3 and "/nowhere" in done.err, done.err)
    done = programs.run(program, "replay", "--record", "/dev/full", event)
    checks.that("a disk that is full", done.status == 4 and "/dev/full" in done.err, done.status,
                done.err)
    done = programs.run(program, "replay", "--record", bad, "--report", "/dev/full", event)
    checks.that("a report that cannot be written, and a recording that can",
                done.status == 4 and "exchanges" in json.loads(bad.read_text()) and
                re.search("^moonmill replay: /dev/full: ", done.err, re.M), done.status, done.err)


def outcomes(checks, program, work):
    golden = work / "hello.json"
    event = programs.DATA / "made-by-hand.json"
    done = programs.run(program, "replay", "--expect", golden, event)
    checks.that("no expectation yet", done.status == 3 and "--write" in done.err, done.err)
    programs.run(program, "replay", "--expect", golden, "--write", event)
    done = programs.run(program, "replay", "--json", "--expect", golden, event)
    checks.that("as expected, in JSON", done.status == 0 and done.json()["records"], done.err)
    text = golden.read_text()
    golden.write_text(text.replace("Hello, Ada!", "Hello, Eve!"))
    done = programs.run(program, "replay", "--expect", golden, event)
    checks.that("a difference is shown", done.status == 1 and "-     " in done.err and
                "Hello, Eve!" in done.err and "Hello, Ada!" in done.err, done.err)
    golden.write_text(text.replace('"Hello, Ada!"', '"@ANY@"'))
    done = programs.run(program, "replay", "--expect", golden, event)
    checks.that("@ANY@ is any value", done.status == 0, done.err)
    done = programs.run(program, "replay", "--expect", "/dev/full", "--write", event)
    checks.that("an expectation on a full disk", done.status == 3 and "/dev/full" in done.err,
                done.err)
    (work / "coin.lua").write_text(COIN)
    toss = work / "toss.json"
    toss.write_text(json.dumps(job("coin", None)))
    done = programs.run(program, "replay", "--wrap", "--flows", work, "--repeat", 3, toss)
    checks.that("passes that differ", done.status == 1 and "pass 3 came out otherwise" in done.err and
                "3 passes: 2 came out otherwise" in done.out, done.out, done.err)
    done = programs.run(program, "replay", "--repeat", 3, "--json", event)
    checks.that("passes that do not", done.status == 0 and
                done.out.splitlines()[-1] == '{"passes":3,"failed":0,"different":0}', done.out)
    failing = work / "failing.json"
    failing.write_text(json.dumps(job("broken_card", None)))
    base = ["replay", "--wrap", "--expect", work / "failing.golden.json"]
    programs.run(program, *base, "--write", failing)
    done = programs.run(program, *base, failing)
    checks.that("a failure that is expected", done.status == 0 and "failed" in done.out, done.out,
                done.err)


LOOKS = [
    ('{"httpMethod":"GET"}', "API Gateway (REST)"), ('{"routeKey":"$default","rawPath":"/"}', "HTTP"),
    ('{"detail-type":"a","source":"b"}', "EventBridge"), ('{"awslogs":{}}', "CloudWatch Logs"),
    ('{"Records":[{"s3":{}}]}', "S3"), ('{"Records":[{"Sns":{}}]}', "SNS"),
    ('{"Records":[{"kinesis":{}}]}', "Kinesis"), ('{"Records":[{"dynamodb":{}}]}', "DynamoDB"),
    ('{"Messages":[{"Body":"{}"}]}', "receive-message"), ('[{"messageId":"1","body":"{}"}]', "--wrap"),
    ('{"messageId":"1","body":"{}"}', "one record"), ('{"batchItemFailures":[]}', "response"),
    ('{"exchanges":[]}', "--mock"), ('{"records":[]}', "--expect"), ("[]", "array"), ("7", "number"),
    ('{"Records":{}}', "Records is object"), ('{"a":1}', "absent"),
]


def lookalikes(checks, program, work):
    file = work / "look.json"
    for text, said in LOOKS:
        file.write_text(text)
        done = programs.run(program, "replay", file)
        checks.that("looks like: " + said, done.status == 3 and said in done.err and
                    done.err.count("\n") == 1, done.status, done.err)
    one = json.loads((programs.DATA / "made-by-hand.json").read_text())["Records"]
    first = json.loads(one[0]["body"])
    for name, value in (("a job", first), ("jobs", [first, first | {"run_id": "run-2"}]),
                        ("records", one), ("an event", {"Records": one})):
        done = programs.run(program, "replay", "--wrap", "-", text=json.dumps(value))
        checks.that("wrapped: " + name, done.status == 0, done.out, done.err)
    for name, value in (("an API Gateway event", {"httpMethod": "GET"}), ("numbers", [1]),
                        ("a job and none", [first, {}])):
        done = programs.run(program, "replay", "--wrap", "-", text=json.dumps(value))
        checks.that("not wrapped: " + name, done.status == 3, done.status, done.err)


def wrong_use(checks, program, work):
    event = programs.DATA / "made-by-hand.json"
    for words, said in ((["--record", "a", "--mock", "b"], "exclude"),
                        (["--record", "a", "--repeat", 2], "one pass"), (["--write"], "--expect"),
                        (["--callback", "http://127.0.0.1:9", "--report", "r.html"], "one of them"),
                        (["--callback", "ftp://x"], "--callback"), (["--speed", "fast"], "--speed"),
                        (["--repeat", 0], "--repeat")):
        done = programs.run(program, "replay", *words, event)
        checks.that("wrong: %s" % words[0], done.status == 2 and said in done.err, done.status,
                    done.err)
    # a token of its own: its claim says where callbacks go, and somebody must know its key
    token = ("eyJhbGciOiJFUzI1NiJ9.eyJjYWxsYmFja191cmwiOiJodHRwOi8vMTI3LjAuMC4xOjkifQ.c2ln")
    mine = work / "mine.json"
    mine.write_text(json.dumps(job("hello", {"name": "Ada"}) | {"executor_jwt": token}))
    for url, said in (("http://127.0.0.1:10", "its claim counts"),
                      ("http://127.0.0.1:9", "BACKEND_PUB")):
        done = programs.run(program, "replay", "--wrap", "--callback", url, mine)
        checks.that("a token of its own: " + said, done.status == 3 and said in done.err, done.err)


def interrupted(checks, program, work):
    (work / "long.lua").write_text('return flow "long" { wait "long" "50s" }\n')
    file = work / "long.json"
    file.write_text(json.dumps(job("long", None)))
    process = subprocess.Popen([program, "replay", "--wrap", "--flows", str(work), "--repeat", "9",
                                str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=programs.environment(), cwd=programs.ROOT)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=programs.SECONDS)
    checks.that("Ctrl-C ends all passes", process.returncode == 130, process.returncode)


def main():
    program = programs.arguments().program
    checks = programs.Checks()
    for part in (recordings, no_runtime_api, skipping, outcomes, lookalikes, wrong_use, interrupted):
        with tempfile.TemporaryDirectory() as folder:
            part(checks, program, pathlib.Path(folder))
    sys.stdout.flush()
    checks.end()


main()
