"""jobs: SQS messages and the event that hands them out, from a script's descriptions of jobs."""

import json

import mint

ARN = "arn:aws:sqs:eu-central-1:123456789012:jobs"
CANARY = "canary-7f3d"  # stands in every payload; must stand in no log


def _token(job, board, url):
    kind = job.get("token", "good")
    run = job["run"]
    if kind == "text":
        return "no.token.at-all"
    changes = {
        "expired": {"exp": 1000000000},
        "audience": {"aud": "somebody-else"},
        "other_run": {"run_id": run + "-other"},
        "other_board": {"board_id": board + "-other"},
    }
    text = mint.token(run, "app", board, url, **changes.get(kind, {}))
    if kind == "signature":
        text = text[:-6] + ("AAAAAA" if not text.endswith("AAAAAA") else "BBBBBB")
    return text


def body(job, url):
    """The message's body and the token in it."""
    token = _token(job, job["flow"], url)
    if "malformed" in job:
        return job["malformed"], token
    payload = job["payload"] | {"note": CANARY + "-" + job["run"]}
    text = json.dumps({
        "job_id": "j-" + job["run"],
        "run_id": job["run"],
        "app_id": "app",
        "board_id": job["flow"],
        "board_version": None,
        "node_id": "start",
        "event_json": None,
        "payload": payload,
        "user_id": "user-1",
        "credentials": {"Aws": {"secret_access_key": CANARY + "-credentials"}},
        "executor_jwt": token,
        "callback_url": "http://127.0.0.1:1",
        "token": None,
        "oauth_tokens": None,
        "stream_state": False,
        "runtime_variables": None,
        "user_context": None,
        "profile": None,
    })
    return text, token


def record(message, text, receives=1, group="", fifo=False):
    attributes = {
        "ApproximateReceiveCount": str(receives),
        "SentTimestamp": "1771683517000",
        "SenderId": "AROAEXAMPLEEXAMPLE000:flow-like-api",
        "ApproximateFirstReceiveTimestamp": "1771683517041",
    }
    if group:
        attributes["MessageGroupId"] = group
    return {
        "messageId": message,
        "receiptHandle": "receipt-%s-%d" % (message, receives),
        "body": text,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": "126bfdcb46a5235a7ca99303811963c4",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN + (".fifo" if fifo else ""),
        "awsRegion": "eu-central-1",
    }
