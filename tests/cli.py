#!/usr/bin/env python3
"""Every command of moonmill: its help, wrong use, JSON and exit statuses, told by its own table.

usage: cli.py PATH-OF-MOONMILL, in the project's folder
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

MOONMILL = os.path.abspath(sys.argv[1])
COMMON = {"env-file", "quiet", "help"}
failures = []


def run(*arguments, **more):
    return subprocess.run([MOONMILL, *arguments], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, **more)


def check(name, good, done=None):
    print("ok:" if good else "FAILED:", name)
    if not good:
        failures.append(name)
        if done:
            print(f"    status {done.returncode}\n{done.stdout[:2000]}{done.stderr[:2000]}")


def refused(name, done, status, pattern):
    """One line that names the command and what is wrong, where help is; nothing on stdout."""
    check(name, done.returncode == status and not done.stdout and
          re.search(pattern, done.stderr) and done.stderr.startswith("moonmill"), done)


def options_of(page):
    """name: how its value is called, or None."""
    part = page.split("\noptions:\n", 1)[1].split("\nexit status:\n", 1)[0]
    found = re.findall(r"^  (?:-\w, )?--([\w-]+)(?: (\S+))?$|^  (?:-\w, )?--([\w-]+)(?: (\S+))?   ",
                       part, re.M)
    return {a or c: (b or d or None) for a, b, c, d in found}


def commands():
    done = run("--help")
    check("moonmill --help", done.returncode == 0 and done.stdout.startswith("examples:\n") and
          not done.stderr, done)
    check("help and --help and -h are one", run("help").stdout == done.stdout == run("-h").stdout)
    listed = re.findall(r"^  ([a-z]+) {3,}\S", done.stdout.split("\ncommands:\n")[1], re.M)
    check("commands are listed", len(listed) >= 10 and len(set(listed)) == len(listed))
    return listed


def check_help(command):
    done = run(command, "--help")
    page = done.stdout
    lines = page.splitlines()
    check(f"{command} --help", done.returncode == 0 and not done.stderr and
          page.startswith("examples:\n") and f"\nusage: moonmill {command} [OPTIONS]" in page and
          "\nexit status:\n  0   " in page, done)
    check(f"{command}: help is for 80 columns",
          all(len(line) <= 80 for line in lines[lines.index("options:"):] if " --json" not in line
              and not line.startswith("  {") and not line.startswith(" ")))
    check(f"help {command}", run("help", command).stdout == page)
    examples = page.split("\n\n")[0].splitlines()[1:]
    check(f"{command}: examples are of it",
          examples and all(f"moonmill {command}" in line for line in examples), done)
    named = {name for line in examples for name in re.findall(r" --([\w-]+)", line.split(f"moonmill {command}", 1)[-1].split("|")[0])}
    return page, named


def check_wrong_use(command, page):
    usage = re.search(rf"^usage: moonmill {command} \[OPTIONS\] ?(.*)$", page, re.M)[1]
    words = [usage.strip("[]").split("|")[0] if re.match("[a-z]", usage) else "x"]
    operands = words if usage and not usage.startswith("[") else []
    options = options_of(page)
    check(f"{command} takes the common options", COMMON <= set(options))
    if "verbose" not in options:
        refused(f"{command} -v", run(command, "-v"), 2, "'-v' is no option of it")
    refused(f"{command} --bogus-thing", run(command, "--bogus-thing"), 2,
            "'--bogus-thing' is no option of it\nTry: moonmill " + command + " --help\n")
    refused(f"{command} -Z", run(command, "-Z"), 2, "'-Z' is no option")
    for name, value in options.items():
        if len(name) > 5:
            slip = name[:2] + name[3:]
            refused(f"{command} --{slip}", run(command, "--" + slip), 2,
                    f"did you mean '--{name}'")
        if value is None:
            refused(f"{command} --{name}=1", run(command, f"--{name}=1"), 2, "takes no value")
            continue
        refused(f"{command} --{name}", run(command, *operands, "--" + name), 2,
                f"--{name} needs a value")
        if value == "DIR":
            refused(f"{command} --{name} /nowhere", run(command, f"--{name}=/nowhere"), 2,
                    f"--{name} '/nowhere': no such folder")
        elif re.fullmatch(r"[a-z]+(\|[a-z]+)+", value):
            refused(f"{command} --{name} bogus", run(command, f"--{name}=bogus"), 2,
                    re.escape(f"--{name} 'bogus': must be {value}"))
        elif value in ("N", "SECS", "PORT", "MS"):
            for bad in ("x", "", "1x", "99999999999999999999", "-9223372036854775808"):
                refused(f"{command} --{name} '{bad}'", run(command, f"--{name}={bad}"), 2,
                        re.escape(f"--{name} '{bad}': must be ") + r"-?\d+ to \d+")
    twice = "--env-file=/nowhere"
    refused(f"{command} --env-file twice", run(command, twice, twice), 2, "is given twice")
    refused(f"{command} --env-file /nowhere", run(command, *operands, twice), 3,
            "--env-file /nowhere: cannot be read")
    if operands:
        refused(f"{command} without operands", run(command), 2, "which ")
    if operands and re.fullmatch(r"[a-z]+(\|[a-z]+)+", usage):
        refused(f"{command} bogus", run(command, "bogus"), 2,
                re.escape(f"'bogus': must be {usage}"))
    if "..." not in usage:
        refused(f"{command} with too many", run(command, "x", "y", "z"), 2,
                "one too many|takes no names")
    return options


# arguments, exit status, members of the document on stdout
DOCUMENTS = [
    (["check", "--json", "flows"], 0, {"findings", "errors", "warnings", "files"}),
    (["check", "--json", "tests/data/broken/option_unknown.lua"], 1,
     {"findings", "errors", "warnings", "files"}),
    (["doctor", "--json"], None, {"problems", "found"}),
    (["graph", "--json", "hello"], 0, {"name", "steps", "svg"}),
    (["replay", "--json", "tests/data/sqs-event-one.json"], 0, {"records", "response"}),
    (["event", "token", "--json"], 0, {"token", "backendPub", "runId"}),
    (["event", "sqs", "--flow", "x", "--json"], 0, {"Records"}),
    (["event", "job", "--flow", "x"], 0, {"run_id", "executor_jwt"}),
    (["test", "--json", "flows/hello_spec.lua"], 0, {"tests", "passed", "failed", "pending"}),
    (["test", "--json", "tests/data/specs/failing_spec.lua"], 1, {"tests", "passed", "failed", "pending"}),
]


def check_documents():
    for arguments, status, members in DOCUMENTS:
        done = run(*arguments)
        try:
            found = set(json.loads(done.stdout))
        except ValueError:
            found = set()
        check(f"{' '.join(arguments)}: JSON", members <= found and
              status in (None, done.returncode) and "\033" not in done.stderr, done)


def check_full_disk():
    for arguments in (["event", "sqs", "--flow", "x"], ["help"], ["completion", "zsh"],
                      ["check", "--json", "flows"], ["graph", "hello"]):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([MOONMILL, *arguments], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=60, check=False)
        check(f"{' '.join(arguments)} > /dev/full", done.returncode == 4 and
              re.search("^moonmill.*output", done.stderr, re.M), None)


def check_new(folder):
    done = run("new", "--json", "shop", cwd=folder)
    made = json.loads(done.stdout)
    check("new --json", made["folder"] == "shop" and
          {"path": "flows/refund.lua", "made": True} in made["files"], done)
    made = json.loads(run("new", "--json", "shop", cwd=folder).stdout)
    check("new --json again", all(file["made"] is False for file in made["files"]))
    done = run("new", "--json", "/proc/nowhere", cwd=folder)
    check("new --json that fails", done.returncode == 3 and "cannot be written" in done.stderr and
          json.loads(done.stdout)["files"] == [], done)
    done = run("new", "-q", "other", cwd=folder)
    check("new -q", done.returncode == 0 and not done.stdout and not done.stderr, done)


def on_terminal(folder, *arguments):
    """What a terminal would show: both streams, through script(1); None where that is missing."""
    if not shutil.which("script"):
        return None
    command = " ".join(shlex.quote(word) for word in (MOONMILL, *arguments))
    return subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, cwd=folder,
                          timeout=120, stdin=subprocess.DEVNULL).stdout.decode()


def check_progress(folder):
    """A line for work over a second, on a terminal only, and gone at its end."""
    os.mkdir(os.path.join(folder, "flows"))
    for number in range(3):
        with open(os.path.join(folder, "flows", f"slow{number}.lua"), "w", encoding="utf-8") as f:
            f.write("local n = 0 for i = 1, 6e7 do n = n + i end\n"
                    'return flow "slow%d" { task "a" (function() end) }\n' % number)
    done = run("check", "flows", cwd=folder)
    check("no progress line where no terminal is", "\033" not in done.stderr, done)
    shown = on_terminal(folder, "check", "flows")
    if shown is None:
        print("SKIPPED: progress on a terminal: script(1) is not installed")
        return
    check("a progress line on a terminal", re.search(r"\r\033\[K[23] of 3: flows/slow\d.lua", shown))
    check("the progress line is taken away", "\r\033[K3 files" in shown)
    with open(os.path.join(folder, "flows", "waits.lua"), "w", encoding="utf-8") as f:
        f.write('return flow "waits" { wait "a" "2s", task "b" (function() end) }')
    with open(os.path.join(folder, "event.json"), "w", encoding="utf-8") as f:
        f.write(run("event", "sqs", "--flow", "waits", "--count", "2").stdout)
    shown = on_terminal(folder, "replay", "--json", "event.json")
    check("replay: a progress line, taken away", "\r\033[K0 of 2: runs have ended" in shown and
          '\r\033[K{"records":' in shown)
    shown = on_terminal(folder, "check", "-q", "flows")
    check("no progress line with -q", "\033" not in shown)


def check_quiet():
    done = run("check", "-q", "flows")
    check("check -q", done.returncode == 0 and not done.stdout and not done.stderr, done)
    done = run("replay", "-q", "tests/data/sqs-event-one.json")
    check("replay -q", done.returncode == 0 and "batchItemFailures" in done.stdout and
          "node_start" not in done.stdout and not done.stderr, done)
    done = run("check", "-q", "tests/data/broken/option_unknown.lua")
    check("check -q tells errors", done.returncode == 1 and "[option.unknown]" in done.stdout, done)


def env_file(folder, text, *more):
    path = os.path.join(folder, "env")
    with open(path, "wb") as file:
        file.write(text)
    return run("doctor", "-v", "--json", "--env-file", path, *more)


def flows_of(done):
    return json.loads(done.stdout)["found"]["flows"] if done.stdout else None


# a line of the file, what EXECUTOR_FLOWS_DIR is then
VALUES = [
    (b"EXECUTOR_FLOWS_DIR=/a b", "/a b"),
    (b"\xef\xbb\xbf# a comment\n\n  EXECUTOR_FLOWS_DIR = /a \t# why\r\n", "/a"),
    (b"export EXECUTOR_FLOWS_DIR=/a#b", "/a#b"),
    (b"EXECUTOR_FLOWS_DIR='/a \"\\n#b'  # why", '/a "\\n#b'),
    (b'EXECUTOR_FLOWS_DIR="/a \\"\\$HOME\\\\ #b"', '/a "$HOME\\ #b'),
    (b"EXECUTOR_FLOWS_DIR=/a=b", "/a=b"),
]
# a file, what is said about it
BROKEN = [
    (b"A=1\nhunter22\n", ":2: must be KEY=VALUE"),
    (b"A=1\n1B=hunter22\n", ":2: before the = must be a name"),
    (b"A=1\nmy key=hunter22\n", ":2: before the = must be a name"),
    (b"=hunter22\n", ":1: before the = must be a name"),
    (b"A='hunter22\n", ":1: the quote is not closed"),
    (b'A="hunter22\\x"\n', ":1: a \\\\ in double quotes"),
    (b'A="hunter22\\\n', ":1: a \\\\ in double quotes"),
    (b"A='hunter' 22\n", ":1: there is text after the closing quote"),
    (b"A=1\nB=2\n\nA=hunter22\n", ":4: A is set at line 1 already"),
    (b"A=hunter22\0\n", "holds a NUL byte"),
    (b"A=" + b"hunter22" * 150000, "is over 1024 KiB"),
]


def check_env_file(folder):
    for text, wanted in VALUES:
        done = env_file(folder, text)
        check(f"--env-file: {text!r}", flows_of(done) == wanted, done)
    for text, pattern in BROKEN:
        done = env_file(folder, text)
        refused(f"--env-file: {text[:30]!r}", done, 3, "--env-file .*" + pattern)
        check(f"--env-file: {text[:30]!r}: no value is shown", "hunter" not in done.stderr, done)
    refused("--env-file of a folder", run("doctor", "--env-file", folder), 3, "cannot be read")
    environment = {**os.environ, "EXECUTOR_FLOWS_DIR": "/set"}
    path = os.path.join(folder, "env")
    with open(path, "wb") as file:
        file.write(b"EXECUTOR_FLOWS_DIR=/file\n")
    done = run("doctor", "-v", "--json", "--env-file", path, env=environment)
    check("--env-file: what is set stays", flows_of(done) == "/set", done)


def main():
    listed = commands()
    refused("no command", run(), 2, "which command")
    refused("an unknown command", run("chekc"), 2, "no command 'chekc'; did you mean 'check'")
    refused("nothing near", run("zzzzzz"), 2, "no command 'zzzzzz'\n")
    refused("help of no command", run("help", "repaly"), 2, "did you mean 'replay'")
    refused("control characters", run("\033[31mx"), 2, r"no command ' \[31mx'")
    done = run("--version")
    check("--version", done.returncode == 0 and re.match(r"moonmill \d+\.\d+\.\d+", done.stdout))
    for command in listed:
        page, named = check_help(command)
        options = check_wrong_use(command, page)
        check(f"{command}: its examples use options it has", named <= set(options))
        check(f"{command}: --json is explained", ("json" in options) == ("--json prints:" in page))
    check_documents()
    check_full_disk()
    check_quiet()
    with tempfile.TemporaryDirectory() as folder:
        check_new(folder)
        check_env_file(folder)
        check_progress(folder)
    print(f"{len(failures)} failed")
    sys.exit(bool(failures))


main()
