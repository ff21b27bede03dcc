"""laws: judges a history by the laws of the design, sections 3 and 4.

judge() gives one line for each violation, which begins with the law's number. It knows the script
and what our APIs saw and answered, never what the program says of itself.
"""

import json

from delivery import MARGIN, SLACK, Delivery

GRACE = 0.1  # seconds: a request that was under way when the response left
TIME_LEFT = 0.25  # seconds before the deadline; the law says 0.5, the rest is for a busy machine
LEAD = 1.2  # an answer this near to the deadline explains what could not be delivered
ROOM = 9.0  # with more time than this left, nothing is too late to start
SANITIZERS = ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer")


class Judge:
    def __init__(self, history):
        self.history = history
        self.found = []
        self.deliveries = {}  # (invocation id, run): the delivery

    def say(self, law, text):
        self.found.append("law %s: %s" % (law, text))

    def judge(self):
        for note in self.history.notes:
            self.say("0 rig", note)
        self.process()
        self.collect()
        for delivery in self.deliveries.values():
            delivery.judge()
        for invocation in self.history.invocations:
            self.invocation(invocation)
        for run, row in self.history.runs.items():
            if len(row.terminals) > 1:
                self.say("2 order", "run %s: terminal statuses %s" % (run, row.terminals))
        return self.found

    # --- the process --------------------------------------------------------------------------

    def process(self):
        log = self.history.log
        if self.history.exit_code != 0:
            self.say("0 process", "exit status %s" % self.history.exit_code)
        for line in log.splitlines():
            if any(word in line for word in SANITIZERS):
                self.say("0 process", line)
        if any(secret in log for secret in self.history.secrets if secret):
            self.say("5 secret", "a secret or a payload stands in the log")
        if self.history.settings.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
            self.json_lines(log)

    def json_lines(self, log):
        for line in log.splitlines():
            try:
                whole = isinstance(json.loads(line), dict)
            except ValueError:
                whole = False
            if not whole and not any(word in line for word in SANITIZERS):
                self.say("5 log", "a line is no JSON object: %s" % line[:200])
                return

    # --- who sent what ------------------------------------------------------------------------

    def handed_out(self, request):
        """The invocation that a delivery belongs to, and its record. A message may be handed out
        twice at once; then the deliveries belong to its invocations in their order."""
        last = (None, None)
        for invocation in self.history.invocations:
            record = self.record_of(invocation, request.run)
            if record is None or invocation.given is None or invocation.given > request.at:
                continue
            last = invocation, record
            closed = invocation.answered or invocation.cut or float("inf")
            if closed > request.at and (invocation.id, request.run) not in self.deliveries:
                return last
        return last

    def collect(self):
        deliveries = {}
        for request in self.history.requests:
            if request.kind != "odd" and request.delivery:
                deliveries.setdefault((request.run, request.delivery), []).append(request)
        for (run, name), requests in deliveries.items():
            invocation, record = self.handed_out(requests[0])
            if record is None:
                self.say("4 fate", "run %s: pushes of a run that was not handed out" % run)
                continue
            if (invocation.id, run) in self.deliveries:
                self.say("7 twice", "run %s ran twice in %s" % (run, invocation.id))
            self.deliveries[invocation.id, run] = Delivery(
                requests, record, invocation, self.history, self.say
            )

    @staticmethod
    def record_of(invocation, run):
        return next((r for r in invocation.records if r.run == run and not r.twin_of), None)

    # --- one invocation -----------------------------------------------------------------------

    def invocation(self, invocation):
        if invocation.answered is None:
            return  # the rig has noted why, or killed it
        self.in_time(invocation)
        self.silent_afterwards(invocation)
        failures = self.response(invocation)
        if failures is None:
            return
        for record in invocation.records:
            self.fate(invocation, record, record.message not in failures, failures)
        if invocation.fifo:
            self.groups(invocation, failures)

    def in_time(self, invocation):
        if invocation.deadline is None:
            return
        left = invocation.deadline - invocation.answered
        if left < TIME_LEFT - 2 * invocation.late:
            self.say("7 time", "%s was answered %.0f ms before its deadline" % (invocation.id, left * 1000))

    def silent_afterwards(self, invocation):
        last = invocation.answered + GRACE + invocation.lag
        for (name, run), delivery in self.deliveries.items():
            for request in delivery.requests:
                if name == invocation.id and request.at > last:
                    self.say("7 time", "run %s: %s came %.0f ms after the response" % (
                        run, request.key, (request.at - invocation.answered) * 1000))
                    break

    def response(self, invocation):
        """The failed ids, or None when the answer has no such list."""
        if invocation.kind != "response":
            self.say("4 fate", "%s was answered by an error: %s" % (invocation.id, invocation.body))
            return None
        failures = invocation.failures()
        if failures is None:
            self.say("4 fate", "the response has another shape: %s" % invocation.body[:200])
            return None
        ids = [record.message for record in invocation.records]
        for failure in failures:
            if failure not in ids:
                self.say("4 fate", "batchItemFailures holds a stranger: %r" % failure)
            if failures.count(failure) > 1:
                self.say("4 fate", "batchItemFailures holds %r twice" % failure)
        return failures

    # --- one record ---------------------------------------------------------------------------

    def fate(self, invocation, record, acked, failures):
        delivery = self.deliveries.get((invocation.id, record.run))
        if "malformed" in record.job or record.job.get("token", "good") != "good":
            if acked:
                self.say("1 lost", "%s is no job of ours, yet it was acknowledged" % record.message)
        elif record.twin_of:
            self.twin(invocation, record, acked, record.twin_of not in failures)
        elif delivery is None:
            self.never_told(invocation, record, acked, failures)
        elif acked:
            if not delivery.has_proof():
                self.say("1 lost", "%s was acknowledged without proof" % record.message)
        elif delivery.has_sure_proof():
            self.say("4 fate", "%s was returned although its end was accepted" % record.message)
        elif not self.return_is_explained(invocation, record, delivery):
            last = delivery.requests[-1]
            self.say("4 fate", "%s was returned, which nothing explains; last: %s answered %d (%s)" % (
                record.message, last.key, last.status, last.verdict))

    def twin(self, invocation, record, acked, first_acked):
        """It shares the fate of the first, unless it was left unread: the deadline, its FIFO group."""
        left = invocation.fifo or self.is_late(invocation) and not acked
        if acked != first_acked and not left:
            self.say("7 twice", "%s does not share the fate of its twin" % record.message)

    def never_told(self, invocation, record, acked, failures):
        if acked:
            self.say("1 lost", "%s was acknowledged, and the API was told nothing" % record.message)
        elif not (
            self.is_blocked(invocation, record, failures)
            or self.api_was_out_of_reach(invocation)
            or self.is_late(invocation)
            or self.took_longer(invocation, record)
        ):
            self.say("4 fate", "%s was returned untouched, which nothing explains" % record.message)

    @staticmethod
    def is_blocked(invocation, record, failures):
        """An earlier record of its FIFO group went back."""
        if not invocation.fifo:
            return False
        earlier = invocation.records[: invocation.records.index(record)]
        return any(r.group == record.group and r.message in failures for r in earlier)

    def api_was_out_of_reach(self, invocation):
        script = self.history.script
        if script.get("network", "good") != "good" or len(script.get("keys", ())) > 2:
            return True
        return any(start <= invocation.answered and until >= invocation.given
                   for start, until in self.history.outages)

    @staticmethod
    def is_late(invocation):
        if invocation.deadline is None:
            return False
        return invocation.deadline - invocation.answered < ROOM

    def took_longer(self, invocation, record):
        """A run of its flow took longer, in this environment, than what was left."""
        if invocation.deadline is None:
            return False
        left = invocation.deadline - invocation.answered
        return any(d.record.job["flow"] == record.job["flow"] and d.seconds() > left - MARGIN
                   for d in self.deliveries.values())

    def return_is_explained(self, invocation, record, delivery):
        if delivery.was_refused() or self.api_was_out_of_reach(invocation):
            return True
        near = invocation.deadline is not None and invocation.deadline - invocation.answered < LEAD
        if delivery.was_interrupted():
            return near or delivery.killed or self.was_at_the_margin(invocation, delivery)
        if near:
            return delivery.failed_tries() > 0
        return delivery.failed_tries() > delivery.retries and not delivery.gave_up_early()

    @staticmethod
    def was_at_the_margin(invocation, delivery):
        deadline = invocation.deadline
        return deadline is not None and deadline - delivery.requests[-1].at < MARGIN

    # --- FIFO ---------------------------------------------------------------------------------

    def groups(self, invocation, failures):
        last = {}  # by group: the record before
        for record in invocation.records:
            before = last.get(record.group)
            last[record.group] = record
            if before is None:
                continue
            if before.message in failures and record.message not in failures:
                self.say("8 group", "%s was acknowledged although %s before it went back" % (
                    record.message, before.message))
            self.one_after_the_other(invocation, before, record, failures)

    def one_after_the_other(self, invocation, before, record, failures):
        one = self.deliveries.get((invocation.id, before.run))
        two = self.deliveries.get((invocation.id, record.run))
        if two is None or record.twin_of or one is two:
            return
        if before.message in failures:
            self.say("8 group", "%s ran although %s before it went back" % (record.message, before.message))
        if one and not before.twin_of:
            done = one.requests[-1].ended or one.requests[-1].at
            if two.requests[0].at < done - SLACK:
                self.say("8 group", "%s ran while %s did" % (record.message, before.message))


def judge(history):
    return Judge(history).judge()
