"""expected: what a flow of flows/ may tell the API, given its input.

A run's marks are numbered in each branch, so that order, gaps and ends can be seen from outside.
"""


def marks(job):
    """How many marks of each branch a run of this job emits when it gets to its end."""
    payload = job["payload"]
    if job["flow"] == "work":
        return {"main": payload["events"]} if payload["events"] else {}
    if job["flow"] == "steps":
        branches = {"b%d" % (i + 1): 3 for i in range(payload["branches"])}
        return {"main": 3} | branches
    return {"main": 4}


def may_complete(job):
    if job["flow"] == "work":
        return isinstance(job["payload"]["events"], int) and not job["payload"]["fail"]
    return job["flow"] in ("steps", "sleepy")


# The code of the error that ends a run of this job whatever happens around it.
OWN_ENDS = {
    "spin": ("limit.instructions",),
    "bomb": ("limit.memory",),
    "broken": ("run.missing",),
    "nowhere": ("flow.unknown",),
    "brief": ("timeout",),
}


def own_codes(job):
    """Prefixes of the codes with which a run of this job may fail by itself."""
    if job["flow"] == "work":
        if not isinstance(job["payload"]["events"], int):
            return ("input.invalid",)
        return ("by.design",) if job["payload"]["fail"] else ()
    return OWN_ENDS.get(job["flow"], ())


def may_be_late(job):
    """It sleeps, so a deadline may find it at work however fast the machine is."""
    return job["flow"] in ("sleepy", "brief")
