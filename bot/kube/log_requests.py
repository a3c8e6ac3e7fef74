"""Read lines of access logs: the requests that a server or proxy could not answer, and what it says of why.

Proxies write no errors where they fail: the status, the flags of Envoy ("UF", "UH") or the state of HAProxy ("SC--")
tell it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_METHODS: Final = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE"
# Requests as programs quote them; the status follows, except in the log of HAProxy.
REQUEST: Final = re.compile(rf'"(?:{_METHODS}) \S*(?: HTTP/[\d.]+)?"')
_ANSWERED: Final = re.compile(rf"{REQUEST.pattern}:? (?P<status>\d{{3}})\b(?P<rest>.*)")
# Flags, details, how the connection ended and why the transport failed, as Envoy writes them after the status.
_FLAGS: Final = re.compile(r" (?P<flags>[A-Z]{2,5}(?:,[A-Z]{2,5})*)\b(?: (?P<details>[a-z]\w+(?:\{[^}]*\})?))?")
_REASON: Final = re.compile(r'^ [A-Z]{2,5}\S* \S+ \S+ "(?P<reason>[^"-][^"]*)"')
# The server, the status, and who ended the session in which state: "SC--", the server while it was connected to.
_HAPROXY: Final = re.compile(
    r" (?P<server>[^\s/]+/[^\s/]+) [-\d/+]+ (?:(?P<status>-1|\d{3}) )?\+?\d+ (?:\S+ \S+ )?"
    r"(?P<state>[\w-]{2}(?:[\w-]{2})?) \d+/\d+/"
)
# Neither a client that went away nor a session that ended well.
_HAPROXY_FAILED: Final = re.compile(r"[SPLRIDUKs]")
_STATUS: Final = re.compile(r'"(?:response_code|status|status_code|DownstreamStatus)"\s*:\s*"?(?P<status>\d{3})\b')
_METHOD: Final = re.compile(r'"(?:method|RequestMethod)"\s*:\s*"(?P<value>[A-Z]+)"')
_PATH: Final = re.compile(r'"(?:path|RequestPath|uri)"\s*:\s*"(?P<value>[^"\s]+)"')
_TOLD: Final = re.compile(
    r'"(?:response_flags|response_code_details|upstream_transport_failure_reason)"\s*:\s*"(?P<value>[^"]{2,})"'
)
# Of the requests in question so many must have failed alike: one in twenty.
_SHARE: Final = 20


def is_request(line: str) -> bool:
    """Tell whether a line is of an access log."""
    return bool(_ANSWERED.search(line) or _HAPROXY.search(line) or (line.startswith("{") and _STATUS.search(line)))


def failed_request(line: str) -> str:
    """Return what an access log says of a request that the server or what it asks failed to answer, "" of others."""
    if line.startswith("{"):
        return _structured(line)
    if state := _HAPROXY.search(line):
        if not (_HAPROXY_FAILED.match(state["state"]) or _is_failure(state["status"] or "")):
            return ""
        asked = REQUEST.search(line)
        parts = (state["status"], state["state"], f"from {state['server']}", asked[0] if asked else "")
        return " ".join(filter(None, parts))
    found = _ANSWERED.search(line)
    if found is None or not _is_failure(found["status"]):
        return ""
    flags, reason = _FLAGS.match(found["rest"]), _REASON.search(found["rest"])
    told = [*(flags.groups() if flags else ()), reason["reason"] if reason else ""]
    return " ".join(filter(None, (line[found.start() : found.start("rest")], *told)))


def _structured(line: str) -> str:
    status, method, path = (pattern.search(line) for pattern in (_STATUS, _METHOD, _PATH))
    if status is None or not _is_failure(status["status"]):
        return ""
    asked = (f'"{method["value"]} {path["value"]}"',) if method and path else ()
    return " ".join((*asked, status["status"], *(each["value"] for each in _TOLD.finditer(line))))


def _is_failure(status: str) -> bool:
    return status.startswith("5")


def is_widespread(failed: Sequence[str], lines: Sequence[str]) -> bool:
    """Tell whether these lines are no failed requests, or so many that a failure is no exception among the requests."""
    return not failed_request(failed[0]) or len(failed) * _SHARE >= sum(map(is_request, lines))
