"""history: what happened, as plain data: the rig writes it down, laws.py judges it.

All times are seconds of one monotonic clock. Nothing here is taken from the program's own words but
the bytes it sent: a request is what arrived, its verdict is what our API answered.
"""

import dataclasses
import json
import re
from typing import Any, Optional

KEY = re.compile(r"^(?P<delivery>[0-9a-f]{32})-(?:(?P<first>\d+)-(?P<last>\d+)(?P<instead>-r)?|p\d+|end)$")
TERMINAL = ("Completed", "Failed", "Cancelled", "Timeout")


@dataclasses.dataclass
class Request:
    """One request to the callback API."""

    at: float
    kind: str  # events, running, progress, end; "odd" when it is none of these
    run: str
    key: str = ""
    body: Any = None
    size: int = 0
    fault: str = ""  # what the script did to it
    processed: bool = False  # the API took it, whatever was answered
    status: int = 0  # answered; 0: no whole answer
    verdict: str = "again"  # what that answer means, by verdict.py
    ended: Optional[float] = None  # answered, or the client hung up
    hung_up: bool = False  # the client left before it had its answer
    sure: bool = False  # the client cannot have missed the answer
    retry_after: float = 0.0  # seconds that the answer asked for

    def __post_init__(self):
        match = KEY.match(self.key)
        self.delivery = match["delivery"] if match else ""
        self.first = int(match["first"]) if match and match["first"] else 0
        self.last = int(match["last"]) if match and match["last"] else 0
        self.instead = bool(match and match["instead"])

    @property
    def events(self):
        if self.kind != "events" or not isinstance(self.body, dict):
            return []
        return self.body.get("events", [])


@dataclasses.dataclass
class Record:
    """One SQS record as it was handed out; `job` is the script's description of it."""

    message: str
    run: str
    job: dict
    receives: int = 1
    group: str = ""
    twin_of: str = ""  # an earlier record of this batch with the same run


@dataclasses.dataclass
class Invocation:
    id: str
    records: list
    fifo: bool = False
    given: Optional[float] = None
    deadline: Optional[float] = None
    answered: Optional[float] = None
    kind: str = ""  # response, error
    body: str = ""
    taken: bool = True  # our Runtime API took the answer; False: it was told to refuse it
    lag: float = 0.0  # how long the rig itself was not scheduled meanwhile
    late: float = 0.0  # the same, just before the answer was read
    cut: Optional[float] = None  # the process ended before it answered

    def failures(self):
        """The ids of batchItemFailures, or None when the response has another shape."""
        try:
            answer = json.loads(self.body)
            items = answer["batchItemFailures"]
            if list(answer) != ["batchItemFailures"] or not isinstance(items, list):
                return None
            if any(list(item) != ["itemIdentifier"] for item in items):
                return None
            return [item["itemIdentifier"] for item in items]
        except (ValueError, KeyError, TypeError):
            return None


@dataclasses.dataclass
class Run:
    """A run's row in the API."""

    status: str = "Pending"
    terminals: list = dataclasses.field(default_factory=list)  # accepted terminal statuses
    by: str = ""  # "us" when the program ended it, "user" when somebody else did
    stored: list = dataclasses.field(default_factory=list)  # (delivery, sequence, event)


@dataclasses.dataclass
class History:
    settings: dict
    script: dict
    invocations: list = dataclasses.field(default_factory=list)
    requests: list = dataclasses.field(default_factory=list)
    runs: dict = dataclasses.field(default_factory=dict)
    notes: list = dataclasses.field(default_factory=list)  # what the rig itself saw break a rule
    outages: list = dataclasses.field(default_factory=list)  # (from, until) nobody could reach the API
    log: str = ""
    exit_code: Optional[int] = None
    secrets: list = dataclasses.field(default_factory=list)  # must not stand in the log

    def setting(self, name, default):
        return int(self.settings.get(name, default))
