"""Summarise the state of an incident from its facts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Final

from intents.chronicle.causes import causes_in
from intents.chronicle.facts import (
    AlertState,
    Fact,
    FactKind,
    IncidentStatus,
    QuestionState,
    Role,
    asks,
    in_order,
    is_telling,
)
from intents.chronicle.marks import names_status
from intents.chronicle.timeline import TimelineEntry, entries_of
from intents.chronicle.tracked_actions import OVER, TrackedAction, tracked_actions_in
from intents.domain import ObjectRef

_DETECTING: Final = frozenset({FactKind.REPORT, FactKind.ALERT, FactKind.ERROR})
# Requests and questions about other things do not show what is affected.
_AFFECTING: Final = _DETECTING | {FactKind.HYPOTHESIS, FactKind.REMEDY}
_RULED_OUT: Final = "ruled out"
_NOT_OVER: Final = frozenset({IncidentStatus.INVESTIGATING, IncidentStatus.IDENTIFIED, IncidentStatus.MITIGATING})
# Statuses that a person without a role may not return to; reopening is always possible.
_BEFORE: Final[Mapping[str, frozenset[str]]] = {
    IncidentStatus.MITIGATED: _NOT_OVER,
    IncidentStatus.MONITORING: _NOT_OVER,
    IncidentStatus.RESOLVED: _NOT_OVER | {IncidentStatus.MONITORING},
}
# Watching does not say that the impact is over.
_IMPACT_OVER: Final = OVER - {IncidentStatus.MONITORING}
# So long an announced step stays next while other actions are stated.
_ANNOUNCED_FOR: Final = timedelta(minutes=30)
# Kinds whose words name what the incident is about.
_NAMING: Final = _DETECTING | {FactKind.HYPOTHESIS, FactKind.ACTION, FactKind.QUESTION}
_SHORTEST_NAME: Final = 3
# People say that they speak of another incident than this channel's.
_ANOTHER: Final = re.compile(
    r"\b(?:another|different|separate|second|unrelated) (?:incident|issue|problem|outage)\b"
    r"|\bunrelated (?:but|maybe|probably)\b"
    r"|另一个(?:故障|问题|事故)|两个(?:故障|问题|事故)|(?:不是|非)同一个(?:故障|问题)|别的故障|单独的(?:故障|问题)"
)
# Results of a remedy after which its incident offers nothing more.
_CURED: Final = frozenset({"fixed", "done"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """An affected object and the newest fact about it."""

    subject: ObjectRef
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The impact: `objects` newest first, `clusters` and `namespaces` sorted, `reports` of people.

    `current` is the newest statement about it; None if there is none since the incident was reported as over.
    """

    current: Fact | None = None
    objects: tuple[Affected, ...] = ()
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    reports: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleHolder:
    """The holder of a role and the fact that says so."""

    role: Role
    user: str
    fact: Fact


