"""api: the dispatching API's callback endpoints (contract.md 3), with faults by script.

Keeps a row for each run as the real one does: events are stored as often as they come, a terminal
status is taken once, progress after it is answered with accepted:false. A rule of the script
spoils an answer, or a request before it is read; what then arrived, what was done with it and what
was answered is written into the history.

A rule is a dict. When: `kind` (events, running, progress, end, status = all but events, any), `run`
(or none), `skip` (matches to let pass), `times` (-1: always), `mark` (the push holds that mark),
`over` (the body is larger). What: `do` and its arguments, `ms` to wait before answering.
"""

import asyncio
import json
import time

import exchange
import mint
import verdict
from history import TERMINAL, Request, Run

NAMES = {"running": "Running", "completed": "Completed", "failed": "Failed", "cancelled": "Cancelled"}
SERVED = ("serve", "slow", "close", "interim", "chunked", "drip")  # well, in one shape or another
EVENTS_PATH = "/execution/events"
PROGRESS_PATH = "/execution/progress"
KEYS_PATH = "/execution/.well-known/jwks.json"


def error_body(code, message="by script"):
    return json.dumps({"error": {"code": code, "message": message}}).encode()


def holds_mark(request, number):
    return any(
        event.get("event_type") == "mark" and event["payload"].get("n") == number
        for event in request.events
    )


