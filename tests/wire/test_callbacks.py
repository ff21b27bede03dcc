"""test_callbacks: the requests and answers of docs/callbacks.md are what the runtime and the sink say.

Between the two stands a server that passes everything on and keeps it, headers and all. With
--write the page is written anew.
"""

import http.client
import http.server
import json
import re
import subprocess
import sys
import threading

import programs

PAGE = programs.ROOT / "docs" / "callbacks.md"
BLOCK = re.compile(r"(<!-- begin: (\w+) -->\n)(.*?)(<!-- end -->)", re.S)
# Events wait for company for a minute: one push, however slow the machine is.
CALM = {"EXECUTOR_BATCH_INTERVAL_MS": "60000"}
ID = "0123456789abcdef0123456789abcdef"
LEFT_OUT = ("host", "content-length")


class Between(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, beyond):
        super().__init__(("127.0.0.1", 0), Handler)
        self.beyond = beyond.split("//")[1]
        self.kept = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = http.client.HTTPConnection(self.server.beyond, timeout=30)
        connection.request("POST", self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        self.server.kept.append((self.path, list(self.headers.items()), body.decode(),
                                 answer.status, answer.reason, content.decode()))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    def log_message(self, *words):
        pass


def header(name, value):
    if name == "Authorization":
        value = re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+$", "eyJ0eXAiOiJKV1Q…", value)
    if name == "Idempotency-Key":
        value = re.sub(r"^[0-9a-f]{32}", ID, value)
    return "%s: %s" % (name, value)


def broken(body):
    """Events a line each; durations differ."""
    body = re.sub(r'"duration_ms":\d+', '"duration_ms":1', body)
    if "events" not in json.loads(body):
        return body
    return body.replace('{"events":[', '{"events":[\n').replace('},{"event_type"',
                                                              '},\n{"event_type"')


def shown(program, flow):
    with programs.Sink(program) as sink:
        between = Between(sink.url)
        done = programs.run(program, "replay", "--callback",
                            "http://127.0.0.1:%d" % between.server_port, "--flow", flow, "--as-sent",
                            programs.DATA / "made-by-hand.json", more=CALM)
        between.shutdown()
        between.server_close()
    if sink.status != 0 or done.status not in (0, 1):
        sys.exit("FAILED: %s: %s %s" % (flow, sink.total, done.err))
    text = ""
    for path, headers, body, status, reason, content in between.kept:
        lines = ["POST %s HTTP/1.1" % path]
        lines += [header(*each) for each in headers if each[0].lower() not in LEFT_OUT]
        text += "```http\n%s\n\n%s\n```\n\n" % ("\n".join(lines), broken(body))
        text += "```http\nHTTP/1.1 %d %s\n\n%s\n```\n\n" % (status, reason, content)
    return text


def main():
    write = "--write" in sys.argv
    if write:
        sys.argv.remove("--write")
    program = programs.arguments().program
    page = PAGE.read_text()
    made = BLOCK.sub(lambda found: found[1] + shown(program, found[2]) + found[4], page)
    if len(BLOCK.findall(page)) != 2:
        sys.exit("FAILED: the page has not its two runs")
    if write:
        PAGE.write_text(made)
    elif made != page:
        subprocess.run(["diff", "-u", str(PAGE), "-"], input=made, text=True, check=False)
        sys.exit("FAILED: docs/callbacks.md shows something else; python3 "
                 "tests/wire/test_callbacks.py --write")
    print("ok: docs/callbacks.md")


main()