class NextKind(StrEnum):
    """The source of the next step."""

    ANNOUNCED = "announced"  # people said that it is next, or what they wait for
    ACTION = "action"  # not done yet
    OFFERED = "offered"  # offered by the leading diagnosis: `fact.offers`
    QUESTION = "question"  # an open question


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The next step; `course` is the state of an action, else ""."""

    kind: NextKind
    fact: Fact
    course: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCause:
    """The root cause given at the resolution: `fact` says it, `source` is the fact that it was chosen from.

    `source` is None for a typed cause.
    """

    fact: Fact
    source: Fact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The summary of an incident.

    `status` holds since `since`, stated by the fact `said` (None: not stated), last by `restated`.

    What people say and what the cluster proved stand side by side. `established` is the cause that a person stated,
    `suspected` what people suspect, newest first; `leading` is our leading diagnosis, `proven` are the others: only
    diagnoses of this incident's objects. Each is its newest fact (`TimelineEntry.also` holds the others). `done` are
    remedies by our buttons, `tracked_actions` what people did or do, `errors` pasted errors and alerts by template,
    newest first. Everything else is oldest first. `people` are user ids in order of their first fact.

    `second` are reports of which people say that they are of another incident. `root_cause` was given at the
    resolution. Times are those of the messages `detected_by` (the first report, alert or error), `mitigated_by` and
    `resolved_by`; the latter two are the latest ones, None again after a reopening, and None as long as nobody said so.
    """

    name: str
    opened: datetime
    now: datetime
    status: IncidentStatus = IncidentStatus.INVESTIGATING
    since: datetime
    said: Fact | None = None
    restated: Fact | None = None
    impact: Impact = Impact()
    leading: TimelineEntry | None = None
    proven: tuple[TimelineEntry, ...] = ()
    suspected: tuple[TimelineEntry, ...] = ()
    ruled_out: tuple[TimelineEntry, ...] = ()
    established: TimelineEntry | None = None
    root_cause: RootCause | None = None
    done: tuple[Fact, ...] = ()
    tracked_actions: tuple[TrackedAction, ...] = ()
    errors: tuple[TimelineEntry, ...] = ()
    deploys: tuple[Fact, ...] = ()
    decisions: tuple[Fact, ...] = ()
    comms: tuple[Fact, ...] = ()
    followups: tuple[Fact, ...] = ()
    second: tuple[Fact, ...] = ()
    questions: tuple[Fact, ...] = ()
    links: tuple[Fact, ...] = ()
    pinned: tuple[Fact, ...] = ()
    roles: tuple[RoleHolder, ...] = ()
    people: tuple[str, ...] = ()
    next_step: NextStep | None = None
    detected_by: Fact | None = None
    mitigated_by: Fact | None = None
    resolved_by: Fact | None = None

    @property
    def cause(self) -> TimelineEntry | None:
        """Return what people established, else what the cluster shows, else the newest suspicion."""
        return self.established or self.leading or next(iter(self.suspected), None)

    @property
    def open_actions(self) -> tuple[TrackedAction, ...]:
        return tuple(action for action in self.tracked_actions if action.is_open)

    @property
    def detected_at(self) -> datetime | None:
        """Return the time of the first report."""
        return self.detected_by.at if self.detected_by else None

    @property
    def mitigated_at(self) -> datetime | None:
        """Return the time of the message that says that it is mitigated."""
        return self.mitigated_by.at if self.mitigated_by else None

    @property
    def resolved_at(self) -> datetime | None:
        """Return the time of the message that says that it is resolved."""
        return self.resolved_by.at if self.resolved_by else None


def summary_of(facts: Iterable[Fact], *, name: str, opened: datetime, now: datetime) -> Summary:
    """Return the summary at `now`, independent of the order of the facts."""
    ordered = in_order(facts)
    statuses = list(_statuses(ordered))
    # Repetitions of the current status do not count.
    said = next(iter(_last_run(statuses, {fact.state for fact in statuses[-1:]})), None)
    status = IncidentStatus(said.state) if said and said.state in set(IncidentStatus) else IncidentStatus.INVESTIGATING
    causes = causes_in(ordered)
    proven = [each for each in causes.proven if _is_of_incident(each.fact, ordered)]
    leading = proven[0] if proven else None
    asked = _of(ordered, FactKind.QUESTION) if status is not IncidentStatus.RESOLVED else ()
    questions = tuple(fact for fact in asked if fact.state != QuestionState.ANSWERED and is_telling(fact))
    tracked_actions = tuple(action for action in tracked_actions_in(ordered) if is_telling(action.said))
    detected_by = next((fact for fact in ordered if fact.kind in _DETECTING), None)
    return Summary(
        name=name,
        opened=opened,
        now=now,
        status=status,
        since=said.at if said else detected_by.at if detected_by else opened,
        said=said,
        restated=statuses[-1] if statuses else None,
        impact=_impact(ordered, statuses),
        leading=leading,
        proven=tuple(proven[1:]),
        suspected=causes.standing,
        ruled_out=causes.ruled_out,
        established=causes.established,
        root_cause=_root_cause(ordered, statuses),
        done=_of(ordered, FactKind.REMEDY),
        tracked_actions=tracked_actions,
        errors=_errors(ordered),
        deploys=_of(ordered, FactKind.DEPLOY),
        decisions=_of(ordered, FactKind.DECISION),
        comms=_of(ordered, FactKind.COMMS),
        followups=_of(ordered, FactKind.FOLLOWUP),
        second=tuple(fact for fact in _of(ordered, FactKind.REPORT) if _ANOTHER.search(fact.says.lower())),
        questions=questions,
        links=tuple(fact for fact in ordered if fact.links),
        pinned=tuple(fact for fact in ordered if fact.by_hand or fact.kind is FactKind.PINNED),
        roles=_roles(ordered),
        people=tuple(dict.fromkeys(fact.user for fact in ordered if fact.user)),
        next_step=None if status is IncidentStatus.RESOLVED else _next(ordered, tracked_actions, leading, questions),
        detected_by=detected_by,
        mitigated_by=next((fact for fact in _last_run(statuses, OVER) if fact.state == IncidentStatus.MITIGATED), None),
        resolved_by=next(iter(_last_run(statuses, {IncidentStatus.RESOLVED})), None),
    )


