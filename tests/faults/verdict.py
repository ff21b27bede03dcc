"""verdict: what an answer of the API proves, by section 4 of the design; written apart from src/answer.c.

accept, over (the run is terminal for the API), unknown (progress: 404 NOT_FOUND, no run rows),
again, broken (again, but the contents may be to blame), unacceptable (the contents will not do),
refused (for good).
"""

import json

GOING_ON = ("pending", "running")


def _parsed(body):
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError:
        return None


def _success(parsed):
    if parsed is None:
        return "again"  # a page of a proxy proves nothing
    if isinstance(parsed, dict) and parsed.get("accepted") is False:
        return "again" if str(parsed.get("status")).lower() in GOING_ON else "over"
    return "accept"


def of(kind, status, body):
    parsed = _parsed(body)
    error = parsed.get("error") if isinstance(parsed, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    if 200 <= status < 300:
        return _success(parsed)
    if status in (408, 425, 429):
        return "again"
    if 500 <= status < 600:
        return "broken"
    if kind != "events" and status == 404 and code == "NOT_FOUND":
        return "unknown"
    if kind == "events" and (status in (413, 422) or status == 400 and code is None):
        return "unacceptable"
    return "refused"
