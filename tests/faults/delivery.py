"""delivery: the requests of one run within one invocation, and the laws about their order (law 2).

The program makes a new random id for each delivery and begins every Idempotency-Key with it.
"""

import expected

MARGIN = 3.5  # seconds: flows are stopped 3 s before the deadline, at the earliest
SLACK = 0.15  # seconds: of a machine that is busy
SURE_ROOM = 512 * 1024  # bytes: a body this small had room for more; the program's maximum is 1 MiB


class Delivery:
    def __init__(self, requests, record, invocation, history, say):
        self.requests = requests
        self.record = record
        self.invocation = invocation
        self.say_law = say
        self.run = requests[0].run
        self.timeout = history.setting("EXECUTOR_CALLBACK_TIMEOUT_MS", 5000) / 1000
        self.flush_seconds = history.setting("EXECUTOR_FLUSH_SECS", 20)
        self.batch_size = history.setting("EXECUTOR_MAX_BATCH_SIZE", 100)
        self.run_seconds = history.setting("EXECUTOR_TIMEOUT_SECS", 3600)
        self.retries = history.setting("EXECUTOR_CALLBACK_RETRIES", 3)
        self.lag = invocation.lag
        self.killed = history.script.get("kills", False)
        self.pushes = [r for r in requests if r.kind == "events"]
        self.end = next((r for r in requests if r.kind == "end"), None)

    def say(self, law, text, *args):
        self.say_law(law, "run %s: %s" % (self.run, text % args))

    def judge(self):
        self.one_at_a_time()
        self.running_first()
        self.nothing_after_the_end()
        self.same_key_same_body()
        self.in_order()
        self.recut_only_when_refused()
        self.replaced_only_when_refused()
        self.asked_waits_are_kept()
        self.end_after_all_events()
        self.marks_in_order()
        if self.end:
            self.end_is_true()

    def seconds(self):
        return self.requests[-1].at - self.requests[0].at

    # --- what was accepted --------------------------------------------------------------------

    def accepted_until(self, requests):
        """The last sequence number that these pushes got accepted."""
        return max((r.last for r in requests if r.kind == "events" and r.verdict == "accept"), default=0)

    def accepted_events(self):
        """(sequence, event, replaced) of what was accepted, in order, each once."""
        events = {}
        for push in self.pushes:
            if push.verdict == "accept":
                for i, event in enumerate(push.events):
                    events.setdefault(push.first + i, (push.first + i, event, push.instead))
        return [events[sequence] for sequence in sorted(events)]

    def has_proof(self):
        """Law 1: what lets the message be acknowledged."""
        return any(self.is_proof(request) for request in self.requests)

    def has_sure_proof(self):
        """The same, and the program must have had it in its hands in time."""
        return any(self.is_proof(r) and r.sure and self.was_in_time(r) for r in self.requests)

    def was_in_time(self, request):
        """Answered early enough to be read before the response left."""
        return request.ended < self.invocation.answered - SLACK - self.lag

    def is_proof(self, request):
        if request.verdict == "over":
            return True
        if request.kind != "end":
            return False
        accepted = self.accepted_until(self.requests)
        return request.verdict == "accept" or request.verdict == "unknown" and accepted > 0

    def may_be_missed(self, earlier, later):
        """The client may have given up on the earlier one before it had the answer."""
        return not earlier.sure or later.at - earlier.at >= 0.5 * self.timeout - self.lag

    # --- laws ---------------------------------------------------------------------------------

    def one_at_a_time(self):
        for earlier, later in zip(self.requests, self.requests[1:]):
            open_still = earlier.ended is None or later.at < earlier.ended - 0.01
            if open_still and later.at - earlier.at < 0.5 * self.timeout - self.lag:
                self.say("2 order", "%s was sent while %s was in flight", later.key, earlier.key)

    def running_first(self):
        opened = False
        for request in self.requests:
            if request.kind == "running":
                opened = opened or request.verdict in ("accept", "unknown")
            elif request.kind != "unread" and not opened:
                self.say("2 order", "%s was sent before running was accepted", request.key)
                return

    def nothing_after_the_end(self):
        for i, request in enumerate(self.requests[:-1]):
            final = request.verdict in ("over", "refused") or self.ends_it(request)
            later = self.requests[i + 1]
            if final and not self.may_be_missed(request, later):
                self.say("2 order", "%s was sent after %s was answered %d (%s)",
                         later.key, request.key, request.status, request.verdict)
                return

    @staticmethod
    def ends_it(request):
        return request.kind == "end" and request.verdict in ("accept", "unknown")

    def same_key_same_body(self):
        bodies, events = {}, {}
        for request in self.requests:
            if request.body is None:
                continue
            if bodies.setdefault(request.key, request.body) != request.body:
                self.say("2 key", "%s came with two bodies", request.key)
            if request.kind != "events" or request.instead:
                continue
            if len(request.events) != request.last - request.first + 1:
                self.say("2 key", "%s holds %d events", request.key, len(request.events))
            for i, event in enumerate(request.events):
                if events.setdefault(request.first + i, event) != event:
                    self.say("2 key", "event %d changed in %s", request.first + i, request.key)

    def in_order(self):
        accepted, by = 0, None
        for push in self.pushes:
            if push.first > accepted + 1:
                self.say("1 lost", "events %d to %d were never accepted, yet %s came",
                         accepted + 1, push.first - 1, push.key)
                return
            if push.first <= accepted and by and not self.may_be_missed(by, push):
                self.say("2 order", "%s came again although %s was accepted", push.key, by.key)
            if push.verdict == "accept" and push.last > accepted:
                accepted, by = push.last, push

    def recut_only_when_refused(self):
        """A retry has the same key; another selection of the same events needs a refusal."""
        for earlier, later in zip(self.pushes, self.pushes[1:]):
            same = later.key == earlier.key or later.first > earlier.last
            refused = earlier.verdict in ("unacceptable", "broken") or earlier.instead
            if not same and not refused and not later.instead:
                self.say("2 key", "%s followed %s, which was answered %d (%s)",
                         later.key, earlier.key, earlier.status, earlier.verdict)

    def replaced_only_when_refused(self):
        refused = {}
        for push in self.pushes:
            if push.instead and refused.get(push.first, 0) < 1:
                self.say("1 lost", "event %d was replaced without a refusal", push.first)
            if push.instead and push.body and push.events[0]["payload"].get("code") != "event.refused":
                self.say("1 lost", "event %d was replaced by %r", push.first, push.events[0])
            weight = {"unacceptable": 1.0, "broken": 0.5 / (self.retries + 1)}.get(push.verdict, 0)
            if push.first == push.last and not push.instead:
                refused[push.first] = refused.get(push.first, 0) + weight + 1e-9

    def asked_waits_are_kept(self):
        for earlier, later in zip(self.requests, self.requests[1:]):
            waited = later.at - (earlier.ended or later.at)
            if later.key == earlier.key and earlier.sure and waited < earlier.retry_after - SLACK:
                self.say("2 wait", "%s: Retry-After %.2f s, tried after %.2f s",
                         later.key, earlier.retry_after, waited)

    def end_after_all_events(self):
        if not self.end:
            return
        before = self.requests[: self.requests.index(self.end)]
        sent = max((r.last for r in before if r.kind == "events"), default=0)
        if self.accepted_until(before) < sent:
            self.say("1 lost", "the terminal status was sent while event %d was not accepted", sent)
        if any(r.kind == "events" for r in self.requests[len(before) :]):
            self.say("2 order", "events were sent after the terminal status")

    def marks_in_order(self):
        """Within each branch 1, 2, 3 ...; what was replaced leaves a hole of one."""
        last, holes = {}, 0
        for _, event, replaced in self.accepted_events():
            holes += replaced
            if event["event_type"] != "mark" or replaced:
                continue
            branch, n = event["payload"]["branch"], event["payload"]["n"]
            gap = n - last.get(branch, 0) - 1
            if gap < 0 or gap > holes:
                self.say("1 lost", "branch %s: mark %d after %d", branch, n, last.get(branch, 0))
            holes -= max(0, gap)
            last[branch] = n
        self.marks = last
        return last

    # --- the end ------------------------------------------------------------------------------

    def end_is_true(self):
        status = self.end.body.get("status")
        replaced = sum(replaced for _, _, replaced in self.accepted_events())
        if status == "completed":
            self.completed_is_true(replaced)
        elif status == "failed":
            self.failed_is_true(replaced)
        else:
            self.say("4 fate", "ended as %r", status)

    def completed_is_true(self, replaced):
        events = [event for _, event, _ in self.accepted_events()]
        if not expected.may_complete(self.record.job):
            self.say("4 fate", "a flow that cannot complete was reported completed")
            return
        if replaced:
            self.say("4 fate", "an event was refused, yet the run was reported completed")
        if self.marks != expected.marks(self.record.job):
            self.say("1 lost", "marks %s, expected %s", self.marks, expected.marks(self.record.job))
        ends = [(e["event_type"], e["payload"]) for e in events[:1] + events[-1:]]
        if ends != [("log", {"message": "Execution started"}), ("log", {"message": "Execution completed"})]:
            self.say("1 lost", "completed, but its first and last events are %s", ends)
        if not any(e["event_type"] == "output" for e in events):
            self.say("1 lost", "completed, but no output came")

    def failed_is_true(self, replaced):
        events = [event for _, event, _ in self.accepted_events()]
        code, job = self.error_code(events), self.record.job
        if not self.end.body.get("error"):
            self.say("4 fate", "failed, but the status names no error")
        if replaced:
            return
        if code is None:
            self.say("1 lost", "failed, but its last event is no error: %s", events[-1:])
        elif code.startswith(expected.own_codes(job)) and expected.own_codes(job):
            if job["flow"] == "work" and code == "by.design" and self.marks != expected.marks(job):
                self.say("1 lost", "marks %s before it failed", self.marks)
        elif not self.failure_from_outside(code):
            self.say("4 fate", "failed with %s, which nothing explains", code)

    @staticmethod
    def error_code(events):
        if not events or events[-1]["event_type"] != "error":
            return None
        return events[-1]["payload"].get("code", "")

    def failure_from_outside(self, code):
        """Time that was up, a worker that was killed."""
        if code == "timeout":
            return expected.may_be_late(self.record.job) or self.had_long()
        if code == "interrupted":
            return self.record.receives >= 2
        return code.startswith("worker.") and self.killed

    def had_long(self):
        """A run that is no sleeper may be out of time when pushes were slow or the deadline was near."""
        deadline, took = self.invocation.deadline, self.end.at - self.requests[0].at
        return deadline is not None and self.end.at > deadline - MARGIN or took > 0.7 * self.run_seconds

    # --- explanations of a return -------------------------------------------------------------

    def was_refused(self):
        return any(request.verdict == "refused" for request in self.requests)

    def was_interrupted(self):
        events = self.accepted_events()
        return bool(events) and events[-1][1]["payload"] == {"message": "interrupted, will be retried"}

    def was_heard(self, request):
        """Nobody tried again, for longer than a try may last, and it was not the last try of a
        round, after which a run may be given up: the answer had arrived."""
        silence = self.invocation.answered - (request.ended or request.at)
        tries = sum(other.key == request.key for other in self.requests)
        waited = silence > self.timeout + 0.5 + self.lag
        return request is self.requests[-1] and waited and tries <= self.retries

    def failed_tries(self):
        """How many of the last requests in a row were in vain."""
        count = 0
        for request in reversed(self.requests):
            heard = request.sure and self.was_in_time(request) or self.was_heard(request)
            if request.verdict in ("accept", "unknown") and heard:
                break
            count += 1
        return count

    def gave_up_early(self):
        """The last pushes were in vain, and not for EXECUTOR_FLUSH_SECS."""
        began = self.waiting_since()
        return began is not None and self.invocation.answered - began < self.flush_seconds - SLACK - self.lag

    def waiting_since(self):
        """The time limit did not begin before this: it begins with `running`, and again with the
        run's end. None: the final event was not seen, so when that was cannot be told."""
        if all(request.kind in ("running", "unread") for request in self.requests):
            return self.requests[0].at
        final = next((p.last for p in self.pushes if p.events and self.is_final(p.events[-1])), None)
        return final and self.was_there_after(final)

    def was_there_after(self, sequence):
        """The event with this number came into being later: whatever is queued goes along, so a
        push with room in it, and without this event, was made before. A refused push is cut into
        smaller ones; from there on room means nothing."""
        after, tried = self.requests[0].at, set()
        for push in self.pushes:
            first_try = push.key not in tried
            tried.add(push.key)
            if push.last >= sequence or push.instead:
                break
            if first_try and len(push.events) < self.batch_size and push.size < SURE_ROOM:
                after = push.at
            if push.verdict in ("unacceptable", "broken"):
                break
        return after

    @staticmethod
    def is_final(event):
        return event["event_type"] == "error" or event["payload"] == {"message": "Execution completed"}
