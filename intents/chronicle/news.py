"""Summarise in a few lines what a person has missed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intents.chronicle.facts import Fact, FactKind, IncidentStatus, Role, in_order
from intents.chronicle.summary import NextStep, RoleHolder, summary_of
from intents.chronicle.timeline import TimelineEntry, timeline_of

MOST_LINES: Final = 8
# Order of importance if there is little room: decisions and findings come before questions and links.
_WORTH: Final = (
    (FactKind.STATUS, FactKind.PINNED),
    (FactKind.DECISION, FactKind.REMEDY, FactKind.HYPOTHESIS, FactKind.HANDOVER),
    (FactKind.REPORT, FactKind.ROLE, FactKind.DEPLOY, FactKind.ALERT, FactKind.ERROR),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The news after `since` (None: all), in at most `MOST_LINES` entries, oldest first.

    The most important and newest entries are kept; `left_out` counts the others. `status` is the current one, new or
    not.

    `impact` and `cause` are the current ones; a person who has read the channel before gets them only if they are new.
    """

    since: datetime | None
    status: IncidentStatus
    said: Fact | None
    status_since: datetime
    lines: tuple[TimelineEntry, ...] = ()
    left_out: int = 0
    commander: RoleHolder | None = None
    next_step: NextStep | None = None
    impact: Fact | None = None
    cause: TimelineEntry | None = None


def news_since(facts: Iterable[Fact], *, opened: datetime, since: datetime | None, now: datetime) -> News:
    """Return the news at `now`, independent of the order of the facts.

    The newest entry is always included.
    """
    ordered = in_order(facts)
    summary = summary_of(ordered, name="", opened=opened, now=now)
    moments = timeline_of(fact for fact in ordered if since is None or fact.at > since)
    newest = max(moments, key=lambda moment: (moment.last, moment.fact.key), default=None)
    by_worth = sorted(
        moments,
        key=lambda moment: (moment is not newest, _worth(moment.fact), -moment.last.timestamp(), moment.fact.key),
    )
    kept = by_worth[:MOST_LINES]
    return News(
        since=since,
        status=summary.status,
        said=summary.said,
        status_since=summary.since,
        lines=tuple(sorted(kept, key=lambda moment: (moment.at, moment.fact.key))),
        left_out=len(moments) - len(kept),
        commander=next((each for each in summary.roles if each.role is Role.COMMANDER), None),
        next_step=summary.next_step,
        impact=_if_new(summary.impact.current, since),
        cause=summary.cause if summary.cause and _if_new(summary.cause.fact, since) else None,
    )


def _if_new(fact: Fact | None, since: datetime | None) -> Fact | None:
    return fact if fact is not None and (since is None or fact.at > since) else None


def _worth(fact: Fact) -> int:
    if fact.by_hand:
        return 0
    return next((rank for rank, kinds in enumerate(_WORTH) if fact.kind in kinds), len(_WORTH))
