"""How an incident stands: made anew from its facts each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intents.chronicle.facts import Fact, Role, Standing
from intents.chronicle.timeline import Moment
from intents.domain import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """An object that is affected, and the newest fact that says so."""

    subject: ObjectRef
    cluster: str
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """`objects` newest first; `clusters` and `namespaces` sorted. `reports` are what people said is broken."""

    objects: tuple[Affected, ...] = ()
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    reports: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has a role, and the fact that says so."""

    role: Role
    user: str
    fact: Fact


class NextKind(StrEnum):
    DECISION = "decision"  # decided and not yet done
    OFFERED = "offered"  # what the leading diagnosis offers: `fact.offers`
    QUESTION = "question"  # open


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    kind: NextKind
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`status` holds `since` then, by the fact `said` (None: nobody has said, it is being investigated).

    Hypotheses are those of the catalog and of people, the surest first, each as its newest fact (`Moment.also` the
    others); `done` are remedies by our buttons, `decisions` what people did or do; `errors` are pasted errors and alerts
    by template, the newest first. All else is oldest first. `people` are user ids in order of their first fact.
    Times are None where nothing tells them: detected is the first report, alert or error; mitigated and resolved are
    those of the last time, None again once it was reopened.
    """

    name: str
    opened: datetime
    now: datetime
    status: Standing = Standing.INVESTIGATING
    since: datetime
    said: Fact | None = None
    impact: Impact = Impact()
    leading: Moment | None = None
    others: tuple[Moment, ...] = ()
    ruled_out: tuple[Moment, ...] = ()
    done: tuple[Fact, ...] = ()
    decisions: tuple[Moment, ...] = ()
    errors: tuple[Moment, ...] = ()
    deploys: tuple[Fact, ...] = ()
    questions: tuple[Fact, ...] = ()
    links: tuple[Fact, ...] = ()
    pinned: tuple[Fact, ...] = ()
    roles: tuple[Holder, ...] = ()
    people: tuple[str, ...] = ()
    next_step: NextStep | None = None
    detected_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None


def summary_of(facts: Iterable[Fact], *, name: str, opened: datetime, now: datetime) -> Summary:
    """The summary at `now`; the same whatever the order of the facts."""
    raise NotImplementedError
