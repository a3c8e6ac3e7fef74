"""Read the setting of the reports: when, to which channel, and about what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from croniter import CroniterError, croniter

_FIELDS: Final = 5
_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,}")
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_EVERYTHING: Final = "*"
EXPECTED: Final = "CRON CHANNEL [NAMESPACE,…] [CLUSTER], such as 0 8 * * 1-5 C0123ABCD shop,till; separated by ;"


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
        due: datetime = croniter(self.cron, now.astimezone(UTC)).get_prev(datetime)
        return due


def parse_reports(text: str) -> tuple[ReportSchedule, ...]:
    """Parse the setting. Raise ValueError with what is expected."""
    return tuple(_schedule(part.split()) for part in re.split(r"[;\n]", text) if part.strip())


def _schedule(words: list[str]) -> ReportSchedule:
    cron, (channel, *about) = " ".join(words[:_FIELDS]), words[_FIELDS:] or [""]
    namespaces = tuple(filter(None, (about[0] if about else _EVERYTHING).split(",")))
    namespaces = () if namespaces == (_EVERYTHING,) else namespaces
    if not _CHANNEL.fullmatch(channel) or len(about) > 2 or not all(map(_NAMESPACE.fullmatch, namespaces)):
        raise ValueError(EXPECTED)
    schedule = ReportSchedule(cron=cron, channel=channel, namespaces=namespaces, cluster="".join(about[1:]))
    try:
        schedule.last_due(datetime.now(UTC))
    except CroniterError as error:
        raise ValueError(f"{EXPECTED}; {cron} never comes") from error
    return schedule
