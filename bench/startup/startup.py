"""startup: how long programs take from exec to their first GET of /next, in turns, on this machine.

usage: startup.py ROUNDS NAME=PROGRAM...; the first is what the others are compared with. The time has the
child's start by Python in it, the CPU (the kernel's account of the program) has not. RSS and PSS (shared pages
split) are of the program and its children, a moment after.
"""

import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

SETTLE_SECONDS = 0.05


def memory_kb(pid):
    """(RSS, PSS) of it and its children."""
    pids = [pid, *map(int, pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split())]
    sums = [0, 0]
    for each in pids:
        for line in pathlib.Path("/proc/%d/smaps_rollup" % each).read_text().splitlines():
            for i, name in enumerate(("Rss:", "Pss:")):
                sums[i] += int(line.split()[1]) if line.startswith(name) else 0
    return sums


def cpu_ms(pid):
    return int(pathlib.Path("/proc/%d/schedstat" % pid).read_text().split()[0]) / 1e6


def start(program, flows):
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % server.getsockname()[1],
                       "API_URL": "http://127.0.0.1:9", "EXECUTOR_FLOWS_DIR": flows,
                       "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                       "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_GROUP_NAME": "g",
                       "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_REGION": "eu-central-1"}
        began = time.perf_counter()
        child = subprocess.Popen([program], env=environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            server.settimeout(10)
            connection, _ = server.accept()
            connection.settimeout(10)
            if b"/next" not in connection.recv(4096):
                raise SystemExit(program + " asked for something else first")
            took, used = 1000 * (time.perf_counter() - began), cpu_ms(child.pid)
            time.sleep(SETTLE_SECONDS)
            return took, used, memory_kb(child.pid)
        finally:
            child.kill()
            child.wait()
            time.sleep(SETTLE_SECONDS)  # its workers end, too; the next one starts on an idle machine


def main():
    rounds, programs = int(sys.argv[1]), [each.split("=", 1) for each in sys.argv[2:]]
    flows = str(pathlib.Path(__file__).resolve().parent.parent.parent / "flows")
    times, used, memory = {name: [] for name, _ in programs}, {name: [] for name, _ in programs}, {}
    for turn in range(rounds):
        at = turn % len(programs)  # whoever comes after a large one starts with cold caches
        for name, program in programs[at:] + programs[:at]:
            took, cpu, memory[name] = start(os.path.realpath(program), flows)
            times[name].append(took)
            used[name].append(cpu)
    first = programs[0][0]
    row = "%-20s" + " %9s" * 7
    print(row % ("exec to first /next", "median ms", "p90 ms", "ratio", "CPU ms", "ratio", "RSS MB", "PSS MB"))
    for name, _ in programs:
        median, cpu = statistics.median(times[name]), statistics.median(used[name])
        print(row % (name, *("%.2f" % each for each in (
            median, sorted(times[name])[rounds * 9 // 10], median / statistics.median(times[first]), cpu,
            cpu / statistics.median(used[first]), memory[name][0] / 1024, memory[name][1] / 1024))))


if __name__ == "__main__":
    main()
