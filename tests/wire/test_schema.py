"""test_schema: what `moonmill schema` prints, held against what really goes over the wire."""

import copy
import json
import sys

import programs

sys.path.insert(0, str(programs.ROOT / "tests" / "faults"))
import thirdparty  # noqa: E402

KIT = thirdparty.Kit("schema", "jsonschema>=4.18,<5")
NAMES = ("callback", "event", "job", "response")
QUICK = {"EXECUTOR_BATCH_INTERVAL_MS": "20", "EXECUTOR_CALLBACK_TIMEOUT_MS": "2000"}


def validators(program, checks):
    import jsonschema

    made = {}
    for name in NAMES:
        schema = programs.run(program, "schema", name).json()
        jsonschema.Draft202012Validator.check_schema(schema)
        made[name] = jsonschema.Draft202012Validator(schema)
        described = [each for each in schema["properties"].values() if "$ref" not in each] \
            if "properties" in schema else schema["$defs"].values()
        checks.that("%s is a schema, with descriptions" % name,
                    schema["description"] and all("description" in each or "type" in each
                                                  for each in described))
    return made


def errors(check, value):
    return ["%s: %s" % ("/".join(map(str, each.absolute_path)), each.message[:200])
            for each in check.iter_errors(value)]


def traffic(program):
    """Bodies that the real runtime sent to a sink."""
    bodies = []
    data = programs.DATA
    for words, faults in [
            ([data / "sqs-event-batch-10.json"], []),
            ([data / "sqs-event-batch-10.json"], ["--fail-every", "3"]),
            ([data / "sqs-event-fifo.json"], []),
            (["--answers", data / "demo-answers.json", data / "demo.json"], []),
            (["--flows", "/tmp", "--wrap", data / "job-full.json"], [])]:
        with programs.Sink(program, *faults) as sink:
            programs.run(program, "replay", "--callback", sink.url, *words, more=QUICK)
        bodies += [(each["path"], each["body"]) for each in sink.requests]
    return bodies


def check_traffic(check, program, checks):
    bodies = traffic(program)
    wrong = [(body, errors(check, body)) for path, body in bodies if errors(check, body)]
    kinds = {"events" if "events" in body else body.get("status", "progress")
             for path, body in bodies}
    types = {event["event_type"].split(":")[0] for path, body in bodies
             for event in body.get("events", [])}
    checks.that("%d callbacks of real runs" % len(bodies), len(bodies) > 100 and not wrong, wrong[:3])
    checks.that("of every kind: %s" % sorted(kinds), kinds >= {"events", "running", "completed",
                                                               "failed"})
    checks.that("with %s" % sorted(types), types >= {"log", "output", "error", "node_start", "run"})


BROKEN_CALLBACKS = [
    {}, [], None, {"events": []}, {"events": [{"event_type": "a"}]},
    {"events": [{"event_type": 1, "payload": 1}]}, {"events": [{"event_type": "\0", "payload": 1}]},
    {"events": [{"event_type": "a", "payload": 1, "more": 1}]},
    {"events": [{"event_type": "log", "payload": "text"}]}, {"status": "running"},
    {"progress": 1, "status": "running"}, {"progress": 100, "status": "timeout"},
    {"progress": 101}, {"progress": 1.5}, {"current_step": 1}, {"progress": 99, "status": "failed"},
    {"progress": 100, "status": "completed", "error": "x"},
    {"progress": 100, "status": "completed", "output_len": -1},
    {"progress": 100, "status": "failed", "error": "x" * 8193},
]


def jobs_of(event):
    return [json.loads(record["body"]) for record in event["Records"]]


def without(job, key):
    return {name: value for name, value in job.items() if name != key}


def broken_jobs(job):
    required = ["job_id", "run_id", "app_id", "board_id", "node_id", "user_id", "credentials",
                "executor_jwt", "callback_url"]
    variable = {"id": "v", "name": "n", "data_type": "String", "value_type": "Normal",
                "exposed": True, "secret": False, "editable": True}
    made = [without(job, key) for key in required]
    made += [job | {key: None} for key in required + ["stream_state"]]
    made += [job | more for more in (
        {"credentials": "{}"}, {"board_version": [1, 2]}, {"board_version": [1, 2, -1]},
        {"board_version": [1, 2, 4294967296]}, {"event_json": {}}, {"token": 1},
        {"oauth_tokens": {"google": {}}}, {"oauth_tokens": []}, {"run_id": "r" * 257},
        {"oauth_tokens": {"google": {"access_token": "a", "expires_at": "1"}}},
        {"runtime_variables": {"v": without(variable, "secret")}}, {"run_id": "a\0b"},
        {"runtime_variables": {"v": variable | {"data_type": "Text"}}},
        {"runtime_variables": {"v": variable | {"default_value": [256]}}},
        {"runtime_variables": {"v": variable | {"hash": -1}}})]
    return made


