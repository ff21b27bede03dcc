"""script: from a seed to what will be asked of the program and what will go wrong meanwhile.

Plain data, the same for the same seed. Themes take turns, so that a range of seeds meets all of
them; chance fills them in. Faults are short and settings small: a seed takes a second or two.
"""

import random

TRANSIENT = (500, 502, 503, 504, 408, 425, 429)
FOR_GOOD = (401, 403, 404, 405, 410, 451)
REDIRECTS = (301, 302, 303, 307, 308)
KINDS = ("running", "events", "progress", "end", "any")


class Draft:
    """A script in the making."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.seed = seed
        self.settings = self._settings()
        self.rules = []
        self.invocations = []
        self.more = {}

    def _settings(self):
        pick = self.chance.choice
        return {
            "EXECUTOR_CALLBACK_TIMEOUT_MS": pick((700, 1000, 1500)),
            "EXECUTOR_CALLBACK_RETRIES": pick((0, 1, 2)),
            "EXECUTOR_FLUSH_SECS": pick((0, 1, 1)),
            "EXECUTOR_BATCH_INTERVAL_MS": pick((5, 20, 60)),
            "EXECUTOR_MAX_BATCH_SIZE": pick((1, 4, 10, 100)),
            "EXECUTOR_CONCURRENCY": pick((1, 2, 4)),
            "EXECUTOR_INSTRUCTION_LIMIT": 3000000,
            "EXECUTOR_MEMORY_LIMIT_MB": 16,
            "EXECUTOR_BUFFER_LIMIT_KB": pick((64, 256, 4096)),
            "EXECUTOR_EVENT_LIMIT_KB": 64,
            "EXECUTOR_MAX_RECEIVES": 3,
            "EXECUTOR_TIMEOUT_SECS": 30,
            "AWS_LAMBDA_LOG_FORMAT": pick(("Text", "JSON")),
        }

    # --- what is asked of it ------------------------------------------------------------------

    def work(self, **changed):
        pick = self.chance.choice
        payload = {
            "events": pick((0, 1, 2, 3, 5, 8, 13, 40)),
            "size": pick((0, 10, 10, 300, 5000)),
            "pause_ms": pick((0, 0, 0, 5, 20)),
            "fail": self.chance.random() < 0.2,
            "percent": self.chance.random() < 0.4,
        }
        return {"flow": "work", "payload": payload | changed}

    def job(self):
        """One of the kinds of job that an untroubled batch is made of."""
        roll = self.chance.random()
        if roll < 0.6:
            return self.work()
        if roll < 0.72:
            return {"flow": "steps", "payload": {"branches": self.chance.randint(0, 6)}}
        kinds = ("spin", "bomb", "broken", "nowhere", "input", "malformed", "token", "over", "brief")
        return getattr(self, "_" + self.chance.choice(kinds))()

    def _flow(self, name):
        return {"flow": name, "payload": {}}

    def _spin(self):
        return self._flow("spin")

    def _bomb(self):
        return self._flow("bomb")

    def _broken(self):
        return self._flow("broken")

    def _nowhere(self):
        return self._flow("nowhere")

    def _brief(self):
        return self._flow("brief")

    def _input(self):
        return {"flow": "work", "payload": {"events": "many"}}

    def _malformed(self):
        bodies = ("", "{", "[]", '{"job_id":1}', '{"run_id":"x"}', "null", '"text"')
        return self.work() | {"malformed": self.chance.choice(bodies)}

    def _token(self):
        kinds = ("signature", "expired", "audience", "other_run", "other_board", "text")
        return self.work() | {"token": self.chance.choice(kinds)}

    def _over(self):
        return self.work() | {"before": self.chance.choice(("Completed", "Failed", "Cancelled"))}

    def sleepy(self, sleep_ms):
        return {"flow": "sleepy", "payload": {"sleep_ms": sleep_ms}}

    def invoke(self, jobs, deadline=None, **more):
        """Adds an invocation. Now and then a run comes twice, or the queue is a FIFO one."""
        number = len(self.invocations)
        fifo = more.pop("fifo", self.chance.random() < 0.25)
        jobs = [dict(job) for job in jobs]
        for i, job in enumerate(jobs):
            job["run"] = "s%d-i%d-r%d" % (self.seed, number, i)
            job["group"] = self.chance.choice(("g1", "g2", "g3")) if fifo else ""
        if len(jobs) < 10 and self.chance.random() < 0.3:
            twin = dict(self.chance.choice(jobs))
            jobs.insert(self.chance.randint(0, len(jobs)), twin)
        self.invocations.append({"jobs": jobs, "deadline": deadline, "fifo": fifo} | more)
        return jobs

    def batch(self, most=8, **more):
        return self.invoke([self.job() for _ in range(self.chance.randint(1, most))], **more)

    def long(self):
        """A deadline that does not matter."""
        return self.chance.choice((40.0, 60.0, 60.0, None))

    # --- what goes wrong ----------------------------------------------------------------------

    def rule(self, do, **rule):
        self.rules.append({"do": do, "times": 1, "kind": "any"} | rule)

    def transient(self, run=None):
        """One fault that heals."""
        pick = self.chance.choice
        where = {"kind": pick(KINDS), "skip": pick((0, 0, 1, 2)), "times": pick((1, 1, 1, 2)), "run": run}
        name = pick(("status",) * 6 + ("reset_before", "reset_after", "half", "silent", "page",
                                       "undecided", "huge", "asks", "asks", "empty", "late", "close",
                                       "interim", "chunked", "drip", "garbage"))
        processed = self.chance.random() < 0.5
        if name == "status":
            self.rule("status", status=pick(TRANSIENT), processed=processed, **where)
        elif name == "asks":
            self.rule("status", status=pick((429, 503)), retry_after=2 if processed else 1,
                      date=processed, **where)
        elif name == "late":
            self.rule("serve", ms=pick((50, 250, 900, 1700)), **where)
        elif name == "drip":
            self.rule("drip", pause=pick((0.005, 0.15)), **where)
        elif name in ("close", "interim", "chunked"):
            self.rule(name, **where | {"times": pick((1, 5, -1))})
        elif name in ("reset_before", "empty", "undecided"):
            self.rule(name, **where)
        else:
            self.rule(name, processed=processed, **where)

    def redelivery(self):
        """What came back is delivered again, to an API that is well by then; and one that did not."""
        self.invocations.append({"redeliver": True, "deadline": 60.0, "fifo": False, "jobs": []})

    def script(self):
        return {
            "seed": self.seed,
            "settings": self.settings,
            "rules": self.rules,
            "invocations": self.invocations,
        } | self.more


# --- themes -----------------------------------------------------------------------------------


def calm(draft):
    for _ in range(draft.chance.randint(1, 3)):
        draft.batch(10, deadline=draft.long())


def flaky(draft):
    for _ in range(2):
        jobs = draft.batch(6, deadline=draft.long())
        for _ in range(draft.chance.randint(4, 14)):
            draft.transient(draft.chance.choice(jobs)["run"])
    draft.redelivery()


def broken_for_good(draft):
    """One kind of push never gets through for some runs; the others must not notice."""
    jobs = draft.batch(5, deadline=draft.chance.choice((4.0, 20.0, 60.0)))
    for job in draft.chance.sample(jobs, (len(jobs) + 1) // 2):
        kind = draft.chance.choice(KINDS)
        what = draft.chance.choice(("status", "status", "silent", "reset_after", "half", "page", "undecided"))
        status = draft.chance.choice(TRANSIENT)
        draft.rule(what, kind=kind, run=job["run"], times=-1, status=status)
    draft.redelivery()


def refused(draft):
    jobs = draft.batch(6, deadline=draft.long())
    for job in jobs:
        kind = draft.chance.choice(("running", "events", "progress", "end"))
        where = {"kind": kind, "run": job["run"], "skip": draft.chance.choice((0, 0, 1, 2))}
        roll = draft.chance.random()
        if roll < 0.3:
            draft.rule("redirect", status=draft.chance.choice(REDIRECTS), **where)
        elif roll < 0.5:
            body = '{"error":{"code":"BAD_REQUEST","message":"the token is odd"}}'
            draft.rule("status", status=400, body=body, **where)
        elif roll < 0.9:
            draft.rule("status", status=draft.chance.choice(FOR_GOOD), body="no", **where)
    draft.redelivery()


def over(draft):
    """Somebody else ends the run, before or in the middle of it."""
    jobs = draft.batch(6, deadline=draft.long())
    for job in jobs:
        if draft.chance.random() < 0.7:
            where = {"kind": draft.chance.choice(KINDS), "skip": draft.chance.choice((0, 0, 1))}
            draft.rule("cancel", run=job["run"], **where)
    draft.transient()
    draft.redelivery()


def unknown(draft):
    """A backend without run rows."""
    draft.batch(6, deadline=draft.long())
    draft.rule("unknown", kind="status", times=-1)
    for _ in range(draft.chance.randint(0, 4)):
        draft.rules.insert(0, {"do": "status", "status": 503, "times": 1, "kind": "any", "skip": 1})


def contents(draft):
    """The API does not like some events: too large, or broken by one of them."""
    few = draft.chance.choice((1, 3, 6))
    jobs = draft.invoke(
        [draft.work(events=few, pause_ms=0, size=draft.chance.choice((10, 3000))) for _ in range(3)],
        deadline=draft.long(),
    )
    draft.settings["EXECUTOR_FLUSH_SECS"] = draft.chance.choice((1, 4))
    draft.settings["EXECUTOR_CALLBACK_RETRIES"] = draft.chance.choice((0, 0, 1))
    draft.rule("status", kind="events", over=draft.chance.choice((1500, 4000)), times=-1,
               status=413, body="length limit exceeded", type="text/plain")
    for job in jobs[1:]:
        status = draft.chance.choice((400, 422, 500))
        draft.rule("status", kind="events", run=job["run"], times=-1, status=status,
                   mark=draft.chance.randint(1, few), body="broken", type="text/plain")


def slow(draft):
    timeout = draft.settings["EXECUTOR_CALLBACK_TIMEOUT_MS"]
    draft.batch(5, deadline=draft.chance.choice((3.0, 6.0, 60.0)))
    for _ in range(draft.chance.randint(1, 6)):
        draft.rule("serve", kind=draft.chance.choice(KINDS), skip=draft.chance.choice((0, 1, 3)),
                   ms=draft.chance.choice((30, 100, timeout - 50, timeout + 20, 2 * timeout)))
    if draft.chance.random() < 0.5:
        draft.rule("slow", piece=200, times=draft.chance.choice((3, 10)))
    if draft.chance.random() < 0.3:
        draft.rule("silent", times=-1, kind=draft.chance.choice(("events", "end", "any")))
    draft.redelivery()


def gone(draft):
    """The API is away for a while."""
    jobs = [draft.work(pause_ms=20) for _ in range(draft.chance.randint(1, 5))]
    draft.invoke(jobs, deadline=draft.chance.choice((3.0, 60.0)))
    start = draft.chance.choice((0.0, 0.05, 0.2))
    seconds = draft.chance.choice((0.3, 1.0, 2.5))
    if (draft.seed // len(THEMES)) % 8 == 0:  # as long as a deployment takes, with time enough
        seconds = 30.0
        draft.settings |= {"EXECUTOR_FLUSH_SECS": 50, "EXECUTOR_TIMEOUT_SECS": 80}
        draft.invocations[0]["deadline"] = 90.0
    draft.more["outages"] = [(start, start + seconds)]
    draft.redelivery()


def network(draft):
    """The name does not resolve, or the certificate will not do; and once all is well."""
    how = ("good", "wrong_host", "expired", "stranger", "no_name")[(draft.seed // len(THEMES)) % 5]
    draft.more["network"] = how
    draft.batch(4, deadline=draft.chance.choice((3.0, 60.0)))
    if how == "good":
        for _ in range(4):
            draft.transient()
    draft.redelivery()


def deadline(draft):
    """Less time than there is work."""
    draft.settings["EXECUTOR_CONCURRENCY"] = draft.chance.choice((1, 2, 4))
    jobs = []
    for _ in range(draft.chance.randint(1, 10)):
        roll = draft.chance.random()
        if roll < 0.6:
            jobs.append(draft.sleepy(draft.chance.choice((300, 900, 6000))))
        else:
            jobs.append(draft.work())
        if draft.chance.random() < 0.3:
            jobs[-1]["receives"] = draft.chance.choice((2, 3, 4))
    if draft.chance.random() < 0.2:
        draft.settings["EXECUTOR_TIMEOUT_SECS"] = 1
    jobs = draft.invoke(jobs[:10], deadline=draft.chance.choice((1.5, 2.0, 2.5, 3.0, 4.0)))
    hangs = draft.chance.random()
    if hangs < 0.3:
        draft.transient()
    elif hangs < 0.6:
        kind = draft.chance.choice(("running", "events", "end", "any"))
        run = draft.chance.choice((None, jobs[0]["run"]))
        draft.settings["EXECUTOR_CALLBACK_TIMEOUT_MS"] = draft.chance.choice((700, 5000))
        draft.settings["EXECUTOR_FLUSH_SECS"] = draft.chance.choice((1, 20))
        draft.rule("silent", kind=kind, run=run, times=-1)
    draft.redelivery()


def keys(draft):
    """The key set is fetched, from an API that has bad moments."""
    faults = draft.chance.choice(([], [503], ["reset"], [500, "reset"], [503] * 40))
    draft.more["keys"] = faults
    draft.batch(5, deadline=draft.chance.choice((2.5, 60.0)) if len(faults) < 9 else 3.0)
    draft.redelivery()


def runtime(draft):
    """The Runtime API itself misbehaves."""
    draft.more["next"] = draft.chance.sample(("reset", "empty", 502, "reset"), draft.chance.randint(0, 3))
    answers = (None, None, 400, 403, 410, 413, "reset")
    for number in range(3):
        deadline_text = draft.chance.choice((None, "0", "600000", "nonsense", "99999999999999"))
        draft.batch(4, deadline=draft.chance.choice((60.0, deadline_text)),
                    answer=draft.chance.choice(answers))
        if number > 0 and draft.chance.random() < 0.4:
            draft.invocations[-1]["away"] = draft.chance.choice((0.05, 0.3, 1.0))


def managed(draft):
    """Several invocations at once, as Lambda Managed Instances send them; some answers are refused."""
    draft.settings["AWS_LAMBDA_MAX_CONCURRENCY"] = draft.chance.choice((2, 3, 4))
    draft.more["managed"] = True
    for _ in range(draft.chance.randint(2, 5)):
        jobs = draft.batch(4, deadline=draft.chance.choice((4.0, 60.0)), fifo=False,
                           answer=draft.chance.choice((None, None, None, 410, 413)))
        for _ in range(draft.chance.randint(0, 3)):
            draft.transient(draft.chance.choice(jobs)["run"])
    if draft.chance.random() < 0.5:  # a visibility timeout that was too short
        again = dict(draft.invocations[0]["jobs"][0], group="")
        draft.invocations[1]["jobs"] = draft.invocations[1]["jobs"][:9] + [again]
    if draft.chance.random() < 0.5:
        hanging = draft.invocations[0]["jobs"][0]["run"]
        draft.rule("silent", kind=draft.chance.choice(("running", "events", "end")), run=hanging, times=-1)
    draft.redelivery()


THEMES = (calm, flaky, broken_for_good, refused, over, unknown, contents, slow, gone, network,
          deadline, keys, runtime, flaky, deadline, managed)


def of(seed):
    draft = Draft(seed)
    theme = THEMES[seed % len(THEMES)]
    theme(draft)
    return draft.script() | {"theme": theme.__name__}
