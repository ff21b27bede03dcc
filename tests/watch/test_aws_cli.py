"""test_aws_cli: the AWS CLI invokes the function through `moonmill watch`, as it would in AWS.

It comes from the package registry, into build/; without it the test is skipped with the reason.
usage: test_aws_cli.py PATH-OF-MOONMILL
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
import thirdparty  # noqa: E402
from watching import Watching, event, forget, record  # noqa: E402

KIT = thirdparty.Kit("awscli", "awscli")
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}


def main():
    KIT.enter()
    folder = tempfile.mkdtemp()
    watch = Watching(sys.argv[1], folder).ready()
    try:
        invoke(watch, folder)
    finally:
        watch.kill()
        forget(folder)
    return 0


def invoke(watch, folder):
    batch = event(record(1, "hello", {"name": "Ada"}), record(2, "x", body="no job"))
    (pathlib.Path(folder) / "event.json").write_text(json.dumps(batch))
    done = subprocess.run(
        [sys.executable, "-m", "awscli", "lambda", "invoke", "--endpoint-url", watch.url,
         "--function-name", "moonmill",
         "--payload", "fileb://event.json", "--log-type", "Tail", "answer.json"],
        cwd=folder, env=os.environ | KEYS, capture_output=True, text=True, timeout=60)
    print(done.stdout, done.stderr, sep="")
    assert done.returncode == 0, done.returncode
    said = json.loads(done.stdout)
    assert said["StatusCode"] == 200 and said["ExecutedVersion"] == "$LATEST", said
    answer = json.loads((pathlib.Path(folder) / "answer.json").read_text())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}, answer
    print("ok: the AWS CLI got the batch response")


if __name__ == "__main__":
    sys.exit(main())
