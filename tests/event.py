#!/usr/bin/env python3
"""moonmill event: what it writes is what SQS and Lambda would have given, and our own stages take it.

usage: event.py PATH-OF-MOONMILL, in the project's folder
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

MOONMILL = os.path.abspath(sys.argv[1])
KEYS = ["job_id", "run_id", "app_id", "board_id", "board_version", "node_id", "event_json",
        "payload", "user_id", "credentials", "executor_jwt", "callback_url", "token",
        "oauth_tokens", "stream_state", "runtime_variables", "user_context", "profile"]
UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
CUID = r"[a-z][a-z0-9]{23}"


def run(*arguments, stdin=b"", status=0):
    done = subprocess.run([MOONMILL, *arguments], input=stdin, capture_output=True, timeout=120)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def event(*arguments):
    return run("event", "sqs", "--flow", "hello", *arguments)


def records(*arguments):
    return json.loads(event(*arguments))["Records"]


def check_record(record, fifo):
    assert re.fullmatch(UUID4, record["messageId"]), record["messageId"]
    assert len(base64.b64decode(record["receiptHandle"], validate=True)) == 48
    assert hashlib.md5(record["body"].encode()).hexdigest() == record["md5OfBody"]
    assert record["eventSource"] == "aws:sqs" and record["messageAttributes"] == {}
    _, _, service, region, account, queue = record["eventSourceARN"].split(":")
    assert service == "sqs" and region == record["awsRegion"] and re.fullmatch(r"\d{12}", account)
    assert queue.endswith(".fifo") == fifo
    attributes = record["attributes"]
    assert all(isinstance(value, str) for value in attributes.values())
    assert 0 < int(attributes["SentTimestamp"]) < int(
        attributes["ApproximateFirstReceiveTimestamp"])
    job = json.loads(record["body"])
    assert list(job) == KEYS
    assert re.fullmatch(CUID, job["job_id"]) and re.fullmatch(CUID, job["run_id"])
    if fifo:
        assert re.fullmatch(r"\d{20}", attributes["SequenceNumber"])
        assert attributes["MessageDeduplicationId"] == job["job_id"]
        assert attributes["MessageGroupId"] == job["app_id"]
    return job


def test_standard_queue():
    made = records("--count", "3", "--receive-count", "2", "--payload", '{"n":1e400,"a":"\u00e4"}')
    assert len(made) == 3 and len({record["messageId"] for record in made}) == 3
    for record in made:
        check_record(record, fifo=False)
        assert '"payload":{"n":1e400,' in record["body"], "the payload stays the bytes it was"
        assert record["attributes"]["ApproximateReceiveCount"] == "2"
        assert "SequenceNumber" not in record["attributes"]


def test_fifo_queue():
    made = records("--fifo", "--count", "6", "--groups", "2", "--queue", "jobs.fifo")
    jobs = [check_record(record, fifo=True) for record in made]
    assert [job["app_id"] for job in jobs] == ["local-1", "local-2"] * 3
    sequence = [int(record["attributes"]["SequenceNumber"]) for record in made]
    assert sequence == sorted(set(sequence))
    assert made[0]["eventSourceARN"].endswith(":jobs.fifo")


def test_same_shape_as_recorded():
    for name, made in (("sqs-event-one", records()), ("sqs-event-fifo", records("--fifo"))):
        with open(f"tests/data/{name}.json", encoding="utf-8") as file:
            real = json.load(file)["Records"][0]
        assert set(made[0]) == set(real), name
        assert set(made[0]["attributes"]) - {"AWSTraceHeader"} == (
            set(real["attributes"]) - {"AWSTraceHeader", *([] if name.endswith("fifo") else
                                                           ["MessageGroupId"])}), name


def test_seed():
    assert event("--seed", "7", "--count", "4") == event("--seed", "7", "--count", "4")
    assert event("--seed", "7") != event("--seed", "8")
    assert event() != event()


def test_payload_from_a_file():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "two words.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write('  {"order": "A-1"}\n')
        job = json.loads(run("event", "job", "--flow", "refund", "--payload", "@" + path,
                             "--version", "1.4.2"))
    assert job["payload"] == {"order": "A-1"} and job["board_version"] == [1, 4, 2]
    job = json.loads(run("event", "job", "--flow", "x", "--payload", "@-", stdin=b"[1]"))
    assert job["payload"] == [1]


def test_replay_takes_it():
    for options in (["--count", "3"], ["--fifo", "--count", "4", "--groups", "2"],
                    ["--receive-count", "2"], ["--count", "1", "--run", "a-run"]):
        said = json.loads(run("replay", "--json", "-", stdin=event(*options)))
        assert said["response"] == {"batchItemFailures": []}, said


def integer(raw):
    raw = raw.lstrip(b"\0")
    raw = b"\0" + raw if raw[0] & 0x80 else raw
    return b"\2" + bytes([len(raw)]) + raw


def verify(token, pem, folder):
    """RFC 7515 by the openssl program."""
    text, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    der = integer(raw[:32]) + integer(raw[32:])
    paths = {name: os.path.join(folder, name) for name in ("pem", "signature", "text")}
    for name, content in (("pem", pem), ("signature", b"\x30" + bytes([len(der)]) + der),
                          ("text", text.encode())):
        with open(paths[name], "wb") as file:
            file.write(content)
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", paths["pem"], "-signature",
                           paths["signature"], paths["text"]], capture_output=True, timeout=30)
    assert done.returncode == 0, done
    return json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))


def test_token():
    with tempfile.TemporaryDirectory() as folder:
        key = os.path.join(folder, "test.pem")
        made = json.loads(run("event", "token", "--key", key, "--run", "r 1", "--flow", "refund",
                              "--callback", "https://api.example.test", "--json"))
        assert os.stat(key).st_mode & 0o777 == 0o600
        with open(key, "rb") as file:
            first = file.read()
        claims = verify(made["token"], base64.b64decode(made["backendPub"]), folder)
        assert claims["run_id"] == "r 1" == made["runId"] and claims["board_id"] == "refund"
        assert claims["callback_url"] == "https://api.example.test"
        assert claims["nbf"] <= claims["iat"] < claims["exp"]
        # The same key again; a job is signed by it as well.
        job = json.loads(run("event", "job", "--flow", "x", "--key", key))
        claims = verify(job["executor_jwt"], base64.b64decode(made["backendPub"]), folder)
        assert claims["run_id"] == job["run_id"] and claims["app_id"] == job["app_id"]
        with open(key, "rb") as file:
            assert file.read() == first
        run("event", "token", "--key", os.path.join(folder, "nowhere", "k.pem"), status=3)
        run("event", "token", "--key", "tests/data/other-p384-public.pem", status=3)
    run("event", "token", "--key", "tests/data/test-ec-private.pem")


def test_runtime_verifies_the_key():
    """The real runtime takes jobs signed by --key, given its BACKEND_PUB, and no others."""
    with tempfile.TemporaryDirectory() as folder:
        sink = subprocess.Popen([MOONMILL, "sink", "--json", "--runs", "1"], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            url = json.loads(sink.stdout.readline())["url"]
            done = subprocess.run([MOONMILL, "event", "sqs", "--flow", "hello", "--callback", url,
                                   "--key", os.path.join(folder, "key.pem")], capture_output=True,
                                  timeout=60, check=True)
            name, _, key = done.stderr.decode().strip().partition("=")
            assert name == "BACKEND_PUB"
            other = json.loads(run("event", "token", "--json", "-q"))["backendPub"]
            for wanted, public in ((1, other), (0, key)):
                replayed = subprocess.run([MOONMILL, "replay", "--callback", url, "-"],
                                          input=done.stdout, capture_output=True, timeout=120,
                                          env={**os.environ, "BACKEND_PUB": public}, check=False)
                assert replayed.returncode == wanted, replayed
            said = sink.communicate(timeout=30)[0]
            assert sink.returncode == 0 and '"status":"completed"' in said, said
        finally:
            sink.kill()
            sink.wait()


def test_wrong_use():
    for arguments in (["sqs"], ["job"], ["flow", "--flow", "x"], [],
                      ["sqs", "--flow", "x", "--fifo", "--count", "11"],
                      ["sqs", "--flow", "x", "--queue", "q.fifo"],
                      ["sqs", "--flow", "x", "--queue", "q", "--fifo"],
                      ["sqs", "--flow", "x", "--queue", "a b"],
                      ["sqs", "--flow", "x", "--count", "10000"],
                      ["sqs", "--flow", "x", "--count", "2", "--run", "r"],
                      ["job", "--flow", "x", "--count", "2"],
                      ["job", "--flow", "x", "--version", "1"],
                      ["job", "--flow", "x", "--payload", "{"],
                      ["job", "--flow", "", "--payload", "1"],
                      ["job", "--flow", b"\xff"]):
        assert run("event", *arguments, status=2) == b"", arguments
    assert run("event", "job", "--flow", "x", "--payload", "@/nowhere", status=3) == b""
    big = b'"' + b"x" * (1024 * 1024 - 10) + b'"'
    assert run("event", "job", "--flow", "x", "--payload", "@-", stdin=big, status=2) == b""


def main():
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok:", name)


main()
