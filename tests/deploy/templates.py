"""templates: deploy/ keeps the rules for every choice of parameters; a template that breaks one is seen; the
pages say what is there.

cfn-lint and hadolint come from the package registry, into build/deploy; without one it is skipped, with the
reason.
"""

import copy
import itertools
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(ROOT / "tests" / "faults")]

import pages  # noqa: E402
from tools import KIT  # noqa: E402

DEPLOY = ROOT / "deploy"
GOOD = {"ApiUrl": "https://api.example.test", "CodeBucket": "code", "CodeKey": "moonmill.zip"}


def jobs(template):
    return template["Resources"]["Jobs"]["Properties"]


def mapping(template):
    resources = template["Resources"]
    if "Mapping" in resources:
        return resources["Mapping"]["Properties"]
    return resources["Function"]["Properties"]["Events"]["Jobs"]["Properties"]


# What is done to a template, and a word of what must be said of it.
BREAKS = {
    "visibility 5 x timeout": (lambda t: jobs(t).update(VisibilityTimeout=1500), "visibility timeout"),
    "no ReportBatchItemFailures": (lambda t: mapping(t).pop("FunctionResponseTypes"), "ReportBatchItemFailures"),
    "batch size 100 without window": (lambda t: mapping(t).update(BatchSize=100), "batching window"),
    "both scaling modes": (
        lambda t: mapping(t).update(ProvisionedPollerConfig={"MinimumPollers": 1}), "exclude each other"),
    "as many receives as ours": (
        lambda t: jobs(t)["RedrivePolicy"].update(maxReceiveCount=3), "EXECUTOR_MAX_RECEIVES"),
    "dead letters of another type": (lambda t: jobs(t).update(FifoQueue=True), "own type"),
}


def choices(template):
    allowed = template["Parameters"]
    return itertools.product(allowed["QueueType"]["AllowedValues"], allowed["Timeout"]["AllowedValues"],
                             (0, 300), (1, 10))


def check_rules(rules, name, template):
    found = []
    for kind, timeout, window, size in choices(template):
        deployed = rules.Deployed(template, GOOD | {
            "QueueType": kind, "Timeout": timeout, "BatchingWindow": window, "BatchSize": size})
        refused, expected = deployed.refused(), kind == "fifo" and window > 0
        if bool(refused) != expected:
            found.append("%s: %s with window %d: refused: %s" % (name, kind, window, refused))
        found += ["%s: %s" % (name, each) for each in rules.findings(deployed)]
    if not rules.Deployed(template, {}).refused():
        found.append("%s: a function that could verify no job is not refused" % name)
    for what, (spoil, word) in BREAKS.items():
        spoiled = copy.deepcopy(template)
        spoil(spoiled)
        if not any(word in each for each in rules.findings(rules.Deployed(spoiled, GOOD))):
            found.append("%s: %s is not seen" % (name, what))
    return found


def check_same(plain, sam):
    """What the two templates share."""
    own = ("Function", "Mapping")
    found = ["sam.yaml: %s differ" % each for each in ("Parameters", "Rules", "Conditions", "Mappings", "Outputs")
             if plain[each] != sam[each]]
    found += ["sam.yaml: %s differs" % name for name, each in plain["Resources"].items()
              if name not in own and sam["Resources"].get(name) != each]
    one, other = (dict(t["Resources"]["Function"]["Properties"]) for t in (plain, sam))
    for name in ("Code", "CodeUri", "TracingConfig", "Tracing", "Events"):
        one.pop(name, None), other.pop(name, None)
    theirs = {k: v for k, v in mapping(plain).items() if k not in ("FunctionName", "EventSourceArn")}
    ours = {k: v for k, v in mapping(sam).items() if k != "Queue"}
    return found + (["sam.yaml: the function differs"] if one != other or theirs != ours else [])


def lint(program, *files):
    done = subprocess.run([str(KIT.program(program)), *map(str, files)], capture_output=True, text=True)
    return ["%s: %s" % (program, done.stdout + done.stderr)] if done.returncode else []


def main():
    KIT.enter()
    import rules  # only the tools' environment can read YAML
    import terraform

    plain, sam = rules.load(DEPLOY / "template.yaml"), rules.load(DEPLOY / "sam.yaml")
    found = check_rules(rules, "template.yaml", plain) + check_rules(rules, "sam.yaml", sam)
    found += check_same(plain, sam) + terraform.findings() + pages.findings(plain)
    found += lint("cfn-lint", DEPLOY / "template.yaml", DEPLOY / "sam.yaml")
    found += lint("hadolint", ROOT / "Dockerfile")
    print("\n".join(found) or "templates: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