def _is_of_incident(diagnosis: Fact, ordered: Sequence[Fact]) -> bool:
    """Return whether a diagnosis is about what people speak of here: they name its object, or nothing at all."""
    others = [fact for fact in ordered if fact.kind in _NAMING and not fact.incident]
    named = {subject for fact in others for subject in fact.objects}
    if any(_is_same(subject, other) for subject in diagnosis.objects for other in named):
        return True
    says = " ".join(fact.says.lower() for fact in others)
    if any(len(part) >= _SHORTEST_NAME and part in says for one in diagnosis.objects for part in _called(one)):
        return True
    return not named


def _is_same(one: ObjectRef, other: ObjectRef) -> bool:
    if one.namespace and other.namespace and one.namespace != other.namespace:
        return False
    return bool({*_called(one)} & {*_called(other)})


def _called(one: ObjectRef) -> tuple[str, ...]:
    """Return what people call an object: its name, and for a pod the name of its workload."""
    parts = one.name.split("-")
    return tuple("-".join(parts[:length]) for length in range(max(1, len(parts) - 2), len(parts) + 1))


def _of(ordered: Sequence[Fact], kind: FactKind) -> tuple[Fact, ...]:
    return tuple(fact for fact in ordered if fact.kind is kind)


def _statuses(ordered: Iterable[Fact]) -> Iterator[Fact]:
    """Yield the statements about the incident's status.

    Once roles are taken, only a role holder can return to an earlier status, or end the incident in other words than
    "resolved": that others still look for the cause does not undo "mitigated", nor "that works again, closing it".
    """
    holders: set[str] = set()
    before = ""
    for fact in ordered:
        if fact.kind in (FactKind.ROLE, FactKind.HANDOVER):
            holders.add(fact.of)
        if fact.kind is not FactKind.STATUS:
            continue
        is_less = fact.state in _BEFORE.get(before, frozenset()) and not fact.by_hand
        ends = fact.state == IncidentStatus.RESOLVED and not (fact.by_hand or names_status(fact.says))
        if (is_less or ends) and holders and fact.user and fact.user not in holders:
            continue
        yield fact
        before = fact.state


def _last_run(statuses: Sequence[Fact], among: Collection[str]) -> list[Fact]:
    """Return the last unbroken run of these statuses, empty if the current one is different."""
    return [*takewhile(lambda fact: fact.state in among, reversed(statuses))][::-1]


def _root_cause(ordered: Sequence[Fact], statuses: Sequence[Fact]) -> RootCause | None:
    """Return what the last resolution gave as the root cause; None once the incident is reopened."""
    reopened = max((fact.at for fact in statuses if fact.state == IncidentStatus.REOPENED), default=None)
    given = [fact for fact in _of(ordered, FactKind.ROOT_CAUSE) if reopened is None or fact.at > reopened]
    if not given:
        return None
    source = next((fact for fact in ordered if fact.key == given[-1].about), None)
    return RootCause(fact=given[-1], source=source)


def _current_impact(ordered: Sequence[Fact], statuses: Sequence[Fact]) -> Fact | None:
    """Return the newest statement about the impact since somebody said that it is over.

    That is the newest report, else what reopened the incident, else the newest alert that still fires.
    """
    over = next((fact for fact in reversed(statuses) if fact.state in _IMPACT_OVER), None)
    since = [fact for fact in ordered if over is None or fact.at > over.at or (fact.ts and fact.ts == over.ts)]
    reports = [fact for fact in since if fact.kind is FactKind.REPORT]
    if reports:
        return _telling(reports)
    if statuses and statuses[-1].state == IncidentStatus.REOPENED and statuses[-1].key.startswith("m:"):
        return statuses[-1]
    alerts = {fact.about or fact.key: fact for fact in ordered if fact.kind is FactKind.ALERT}
    firing = [fact for fact in alerts.values() if fact.state == AlertState.FIRING and fact in since]
    return max(firing, key=lambda fact: (fact.at, fact.key), default=None)


