"""Decide what to remind an incident channel of: a missing status, an unanswered question, an action without owner.

After a mitigation nothing is urgent: what is still open then is in the summary and in the postmortem.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from intents.chronicle.facts import Fact, Role
from intents.chronicle.summary import Summary
from intents.chronicle.tracked_actions import OVER

# A channel where nobody wrote for so long gets no reminder.
ACTIVE_WITHIN: Final = timedelta(hours=1)
_STATUS_AFTER: Final = timedelta(minutes=20)
_OPEN_AFTER: Final = timedelta(minutes=10)
# What was asked or planned so long ago was overtaken by other things, even if nobody said so.
_OVERTAKEN_AFTER: Final = timedelta(hours=2)
_MOST: Final = 4


class OpenKind(StrEnum):
    """The kind of a thing that is open."""

    STATUS = "status"
    QUESTION = "question"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenThing:
    """A thing that is open since a time; `key` stays the same until it is closed.

    `fact` is the last stated status (None if none was stated), the question, or the action in its clearest words.
    """

    kind: OpenKind
    key: str
    since: datetime
    fact: Fact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """A reminder of `things`; `commander` is a user id, or "" for nobody known."""

    things: tuple[OpenThing, ...]
    commander: str = ""


def open_things(summary: Summary) -> tuple[OpenThing, ...]:
    """Return what has been open for too long, reminded of before or not, the missing status first."""
    return () if summary.status in OVER else (*_status(summary), *sorted(_open(summary), key=lambda one: one.since))


def nudge_of(summary: Summary, *, active: datetime, nudged: Collection[str]) -> Nudge | None:
    """Return the reminder of what is open and not yet among the keys `nudged`; None for nothing.

    `active` is when somebody last wrote in the channel.
    """
    things = tuple(one for one in open_things(summary) if one.key not in nudged)[:_MOST]
    if not things or summary.now - active > ACTIVE_WITHIN:
        return None
    commander = next((holder.user for holder in summary.roles if holder.role is Role.COMMANDER), "")
    return Nudge(things=things, commander=commander)


def _status(summary: Summary) -> Iterator[OpenThing]:
    said = summary.restated
    since = said.at if said else summary.detected_at or summary.opened
    if summary.now - since >= _STATUS_AFTER:
        yield OpenThing(kind=OpenKind.STATUS, key=f"status:{said.key if said else ''}", since=since, fact=said)


def _open(summary: Summary) -> Iterator[OpenThing]:
    asked = ((OpenKind.QUESTION, fact, fact) for fact in summary.questions)
    unowned = ((OpenKind.ACTION, action.facts[0], action.said) for action in summary.open_actions if not action.owner)
    for kind, first, said in (*asked, *unowned):
        if _OPEN_AFTER <= summary.now - first.at <= _OVERTAKEN_AFTER:
            yield OpenThing(kind=kind, key=first.key, since=first.at, fact=said)
