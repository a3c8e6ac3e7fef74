"""Divide the post of an app into the alerts that stand and those that are over.

A post may list both; an app may say only in its middle, or by its colour, that an alert is over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from intents.alerts.labels import EMOJI, is_labelled_cleared

RESOLVED: Final = "[RESOLVED]"
FIRING: Final = "[FIRING]"
# The title of a post that lists both.
_BOTH: Final = re.compile(r"(?i)\[(?:firing|alerting)[^\]]*resolved[^\]]*\]")
_FIRES: Final = re.compile(
    rf"(?i)^{EMOJI}(?:\[(?:firing|alerting|triggered)\b[^\]]*\]|(?:re-)?triggered\*?:? |firing`)"
)
# Below the first line only this says that an alert is over: "[OK]" may be a line of a log.
_ENDED: Final = re.compile(
    rf"(?i)^{EMOJI}(?:\[(?:resolved|recovered|已恢复|恢复)\b[^\]]*\]|【[^】]*(?:恢复|解除)】|resolved`)"
)
# The heading of a list: "**Firing**", "2 firing:", "Alerts Resolved:", ":white_check_mark: Resolved (2)".
_HEADING: Final = re.compile(
    rf"(?i)^{EMOJI}(?:\d{{1,4}} |alerts? )?(?P<state>firing|alerting|resolved|recovered)"
    r"(?: alerts?)?[^\w#(\[]{0,6}(?:[(\[]\d{1,4}[)\]]\W{0,6})?$"
)
# "*Status:* `resolved`", "Status: resolved :tada: (on the source)": what an app says that passes on another's post.
_STATUS: Final = re.compile(
    r"(?i)^[\W_]{0,8}(?:current |alert |incident )?(?:status|state|(?:告警|当前)?状态)[\s*_]{0,3}[:=：][\W_]{0,8}"
    r"(?::[\w+-]{1,40}:\W{0,4})?"
    r"(?P<state>firing|triggered|alerting|active|acknowledged|resolved|recovered|closed|ok|触发|告警中?|已?恢复|已解决)"
    r"(?:\W{0,4}:[\w+-]{1,40}:)?\W{0,8}(?:\(on the source\))?$"
)
# What other posts than alerts may have the status of: a pull request, a health check.
_ALERT: Final = re.compile(r"(?i)alert|incident|firing")
_STANDS: Final = frozenset({"firing", "alerting", "triggered", "active", "acknowledged", "触发", "告警", "告警中"})
# A post that is over as a whole says so in its first lines.
_HEAD: Final = 4
_SEPARATOR: Final = re.compile(r"^[\W_]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostStates:
    """A post's text about alerts that stand, and that about alerts that are over; "" where there is none.

    `over` begins with a label that says so.
    """

    standing: str = ""
    over: str = ""


def states_in(text: str) -> PostStates:
    """Return the two parts of an app's post."""
    lines = text.splitlines()
    said = {match["state"].lower() for line in lines if (match := _STATUS.match(line))}
    if not _ALERT.search(text):
        said -= {"ok", "closed"}
    if said and not said & _STANDS:
        return PostStates(over=_labelled(text))
    parts = _by_status(lines) if said - _STANDS else _by_heading(lines)
    above = [line for is_over, line in parts if is_over is None]
    standing = [line for is_over, line in parts if is_over is False]
    over = [line for is_over, line in parts if is_over]
    if not any(line.strip() for line in over):
        return PostStates(standing=text)
    if any(line.strip() for line in standing):
        return PostStates(standing="\n".join([*above, *standing]), over=_labelled("\n".join(over)))
    if sum(1 for line in above if line.strip()) >= _HEAD:
        # A long text that mentions the end of an alert far below is about something else.
        return PostStates(standing=text)
    return PostStates(over=_labelled(text))


def _labelled(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return text if is_labelled_cleared(first) else f"{RESOLVED} {text.lstrip()}"


def _by_heading(lines: Sequence[str]) -> list[tuple[bool | None, str]]:
    """Return each line with whether it is about an alert that is over: None above the first that tells."""
    state: bool | None = None
    parts: list[tuple[bool | None, str]] = []
    for line in lines:
        is_first = not any(above.strip() for _, above in parts[:_HEAD])
        if heading := _HEADING.match(line.strip()):
            state = heading["state"].lower() not in _STANDS
        elif _ENDED.match(line.strip()) or (is_first and is_labelled_cleared(line)):
            state = True
        elif _FIRES.match(line.strip()) and not _BOTH.search(line):
            state = False
        parts.append((state, line))
    return parts


def _by_status(lines: Sequence[str]) -> list[tuple[bool | None, str]]:
    """Return each line as `_by_heading` does, for a text whose paragraphs tell their alert's status."""
    state: bool | None = None
    parts: list[tuple[bool | None, str]] = []
    for _, group in groupby(lines, key=lambda line: bool(_SEPARATOR.match(line))):
        paragraph = list(group)
        states = [match["state"].lower() for line in paragraph if (match := _STATUS.match(line))]
        if states:
            state = states[-1] not in _STANDS
        parts += [(state, line) for line in paragraph]
    return parts