def broken_events(event):
    made = [{}, {"Records": None}, {"Records": {}}, {"records": []}]
    for key, value in (("messageId", None), ("messageId", ""), ("messageId", 1), ("body", {}),
                       ("attributes", []), ("eventSourceARN", 1)):
        changed = copy.deepcopy(event)
        changed["Records"][0][key] = value
        made.append(changed)
    return made


def runtime_takes(program, event):
    """Whether the runtime itself runs the event's first record."""
    done = programs.run(program, "replay", "--json", "-", text=json.dumps(event), more=QUICK)
    return done.status == 0 and '"fate":"done"' in done.out


def event_of(job):
    return {"Records": [{"messageId": "1", "body": json.dumps(job)}]}


def check_refusals(made, program, checks):
    whole = json.loads((programs.DATA / "job-full.json").read_text())
    event = json.loads((programs.DATA / "sqs-event-one.json").read_text())
    for i, body in enumerate(BROKEN_CALLBACKS):
        checks.that("broken callback %d" % i, errors(made["callback"], body), body)
    # What a schema refuses the runtime refuses, too, and what it takes the runtime takes.
    for i, job in enumerate(broken_jobs(whole)):
        checks.that("broken job %d, for the runtime as well" % i,
                    errors(made["job"], job) and not runtime_takes(program, event_of(job)), job)
    for i, bad in enumerate(broken_events(event)):
        checks.that("broken event %d, for the runtime as well" % i,
                    errors(made["event"], bad) and not runtime_takes(program, bad), bad)
    for body in ({}, {"batchItemFailures": [{}]}, {"batchItemFailures": None},
                 {"batchItemFailures": [{"itemIdentifier": ""}]}):
        checks.that("broken response", errors(made["response"], body), body)


def check_taken(made, program, checks):
    for name in ("sqs-event-one", "sqs-event-batch-10", "sqs-event-fifo", "demo", "made-by-hand",
                 "one-malformed"):
        event = json.loads((programs.DATA / (name + ".json")).read_text())
        checks.that("event " + name, not errors(made["event"], event), errors(made["event"], event))
        answer = programs.run(program, "replay", "--json", programs.DATA / (name + ".json"),
                              more=QUICK)
        response = answer.json()["response"]
        checks.that("its response", not errors(made["response"], response), response)
        for i, job in enumerate(jobs_of(event) if name != "one-malformed" else []):
            checks.that("job %d of %s" % (i, name), not errors(made["job"], job),
                        errors(made["job"], job))
    for name in ("job-full", "job-minimal"):
        job = json.loads((programs.DATA / (name + ".json")).read_text())
        checks.that(name, not errors(made["job"], job), errors(made["job"], job))


def check_made(made, program, checks):
    """What moonmill event writes."""
    for words in ([], ["--fifo", "--groups", "3", "--count", "10"], ["--receive-count", "4"],
                  ["--version", "1.4.2", "--payload", '{"n":[1e400]}']):
        event = programs.run(program, "event", "sqs", "--flow", "hello", *words).json()
        wrong = errors(made["event"], event) + [error for job in jobs_of(event)
                                                for error in errors(made["job"], job)]
        checks.that("event sqs %s" % " ".join(words), not wrong, wrong)


def main():
    program = programs.arguments().program
    KIT.enter()
    checks = programs.Checks()
    made = validators(program, checks)
    check_taken(made, program, checks)
    check_made(made, program, checks)
    check_traffic(made["callback"], program, checks)
    check_refusals(made, program, checks)
    for words, status in ((["schema"], 2), (["schema", "nothing"], 2), (["schema", "job", "x"], 2)):
        checks.that("wrong use", programs.run(program, *words).status == status, words)
    checks.end()


main()
