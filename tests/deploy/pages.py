"""pages: what README.md and docs/operations.md say of settings, metrics, errors and parameters is what the
program and the template have.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LAMBDAS_OWN = {"Runtime.ExitError"}
# told of by what they do for the developer, or found by themselves; no operator turns them
UNTOLD = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API"}


def _text(path):
    return (ROOT / path).read_text()


def _sources():
    return "\n".join(path.read_text() for folder in ("src", "include")
                     for path in sorted((ROOT / folder).glob("*.[ch]")))


def _rows(page, heading):
    """The first table after a heading: the cells of each row."""
    table = page.split("\n%s\n" % heading, 1)[1].split("\n|", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in row.split("|")] for row in table.replace("\n|", "\n").splitlines()[2:]]


def check_settings():
    """README's table has every variable of config.c, with its default, and no other."""
    config = _text("src/config.c")
    told = {name: row[1] for row in _rows(_text("README.md"), "## Settings")
            for name in re.findall(r"`([A-Z_<>]+)`", row[0])}
    for name, fallback in re.findall(r'\{"(\w+)", FIELD\(\w+\), (\w+),', config):
        if name not in UNTOLD and fallback != "AUTOMATIC" and told.get(name) != fallback:
            yield "README.md: %s: %s is its default, not %s" % (name, fallback, told.get(name))
    known = set(re.findall(r'"((?:EXECUTOR|AWS_LAMBDA)_[A-Z_]*[A-Z])"', config)) | {"BACKEND_PUB"}
    yield from ("README.md: %s is not told of" % name for name in sorted(known - UNTOLD - set(told)))
    yield from ("README.md: there is no %s" % name for name in sorted(set(told) - known)
                if not name.startswith("EXECUTOR_SECRET_"))


def check_words():
    """docs/operations.md names no variable and no error that the program does not."""
    page, sources = _text("docs/operations.md"), _sources()
    for name in sorted(set(re.findall(r"EXECUTOR_[A-Z_]*[A-Z]", page))):
        if '"%s' % name not in sources:
            yield "docs/operations.md: there is no %s" % name
    for name in sorted(set(re.findall(r"Runtime\.[A-Z][A-Za-z]+", page)) - LAMBDAS_OWN):
        if '"%s"' % name not in sources:
            yield "docs/operations.md: no start fails with %s" % name


def check_metrics(template):
    sent = set(re.findall(r'X\(METRIC_\w+, "(\w+)"', _text("include/metrics.h")))
    sources = {"the dashboard": template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0],
               "main.tf": _text("deploy/main.tf").split('resource "aws_cloudwatch_dashboard"')[1]}
    for where, text in sources.items():
        for name in sorted(set(re.findall(r"\b(?:Records[A-Z]\w+|Worker[A-Z]\w+|Run[A-Z]\w+|Callback\w+|Cold\w+)", text))):
            if name not in sent:
                yield "%s: nothing sends %s" % (where, name)


def check_parameters(template):
    """The table of the queue and its trigger has the parameters' bounds and defaults."""
    rows = {row[0].strip("`"): row[1] for row in _rows(_text("docs/operations.md"), "## The queue and its trigger")}
    for name in ("BatchSize", "BatchingWindow", "MaximumConcurrency", "MaxReceiveCount"):
        parameter = template["Parameters"][name]
        numbers = [int(each) for each in re.findall(r"\d+", rows[name])]
        if numbers != [parameter["MinValue"], parameter["MaxValue"], parameter["Default"]]:
            yield "docs/operations.md: %s: %s, not %s" % (name, parameter, rows[name])


def findings(template):
    return [*check_settings(), *check_words(), *check_metrics(template), *check_parameters(template)]
