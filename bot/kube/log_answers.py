"""Find the HTTP server whose failure a client logs: its host, and the status from 500 up that it answered with. Pure.

A line of a server's own access log names no such host, or only its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.kube.log_causes import Peer, is_own, peer_in
from bot.kube.log_requests import is_request

_URL: Final = re.compile(r"(?i)\bhttps?://[^\s\"'`<>,;)\]}]+")
# How clients write the status: before it, or the words of the standard behind it. Not "took 503ms".
_STATUS: Final = re.compile(
    r"""(?ix)
    (?: \b(?:status|code)(?:[ _-]?code)?["'\s]{0,3}[:=]?\s*(?:of\s|is\s|was\s)?["'(]?
      | \bHTTP(?:/\d(?:\.\d)?)?(?:\s|[ _]error\W{1,2}) | (?:->|=>|→)\s*
      | \b(?:return(?:ed|s)?|respond(?:ed|s)?(?:\swith)?|answer(?:ed|s)?(?:\swith)?|got|received
          |failed(?:\swith)?|error)
        [\s:]{1,2}(?:an?\s)?(?:HTTP\s)?
      | (?:返回|状态码|响应码?)[\s:：为是]{0,2}
    )(?P<told>5\d\d)\b(?![.\d]|\s?(?:m?s|µs|us|bytes|[KM]i?B)\b)
    | \b(?P<worded>5\d\d)\b[\s(\[:"-]{1,2}
      (?:Internal\ Server\ Error|Not\ Implemented|Bad\ Gateway
        |Service\ (?:Temporarily\ )?Unavailable|Gateway\ Time-?out|Server\ Error)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAnswer:
    """An answer that told a client that the server failed."""

    server: Peer
    status: str


def failed_answer(lines: Iterable[str]) -> FailedAnswer | None:
    """Return the first such answer that lines of a client's log tell, all of one message; None without a host."""
    text = "\n".join(line for line in lines if line.startswith("{") or not is_request(line))
    urls = _URL.findall(text)
    found = _STATUS.search(_URL.sub(" ", text)) if urls else None
    server = peer_in(urls[:1]) if found else Peer()
    if found is None or not server.host or is_own(server):
        return None
    return FailedAnswer(server=server, status=found["told"] or found["worded"])