def _telling(reports: Sequence[Fact]) -> Fact:
    """Return the newest report that says what is broken: not only "same here", nor beside a question if possible."""
    telling = list(filter(is_telling, reports)) or reports
    return next((fact for fact in reversed(telling) if not asks(fact.says)), telling[-1])


def _impact(ordered: Sequence[Fact], statuses: Sequence[Fact]) -> Impact:
    affecting = [fact for fact in ordered if fact.kind in _AFFECTING and fact.state != _RULED_OUT]
    affected: dict[tuple[str, ObjectRef], Affected] = {}
    for fact in affecting:
        for subject in fact.objects:
            affected.pop((fact.cluster, subject), None)
            affected[fact.cluster, subject] = Affected(subject=subject, fact=fact)
    namespaces = {
        subject.name if subject.kind == "Namespace" else subject.namespace
        for _, subject in affected
        if subject.namespace or subject.kind == "Namespace"
    }
    return Impact(
        current=_current_impact(ordered, statuses),
        objects=tuple(reversed(_known_best(affected.values()))),
        clusters=tuple(sorted({fact.cluster for fact in affecting if fact.cluster})),
        namespaces=tuple(sorted(namespaces)),
        reports=_of(ordered, FactKind.REPORT),
    )


def _known_best(affected: Iterable[Affected]) -> list[Affected]:
    """Return each object once, in order; a name first given without namespace or cluster is the same object later."""
    known: dict[tuple[str, str], list[Affected]] = {}
    for one in affected:
        known.setdefault((one.subject.kind, one.subject.name), []).append(one)
    best: list[Affected] = []
    for same in known.values():
        placed = [one for one in same if one.subject.namespace] or same
        places = {one.subject.namespace: one for one in sorted(placed, key=lambda one: bool(one.fact.cluster))}
        best += places.values()
    return sorted(best, key=lambda one: (one.fact.at, one.fact.key))


def _errors(ordered: Sequence[Fact]) -> tuple[TimelineEntry, ...]:
    """Return errors and the current state of alerts: a firing is no news once it is over."""
    moments = entries_of(fact for fact in ordered if fact.kind in (FactKind.ERROR, FactKind.ALERT))
    latest: dict[tuple[str, str], TimelineEntry] = {}
    for moment in sorted(moments, key=lambda moment: (moment.last, moment.fact.key)):
        fact = moment.fact
        is_alert = fact.kind is FactKind.ALERT and fact.about
        latest[("alert", fact.about) if is_alert else ("", fact.key)] = moment
    return tuple(sorted(latest.values(), key=lambda moment: (moment.last, moment.fact.key), reverse=True))


def _roles(ordered: Sequence[Fact]) -> tuple[RoleHolder, ...]:
    """Return the current role holders; a handover without a role covers all roles of its author."""
    holders: dict[str, RoleHolder] = {}
    for fact in ordered:
        if fact.kind not in (FactKind.ROLE, FactKind.HANDOVER) or not fact.of:
            continue
        roles = [fact.role] if fact.role else [role for role, held in holders.items() if held.user == fact.user]
        for role in roles:
            if role in set(Role):
                holders[role] = RoleHolder(role=Role(role), user=fact.of, fact=fact)
    return tuple(holders[role] for role in Role if role in holders)


def _next(
    ordered: Sequence[Fact],
    tracked_actions: Sequence[TrackedAction],
    leading: TimelineEntry | None,
    questions: Sequence[Fact],
) -> NextStep | None:
    """Return the announced step, else the newest pending action, the diagnosis's offer, the newest question."""
    pending = [work for work in tracked_actions if work.is_open]
    newest = max(pending, key=lambda work: (work.last.at, work.last.key), default=None)
    announced = _of(ordered, FactKind.NEXT)
    if announced:
        step, last = announced[-1], newest.last if newest else ordered[-1]
        done = any(work.ended_by and any(fact.ts == step.ts for fact in work.facts) for work in tracked_actions)
        if not done and last.at - step.at <= _ANNOUNCED_FOR:
            return NextStep(kind=NextKind.ANNOUNCED, fact=step)
    if newest:
        return NextStep(kind=NextKind.ACTION, fact=newest.said, course=newest.course)
    cured = {fact.incident for fact in ordered if fact.kind is FactKind.REMEDY and fact.state in _CURED}
    if leading is not None and leading.fact.offers is not None and leading.fact.incident not in cured:
        return NextStep(kind=NextKind.OFFERED, fact=leading.fact)
    return NextStep(kind=NextKind.QUESTION, fact=questions[-1]) if questions else None
