"""Read the settings of scheduled reports and of the watch: which channel hears about which namespaces, and when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,}")
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_EVERYTHING: Final = "*"


def parts_of(text: str) -> list[list[str]]:
    """Return the words of each part of a setting whose parts are separated by semicolons or lines."""
    return [part.split() for part in re.split(r"[;\n]", text) if part.strip()]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPlace:
    """A channel and the place that is reported to it: without `namespaces` the whole cluster.

    `cluster` is "" for the default cluster.
    """

    channel: str
    namespaces: tuple[str, ...] = ()
    cluster: str = ""


def parse_place(words: Sequence[str], *, expected: str) -> WatchedPlace:
    """Return the place. Raise ValueError with what is expected."""
    channel, about = words[0] if words else "", words[1:]
    namespaces = tuple(filter(None, (about[0] if about else _EVERYTHING).split(",")))
    namespaces = () if namespaces == (_EVERYTHING,) else namespaces
    if not _CHANNEL.fullmatch(channel) or len(about) > 2 or not all(map(_NAMESPACE.fullmatch, namespaces)):
        raise ValueError(expected)
    return WatchedPlace(channel=channel, namespaces=namespaces, cluster="".join(about[1:]))


_FIELDS: Final = 5
_REPORTS_EXPECTED: Final = (
    "CRON CHANNEL [NAMESPACE,…] [CLUSTER], such as 0 8 * * 1-5 C0123ABCD shop,till; separated by ;"
)

_FEEDBACK_EXPECTED: Final = "CRON CHANNEL, such as 0 8 * * 1 C0123ABCD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSchedule:
    """A report that one channel gets. `cron` has five fields, in UTC; no `namespaces` means the whole cluster."""

    cron: str
    channel: str
    namespaces: tuple[str, ...] = ()
    cluster: str = ""

    @property
    def key(self) -> str:
        """Return what two reports of the same content and channel have in common, however often they come."""
        return f"{self.channel}/{self.cluster}/{','.join(self.namespaces)}"

    def last_due(self, now: datetime) -> datetime:
        """Return when the report was due last."""
        from croniter import croniter  # noqa: PLC0415 - every command reads the settings; few have a report

        due: datetime = croniter(self.cron, now.astimezone(UTC)).get_prev(datetime)
        return due


def parse_reports(text: str) -> tuple[ReportSchedule, ...]:
    """Parse the setting. Raise ValueError with what is expected."""
    return tuple(_schedule(words, expected=_REPORTS_EXPECTED) for words in parts_of(text))


def parse_feedback_report(text: str) -> ReportSchedule | None:
    """Parse the setting of the feedback report; None if it is empty. Raise ValueError with what is expected."""
    words = text.split()
    if not words:
        return None
    schedule = _schedule(words, expected=_FEEDBACK_EXPECTED)
    if len(words) != _FIELDS + 1:
        raise ValueError(_FEEDBACK_EXPECTED)
    return schedule


def _schedule(words: list[str], *, expected: str) -> ReportSchedule:
    cron = " ".join(words[:_FIELDS])
    place = parse_place(words[_FIELDS:], expected=expected)
    schedule = ReportSchedule(cron=cron, channel=place.channel, namespaces=place.namespaces, cluster=place.cluster)
    try:
        schedule.last_due(datetime.now(UTC))
    except ValueError as error:  # a CroniterError
        raise ValueError(f"{expected}; {cron} never comes") from error
    return schedule


_WATCH_EXPECTED: Final = (
    "CHANNEL NAMESPACE,… [CLUSTER], such as C0123ABCD shop,till; * for the whole cluster; separated by ;"
)


def parse_watch(text: str) -> tuple[WatchedPlace, ...]:
    """Parse the setting. Raise ValueError with what is expected."""
    places = []
    for words in parts_of(text):
        # The whole cluster must be asked for: a watch of everything is not what a forgotten word means.
        if len(words) < 2:
            raise ValueError(_WATCH_EXPECTED)
        places.append(parse_place(words, expected=_WATCH_EXPECTED))
    return tuple(places)
