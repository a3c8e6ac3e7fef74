"""Read the setting of the reports: when, to which channel, and about what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.settings.places import parse_place, parts_of

_FIELDS: Final = 5
EXPECTED: Final = "CRON CHANNEL [NAMESPACE,…] [CLUSTER], such as 0 8 * * 1-5 C0123ABCD shop,till; separated by ;"

FEEDBACK_EXPECTED: Final = "CRON CHANNEL, such as 0 8 * * 1 C0123ABCD"


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
    return tuple(map(_schedule, parts_of(text)))


def parse_feedback_report(text: str) -> ReportSchedule | None:
    """Parse the setting of the feedback report; None if it is empty. Raise ValueError with what is expected."""
    words = text.split()
    if not words:
        return None
    try:
        schedule = _schedule(words)
    except ValueError as error:
        raise ValueError(str(error).replace(EXPECTED, FEEDBACK_EXPECTED)) from error
    if len(words) != _FIELDS + 1:
        raise ValueError(FEEDBACK_EXPECTED)
    return schedule


def _schedule(words: list[str]) -> ReportSchedule:
    cron = " ".join(words[:_FIELDS])
    channel, namespaces, cluster = parse_place(words[_FIELDS:], expected=EXPECTED)
    schedule = ReportSchedule(cron=cron, channel=channel, namespaces=namespaces, cluster=cluster)
    try:
        schedule.last_due(datetime.now(UTC))
    except ValueError as error:  # a CroniterError
        raise ValueError(f"{EXPECTED}; {cron} never comes") from error
    return schedule
