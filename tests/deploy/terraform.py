"""terraform: deploy/main.tf under the rules of the other templates.

Amazon's provider is in no registry that is reached here. So Terraform reads a copy in which each resource is
plain data (terraform_data, a part of Terraform): it judges the variables and the preconditions, and works
every value out. What the provider alone would refuse is not seen.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import rules

MAIN = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy" / "main.tf"
API = {"api_url": "https://api.example.test"}
GOOD = [{"timeout": timeout, "fifo": fifo, "batching_window": window, "batch_size": size}
        for timeout, fifo, window, size in (
            (300, "false", 0, 10), (900, "false", 300, 10), (30, "false", 300, 1), (300, "true", 0, 10))]
REFUSED = [
    ({"batch_size": 100}, "1 to 10 messages"),
    ({"fifo": "true", "batching_window": 5}, "A FIFO queue has no batching window"),
    ({"batching_window": 301}, "0 to 300 seconds"),
    ({"maximum_concurrency": 1}, "2 to 1000"),
    ({"max_receive_count": 3}, "above EXECUTOR_MAX_RECEIVES"),
    ({"timeout": 901}, "1 to 900 seconds"),
    ({"architecture": "mips"}, "x86_64 and arm64"),
    ({"api_url": ""}, "No job could be verified"),
]
OF_AMAZON = {name: '"arn:aws:made:eu-central-1:123456789012:%s"' for name in ("arn", "id", "url")}


def _plain(match):
    """A resource as plain data, with what Amazon would add; for_each and lifecycle stay Terraform's."""
    kind, name, body = match.groups()
    lifecycle = re.search(r"^  lifecycle \{\n.*?^  \}\n", body, re.M | re.S)
    each = re.search(r"^  for_each .*\n", body, re.M)
    kept = "".join(part[0] for part in (each, lifecycle) if part)
    for part in (each, lifecycle):
        body = body.replace(part[0], "") if part else body
    body = re.sub(r"^(\s+\w+) \{$", r"\1 = {", body, flags=re.M)
    made = "".join("    %s = %s\n" % (key, value % name) for key, value in OF_AMAZON.items())
    return 'resource "terraform_data" "%s_%s" {\n%s  input = {\n%s%s  }\n}\n' % (kind, name, kept, body, made)


def plain(text):
    text = re.sub(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}\n', _plain, text, flags=re.M | re.S)
    text = re.sub(r"\b(aws_\w+)\.(\w+)\.(\w+)", r"terraform_data.\1_\2.output.\3", text)
    return re.sub(r"^  required_providers \{\n.*?^  \}\n", "", text, flags=re.M | re.S)


class Applied:
    """What was worked out, by the names of CloudFormation: what rules.findings looks at."""

    OURS = {"visibility_timeout_seconds": "VisibilityTimeout"}

    def __init__(self, state):
        self.made = {each["name"]: each["values"]["output"] for each in state["values"]["root_module"]["resources"]}

    def _properties(self, name):
        named = {self.OURS.get(key, key.title().replace("_", "")): value
                 for key, value in self.made[name].items() if value is not None}
        if "RedrivePolicy" in named:
            named["RedrivePolicy"] = json.loads(named["RedrivePolicy"])
        return named

    def of_type(self, kind):
        assert kind == "AWS::SQS::Queue"
        return {"Jobs": self._properties("aws_sqs_queue_jobs"),
                "DeadLetters": self._properties("aws_sqs_queue_dead_letters")}

    def function(self):
        return self._properties("aws_lambda_function_moonmill")

    def mapping(self):
        return self._properties("aws_lambda_event_source_mapping_jobs")


class Folder:
    """A folder of Terraform's with nothing made yet."""

    def __init__(self, path, text):
        self.path = pathlib.Path(path)
        (self.path / "main.tf").write_text(text)
        self.run("init")

    def run(self, command, *options, **variables):
        given = ["-var=%s=%s" % each for each in variables.items()]
        environment = os.environ | {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
        done = subprocess.run(["terraform", command, "-no-color", *options, *given], cwd=self.path, timeout=60,
                              env=environment, capture_output=True, text=True)
        done.said = " ".join(re.sub(r"[│╷╵]", " ", done.stdout + done.stderr).split())
        return done

    def apply(self, **variables):
        (self.path / "terraform.tfstate").unlink(missing_ok=True)
        return self.run("apply", "-auto-approve", package=str(MAIN), **API | variables)


def judge(folder, **variables):
    done = folder.apply(**variables)
    if done.returncode != 0:
        return [done.said]
    return rules.findings(Applied(json.loads(folder.run("show", "-json").stdout)))


def check_rules(folder):
    for variables in GOOD:
        yield from ("%s: %s" % (variables, each) for each in judge(folder, **variables))
    for variables, words in REFUSED:
        done = folder.apply(**variables)
        if done.returncode == 0 or words not in done.said:
            yield "%s is not refused with %r: %s" % (variables, words, done.said)


# What is done to main.tf, and a word of what must be said of it.
BREAKS = [
    (r"6 \* var\.timeout", "5 * var.timeout", "visibility timeout"),
    (r'\["ReportBatchItemFailures"\]', "[]", "ReportBatchItemFailures"),
    (r"( +)batch_size +=.*", r"\1batch_size = 100", "batching window"),
    (r"  scaling_config \{", "  provisioned_poller_config {\n    minimum_pollers = 1\n  }\n  scaling_config {",
     "exclude each other"),
]


def check_breaks(text):
    for pattern, instead, word in BREAKS:
        with tempfile.TemporaryDirectory() as path:
            spoiled, count = re.subn(pattern, instead, text)
            found = judge(Folder(path, plain(spoiled))) if count == 1 else ["it was not spoiled"]
            if not any(word in each for each in found):
                yield "%s is not seen: %s" % (instead, found)


def findings():
    if not shutil.which("terraform"):
        print("no terraform here: main.tf was not held to the rules")
        return []
    done = subprocess.run(["terraform", "fmt", "-check", "-diff", str(MAIN)], capture_output=True, text=True)
    found = ["terraform fmt: " + done.stdout] if done.returncode else []
    text = MAIN.read_text()
    with tempfile.TemporaryDirectory() as path:
        found += check_rules(Folder(path, plain(text)))
    return ["main.tf: " + each for each in found + [*check_breaks(text)]]