class Api:
    def __init__(self, history, rules, timeout, tls=None, other=""):
        self.history = history
        self.rules = [dict(rule) for rule in rules]
        self.timeout = timeout  # of one try, as the client is told
        self.other = other  # where redirects point
        self.tokens = {}  # run: the tokens of its messages
        self.port = exchange.Port(self._serve, tls)
        self.scheme = "https" if tls else "http"
        self.watch = lambda stage, request: None  # told at: arrived, processed, answered
        self.key_faults = []  # answers of the key set's endpoint before the good one

    def url(self, host="127.0.0.1"):
        return "%s://%s:%d/api/v1" % (self.scheme, host, self.port.number)

    def row(self, run):
        return self.history.runs.setdefault(run, Run())

    def note(self, text, *args):
        self.history.notes.append(text % args)

    # --- the rules ---------------------------------------------------------------------------

    def _applies(self, rule, request):
        kind = rule.get("kind", "any")
        return (
            rule["do"] != "reset_before"
            and rule.get("times", 1) != 0
            and rule.get("run") in (None, request.run)
            and (kind in ("any", request.kind) or kind == "status" and request.kind != "events")
            and request.size > rule.get("over", -1)
            and ("mark" not in rule or holds_mark(request, rule["mark"]))
        )

    def _choose(self, request):
        for rule in self.rules:
            if not self._applies(rule, request):
                continue
            if rule.get("skip", 0) > 0:
                rule["skip"] -= 1
                continue
            rule["times"] = rule.get("times", 1) - (1 if rule.get("times", 1) > 0 else 0)
            return rule
        return {"do": "serve"}

    # --- what the real API does --------------------------------------------------------------

    def _store(self, request):
        row = self.row(request.run)
        for i, event in enumerate(request.events):
            row.stored.append((request.delivery, request.first + i, event))
        return {"accepted": len(request.events), "next_sequence": len(row.stored) + 1}

    def _progress(self, request):
        row = self.row(request.run)
        if row.status in TERMINAL:
            return {"accepted": False, "status": row.status}
        status = NAMES.get(request.body.get("status"), row.status)
        if status in TERMINAL:
            row.terminals.append(status)
            row.by = "us"
        row.status = status
        return {"accepted": True, "status": status}

    def _process(self, request):
        """Does what was asked for; (status, body)."""
        request.processed = True
        answer = self._store(request) if request.kind == "events" else self._progress(request)
        return 200, json.dumps(answer).encode()

    # --- one request -------------------------------------------------------------------------

    def _kind(self, target, body):
        if target.endswith(EVENTS_PATH):
            good = isinstance(body, dict) and isinstance(body.get("events"), list)
            return "events" if good else "odd"
        if not target.endswith(PROGRESS_PATH) or not isinstance(body, dict):
            return "odd"
        status = body.get("status")
        return {"running": "running", None: "progress"}.get(status, "end")

    def _check(self, method, target, headers, run):
        if method != "POST":
            self.note("%s %s: only POST is ever right", method, target)
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self.tokens.get(run, ()):
            self.note("%s of run %s came without its token", target, run)
        if headers.get("content-type") != "application/json":
            self.note("%s of run %s: Content-Type %s", target, run, headers.get("content-type"))

    def _arrived(self, head, at):
        """Writes down a push whose body is not read yet, and may never be."""
        method, target, headers = head
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        run = mint.claims_of(bearer).get("run_id", "")
        self._check(method, target, headers, run)
        kind = "events" if target.endswith(EVENTS_PATH) else "unread"
        request = Request(at, kind, run, headers.get("idempotency-key", ""), fault="unread")
        self.history.requests.append(request)
        return request

    def _read(self, request, target, body):
        try:
            request.body = json.loads(body)
        except ValueError:
            request.body = None
        request.size = len(body)
        request.kind = self._kind(target, request.body)
        if request.kind == "odd" or not request.delivery:
            self.note("run %s: odd request %s, key %r", request.run, target, request.key)

    def _scripted(self, rule, request):
        """(status, body, headers) of a rule's own answer."""
        do = rule["do"]
        headers = {"Content-Type": rule.get("type", "application/json")}
        if do == "unknown":
            return 404, error_body("NOT_FOUND"), headers
        if do == "undecided":
            return 200, b'{"accepted":false,"status":"Running"}', headers
        if do == "page":
            return 200, b"<html><body>Welcome to the proxy</body></html>", {"Content-Type": "text/html"}
        if do == "huge":
            return 200, b'{"accepted":true,"x":"' + b"x" * 80000 + b'"}', headers
        if do == "redirect":
            headers["Location"] = self.other + "/stolen"
            return rule["status"], b"", headers
        body = rule.get("body", error_body("INTERNAL_ERROR").decode()).encode()
        if "retry_after" in rule:
            seconds = rule["retry_after"]
            now = time.time()
            request.retry_after = seconds if not rule.get("date") else int(now + seconds) - now
            headers["Retry-After"] = (
                exchange.http_date(int(now + seconds)) if rule.get("date") else str(seconds)
            )
        return rule["status"], body, headers

    def _cancel(self, request):
        """Somebody else ends the run."""
        row = self.row(request.run)
        if row.status not in TERMINAL:
            row.status, row.by = "Cancelled", "user"
        return 200, json.dumps({"accepted": False, "status": row.status}).encode()

    def _answer(self, rule, request):
        headers = {"Content-Type": "application/json"}
        done = None
        if rule["do"] == "cancel":
            return *self._cancel(request), headers
        if rule["do"] in SERVED or rule.get("processed"):
            done = self._process(request)
        if rule["do"] in SERVED + ("half", "reset_after", "garbage"):
            return *(done or (200, b'{"accepted":true}')), headers
        if rule["do"] == "empty":
            self._process(request)
            return 204, b"", headers
        return self._scripted(rule, request)

    async def _reply(self, reader, writer, rule, request):
        """True when the connection may go on."""
        loop = asyncio.get_running_loop()
        self.watch("arrived", request)
        silent = rule["do"] == "silent"
        if silent or rule.get("ms"):
            request.hung_up = await exchange.wait(reader, None if silent else rule["ms"] / 1000)
        if silent:
            request.ended = loop.time()
            return False
        status, body, headers = self._answer(rule, request)
        self.watch("processed", request)
        if request.hung_up or rule["do"] == "reset_after":
            exchange.reset(writer)
            request.ended = loop.time()
            return False
        shape = rule["do"] if rule["do"] in exchange.SHAPES else "whole"
        written = await exchange.write(writer, status, body, headers, shape, rule.get("pause", 0.01))
        request.ended = loop.time()
        if shape in ("half", "garbage") or not written:
            return False
        request.status = status
        request.verdict = verdict.of(request.kind, status, body if rule["do"] != "huge" else b"<")
        request.sure = request.ended - request.at < 0.4 * self.timeout
        self.watch("answered", request)
        return rule["do"] != "close"

    async def _serve_push(self, reader, writer, head):
        loop = asyncio.get_running_loop()
        at = loop.time()
        request = self._arrived(head, at)
        early = self._early(head)
        if early:
            early["times"] -= 1
            request.fault, request.ended = "reset_before", at
            exchange.reset(writer)
            return False
        piece = next((rule["piece"] for rule in self.rules if rule["do"] == "slow"), 0)
        try:
            body = await exchange.read_body(reader, head[2], piece, 0.01)
        except exchange.Closed:
            request.hung_up, request.ended = True, loop.time()
            raise
        self._read(request, head[1], body)
        rule = self._choose(request)
        request.fault = rule["do"] + (str(rule["status"]) if rule["do"] in ("status", "redirect") else "")
        return await self._reply(reader, writer, rule, request)

    def _early(self, head):
        """A rule that resets the connection before the body is read."""
        run = mint.claims_of(head[2].get("authorization", "").removeprefix("Bearer ")).get("run_id")
        events = head[1].endswith(EVENTS_PATH)
        for rule in self.rules:
            if rule["do"] == "reset_before" and rule["times"] > 0 and rule.get("run") in (None, run):
                if rule["kind"] == "any" or (rule["kind"] == "events") == events:
                    return rule
        return None

    async def _serve_keys(self, writer):
        if self.key_faults:
            fault = self.key_faults.pop(0)
            if fault == "reset":
                exchange.reset(writer)
                return False
            return await exchange.write(writer, fault, error_body("INTERNAL_ERROR"))
        return await exchange.write(writer, 200, json.dumps(mint.key_set()).encode())

    async def _serve(self, reader, writer):
        going = True
        while going:
            head = await exchange.read_head(reader)
            if head is None:
                return
            if head[1].endswith(KEYS_PATH) and head[0] == "GET":
                going = await self._serve_keys(writer)
            else:
                going = await self._serve_push(reader, writer, head)


class Stranger:
    """Another host: whatever reaches it was led astray by a redirect."""

    def __init__(self, history):
        self.history = history
        self.port = exchange.Port(self._serve)

    async def _serve(self, reader, writer):
        head = await exchange.read_head(reader)
        self.history.notes.append("a redirect was followed: %s" % (head and " ".join(head[:2])))

    def url(self):
        return "http://127.0.0.1:%d" % self.port.number
