"""Tell what a server that runs says is wrong with itself: an alarm, a full disk, a lost majority. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.log_causes import class_of
from bot.kube.log_failures import LogFailure, failure_of, lately, signature_of, weight_in, with_request
from bot.kube.log_records import LogRecord, Severity
from bot.kube.objects import grouped

# What a server says once of itself, and what holds from then on: an alarm, a lost majority, a member that was expelled.
_STANDING: Final = re.compile(
    r"""(?ix)\balarm\b.{0,40}\bset\b | \b(?:in(?:to)?|as|is)\ (?:super[ -])?read[ -]only\b | \bsealed\b | \bexpelled\b
      | \bquorum\b | \bmajority\b | \bdemoted?\b | \bunder-?replicated | \bleader\ lock\b | \bin-sync\b
      | \bmin\.isr\b | \bwatermark\b.{0,40}\bexceeded\b | \btombstones\b | \bmaximum\b.{0,30}\bopen\b
      | \bdata\ loss\b | \bcorrupt | \bleak\ detect | \blicen[cs]e\b.{0,40}\bexpired\b
      | \bno\ (?:server|host|node|broker|member)s?\ (?:is\ )?available\b | "\ 50\d\ (?-i:UO)\b | \{overflow\}"""
)
# All of it is over, or one alarm.
_OVER: Final = re.compile(
    r"(?i)\bunsealed\b|\bre-?joined\b|\bback to normal\b|\bready to accept connections\b|\bno longer exceeded\b"
    r"|\breleasing read-only\b"
)
_ALARM: Final = re.compile(r"(?i)\balarm\b.{0,40}\b(?:set|cleared?)\b")
_CHANGED: Final = re.compile(r"(?i)\b(?:set|cleared?)\b|\d+")
# What a client did, which its own log tells better.
_OF_CLIENT: Final = re.compile(r"(?i)\bclient\b|\bduplicate key\b|\buser request\b")
_STATES: Final = frozenset({"full", "read-only"})
# A state tells more than an error in no known words, and less than one in the words of the system.
_OF_STATE: Final = 0.4
_MOST: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A trouble that a running server reports. `tells` weighs it; `of_state`: the server is in it, not one request."""

    failure: LogFailure
    tells: float
    of_state: bool


def reports_in(log: Iterable[LogRecord], ages: Sequence[int]) -> tuple[Report, ...]:
    """Return what a server lately said is wrong, at most four, the most telling first; `ages` as in `repeats_in`.

    What it says once counts until it says that it is over.
    """
    records = list(map(with_request, log))
    groups = sorted(
        grouped(_told(records, ages), signature_of).values(), key=lambda each: (-_tells(each[-1]), each[0].number)
    )
    return tuple(
        Report(
            failure=failure_of(each[-1], each[-1:], records, repeats=each),
            tells=_tells(each[-1]),
            of_state=_is_state(each[-1]),
        )
        for each in groups[:_MOST]
    )


def _told(records: Sequence[LogRecord], ages: Sequence[int]) -> list[LogRecord]:
    late = lately(records, ages)
    over = max((each.number for each in late if _OVER.search(each.says)), default=0)
    # The last that was said of an alarm counts.
    alarms = {_CHANGED.sub("", each.says): each for each in late if _ALARM.search(each.says)}
    return [
        each
        for each in late
        if each.number > over and _is_reported(each)
        if not _ALARM.search(each.says) or "clear" not in alarms[_CHANGED.sub("", each.says)].says.lower()
    ]


def _is_reported(record: LogRecord) -> bool:
    """Tell whether a record may report what is wrong with the server, rather than what a client did."""
    if not record.severity or class_of(record.says) == "reset" or _OF_CLIENT.search(record.says):
        return False
    return record.severity >= Severity.ERROR or bool(class_of(record.says)) or _is_state(record)


def _tells(record: LogRecord) -> float:
    return weight_in(record) + _OF_STATE * _is_state(record)


def _is_state(record: LogRecord) -> bool:
    return class_of(record.says) in _STATES or _STANDING.search(record.says) is not None
