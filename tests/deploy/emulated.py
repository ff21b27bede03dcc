"""emulated: ./dev deploy against a third party's AWS emulator: a stack is looked at, made, updated, and a
message that is sent to its queue is one that the function's mapping would take.

What the emulator does not show: that Lambda starts the zip (tests/package/empty_root.py does what it would),
that the mapping polls and scales, what IAM refuses, alarms that ring, CloudFormation's own Rules, the
changes of an update, retention and rollback.
"""

import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(ROOT / "tests" / "faults")]

import emulator  # noqa: E402
import thirdparty  # noqa: E402
from tools import KIT  # noqa: E402

API = "ApiUrl=https://api.example.test"
REFUSED = {
    "BatchSize=100": "must be 1 to 10",
    "QueueType=lifo": "standard or fifo",
    "Timeout=45": "6 x Timeout + 300",
    "MaxReceiveCount=3": "above EXECUTOR_MAX_RECEIVES",
    "MaximumConcurrency=1": "must be 2 to 1000",
    "BatchingWindow=301": "must be 0 to 300",
    "BatchingWindow=soon": "must be a whole number",
    "Visibility=1": "is no parameter",
    "CodeKey=x": "say --arch, --bucket",
}


class Account:
    """The emulator, by the client's library and by our command."""

    def __init__(self, url, package, verbose):
        import boto3  # only the tools' environment has it

        self.package, self.verbose = package, verbose
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_CLI": str(KIT.program("aws")),
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "eu-central-1", "PACKAGE_ZIP": str(package)}
        self.client = lambda name: boto3.client(name, endpoint_url=url, region_name="eu-central-1",
                                                aws_access_key_id="none", aws_secret_access_key="none")

    def deploy(self, *arguments):
        command = ["sh", str(ROOT / "deploy" / "deploy.sh"), "--stack", "jobs", "--bucket", "code",
                   "--arch", "x86_64", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=300)
        if self.verbose:
            print("$ ./dev deploy", *command[2:], "\n" + done.stderr + done.stdout)
        return done

    def stacks(self):
        return [each["StackStatus"] for each in self.client("cloudformation").describe_stacks()["Stacks"]]

    def physical(self):
        found = self.client("cloudformation").describe_stack_resources(StackName="jobs")["StackResources"]
        return {each.get("LogicalResourceId"): each.get("PhysicalResourceId") for each in found}

    def queue(self):
        sqs, url = self.client("sqs"), self.physical()["Jobs"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def mapping(self):
        return self.client("lambda").list_event_source_mappings()["EventSourceMappings"][0]


def check_refusals(account):
    for parameter, words in REFUSED.items():
        done = account.deploy(API, parameter)
        if done.returncode != 2 or words not in done.stderr:
            yield "%s: status %d: %s" % (parameter, done.returncode, done.stderr)
    done = account.deploy(API, "QueueType=fifo", "BatchingWindow=5")
    if done.returncode != 2 or "a FIFO queue has no batching window" not in done.stderr:
        yield "a window on FIFO: status %d: %s" % (done.returncode, done.stderr)


def check_dry_run(account):
    done = account.deploy(API, "--dry-run")
    if done.returncode != 0 or "AWS::Lambda::EventSourceMapping" not in done.stdout:
        yield "--dry-run: status %d: %s%s" % (done.returncode, done.stdout, done.stderr)
    if account.stacks():
        yield "--dry-run left a stack: %s" % account.stacks()


def check_made(account, timeout, *parameters):
    done = account.deploy(API, *parameters)
    if done.returncode != 0:
        yield "deploy: status %d: %s" % (done.returncode, done.stderr)
        return
    _, attributes = account.queue()
    mapping, functions = account.mapping(), account.client("lambda").list_functions()["Functions"]
    if len(functions) != 1 or functions[0]["Timeout"] != timeout or functions[0]["Handler"] != "bootstrap":
        yield "the function: %r" % functions
    if int(attributes["VisibilityTimeout"]) != 6 * timeout + 300:
        yield "visibility timeout: %s" % attributes["VisibilityTimeout"]
    if mapping["FunctionResponseTypes"] != ["ReportBatchItemFailures"]:
        yield "the mapping: %r" % mapping
    if mapping["EventSourceArn"] != attributes["QueueArn"] or \
            mapping["FunctionArn"] != functions[0]["FunctionArn"]:
        yield "the mapping joins others than queue and function: %r" % mapping


def check_message(account):
    """What is sent to the queue is what the mapping's source holds."""
    sqs, (url, _) = account.client("sqs"), account.queue()
    sqs.send_message(QueueUrl=url, MessageBody='{"run_id":"r1"}')
    name = account.mapping()["EventSourceArn"].rsplit(":", 1)[1]
    got = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"]).get("Messages", [])
    if [each["Body"] for each in got] != ['{"run_id":"r1"}']:
        yield "the mapping's queue holds %r" % got


def everything(account):
    account.client("s3").create_bucket(
        Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    found = [*check_refusals(account), *check_dry_run(account), *check_made(account, 300)]
    found += check_message(account)
    found += check_made(account, 60, "Timeout=60", "BatchSize=5")
    if account.stacks() != ["UPDATE_COMPLETE"]:
        found.append("after the update: %s" % account.stacks())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    if not options.package.exists():
        thirdparty.skip("there is no %s" % options.package)
    KIT.enter()
    with emulator.running() as emulated:
        found = everything(Account(emulated.url, options.package.resolve(), options.verbose))
    print("\n".join(found) or "emulated deploy: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
