"""Track what people set out to do: all statements about it, its progress and its end.

Only evidence ends a decision: a statement that the same thing was done or called off, a button that did it, a
deployment of the version it names, a "done" in its thread. Missing an end does little harm, a wrong end much. Once the
incident is mitigated or resolved, pending decisions are `left`: nobody waits for them, but they do not count as done.
A later decision closes the earlier one that it reverses or replaces.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Final

from intents.chronicle.decisions import is_announced, is_instead, reverses
from intents.chronicle.facts import CHECKED, DONE, NEXT_STEP, DecisionState, DeployState, Fact, FactKind, IncidentStatus
from intents.chronicle.subjects import Subject, is_unique, subject_in, subject_of, within, within_any

# Results of a remedy's plan whose action was applied, whether it helped or not.
CARRIED_OUT: Final = frozenset({"fixed", "changed", "shows later", "done", "not fixed", "worse", "waiting"})
OVER: Final = frozenset({IncidentStatus.MITIGATED, IncidentStatus.MONITORING, IncidentStatus.RESOLVED})
COMING: Final = frozenset({DecisionState.PLANNED, DecisionState.UNDER_WAY})
# Within this time a repeated statement is about the ended action, not about a new one.
_SAID_AGAIN: Final = timedelta(minutes=30)
# Only this many of the latest actions are compared.
_LATEST: Final = 40
# Within this time "instead" and "scratch that" are about the last decision.
_TAKEN_BACK_WITHIN: Final = timedelta(minutes=60)
# Somebody else takes a decision back soon after it.
_RIGHT_AFTER: Final = timedelta(minutes=10)
_BACK: Final = re.compile(
    r"(?i)\b(?:roll(?:ed)?-?back|revert\w*|back|previous|rewind)\b|回滚|回退|回到|退回|旧|上一?个?版本"
)
_INSTEAD: Final = re.compile(r"\b(?:instead of|rather than)\s+(.{3,80})|而不是(.{2,40})")
# To restart a pod is to delete it.
_ALIKE: Final[Mapping[str, tuple[str, ...]]] = {"delete": ("restart",), "restart": ("delete",)}
_OF_VERSIONS: Final = frozenset({"roll back", "roll forward", "fix"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedAction:
    """`facts` are the decisions, oldest first; empty if nobody announced what a button did.

    `ended_by` says that it was done or called off. `left`: its progress was not stated before the incident was over.
    """

    facts: tuple[Fact, ...]
    course: DecisionState
    ended_by: Fact | None = None
    left: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether it is still pending."""
        return self.ended_by is None and not self.left

    @property
    def is_begun(self) -> bool:
        """Return whether anything was done, not only planned or called off."""
        return self.course in (DecisionState.UNDER_WAY, DecisionState.DONE)

    @property
    def said(self) -> Fact:
        """Return the best statement of it: the newest one that names its object, else the newest."""
        return next((fact for fact in reversed(self.facts) if not subject_of(fact).is_nameless), self.facts[-1])

    @property
    def last(self) -> Fact:
        """Return the newest fact about it."""
        return max((*self.facts, *([self.ended_by] if self.ended_by else [])), key=lambda fact: (fact.at, fact.key))


def tracked_actions_in(ordered: Iterable[Fact]) -> tuple[TrackedAction, ...]:
    """Return the actions in ordered facts, by their first mention."""
    works = _Tracker()
    for fact in ordered:
        works.hear(fact)
    return tuple(work.told() for work in works.all if work.facts)


@dataclass(slots=True, eq=False)
class _Tracked:
    """An action as far as it is known; `remaining` are the names not stated to be done yet."""

    subject: Subject
    facts: list[Fact] = field(default_factory=list)
    course: DecisionState = DecisionState.PLANNED
    ended_by: Fact | None = None
    left: bool = False
    remaining: set[str] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        return self.ended_by is None

    @property
    def said_last(self) -> str:
        """Return the newest statement of it in lower case."""
        return self.facts[-1].says.lower() if self.facts else ""

    def told(self) -> TrackedAction:
        """Return the public form."""
        return TrackedAction(facts=tuple(self.facts), course=self.course, ended_by=self.ended_by, left=self.left)

    def join(self, fact: Fact, subject: Subject, course: DecisionState) -> None:
        """Add a statement."""
        self.facts.append(fact)
        self.course, self.left = course, False
        self.remaining |= subject.names - self.subject.names
        self.subject = self.subject.with_(subject)


class _Tracker:
    """All actions of a channel."""

    def __init__(self) -> None:
        self.all: list[_Tracked] = []
        self._open: dict[int, _Tracked] = {}
        self._not_left: list[_Tracked] = []
        self._open_of: dict[str, dict[int, _Tracked]] = {}
        self._ended_of: dict[str, deque[_Tracked]] = {}

    def hear(self, fact: Fact) -> None:
        """Update the actions with a fact."""
        match fact.kind:
            case FactKind.DECISION:
                self._decided(fact)
            case FactKind.REMEDY if fact.state in CARRIED_OUT:
                self._carried_out(fact)
            case FactKind.DEPLOY if fact.state == DeployState.SUCCEEDED:
                self._shipped(fact)
            case FactKind.ANSWERED if fact.state == DecisionState.DONE:
                self._replied(fact)
            case FactKind.ANSWERED if fact.state == DecisionState.CALLED_OFF:
                self._take_back(fact)
            case FactKind.STATUS if fact.state in OVER:
                # An announced next step stays until the incident is resolved.
                is_end = fact.state == IncidentStatus.RESOLVED
                kept = [work for work in self._not_left if _is_kept(work, fact, is_end=is_end)]
                for work in self._not_left:
                    work.left = work.is_open and work not in kept
                self._not_left = kept

    # --- statements
    # -----------------------------------------------------------------------------------------------------

    def _decided(self, fact: Fact) -> None:
        subject = subject_of(fact)
        if fact.state != DecisionState.CALLED_OFF:
            self._reverse(fact, subject)
        if fact.state in COMING:
            self._replace(fact)
            work = next(self._same(fact, subject), None) or self._begin(subject)
            work.join(fact, subject, DecisionState(fact.state))
            self._not_left.append(work)
            return
        course = DecisionState(fact.state) if fact.state in set(DecisionState) else DecisionState.DONE
        whole = [work for work in self._same(fact, subject) if self._covers(fact, subject, work)]
        if not subject.topic and course is DecisionState.DONE:
            whole = whole or self._brought_about(fact, subject)
        for work in whole:
            work.facts.append(fact)
            self._end(work, fact, course)
        if not whole:
            work = self._said_again(fact, subject) or self._begin(subject)
            if work.is_open:
                self._end(work, fact, course)
            work.facts.append(fact)

    def _replace(self, fact: Fact) -> None:
        """Call off what another decision replaces by its own words."""
        instead = _INSTEAD.search(fact.says.lower())
        if instead is None:
            return
        given_up = subject_in(instead[1] or instead[2])
        for work in list(self._same(fact, given_up)) if given_up.topic and given_up.topic != fact.template else ():
            self._end(work, fact, DecisionState.CALLED_OFF)

    def _reverse(self, fact: Fact, subject: Subject) -> None:
        """End what a decision reverses by doing the opposite to the same thing, or replaces by doing this instead."""
        says = fact.says.lower()
        for work in self._begun_last():
            if reverses(says, work.said_last) and _is_same_thing(work.subject, subject):
                self._end(work, fact, DecisionState.REPLACED)
        if fact.state in COMING and is_instead(says):
            last = next(
                (work for work in self._begun_last() if work.subject.topic not in (subject.topic, NEXT_STEP)), None
            )
            if last is not None and fact.at - last.facts[-1].at <= _TAKEN_BACK_WITHIN:
                self._end(last, fact, DecisionState.REPLACED)

    def _take_back(self, fact: Fact) -> None:
        """Call off the decision that "scratch that" is about: the last of its thread, or of its author, or of all."""
        pending = [work for work in self._begun_last() if fact.at - work.facts[-1].at <= _TAKEN_BACK_WITHIN]
        thread = fact.thread_ts
        here = [work for work in pending if thread and any(_is_in(each, thread) for each in work.facts)]
        own = [work for work in pending if any(each.user == fact.user for each in work.facts)]
        others = [work for work in pending if fact.at - work.facts[-1].at <= _RIGHT_AFTER]
        if not thread and (meant := own or others):
            self._end(
                max(meant, key=lambda work: (work.facts[-1].at, work.facts[-1].key)), fact, DecisionState.CALLED_OFF
            )
        elif here:
            self._end(here[0], fact, DecisionState.CALLED_OFF)

    def _carried_out(self, fact: Fact) -> None:
        """End what a button has done, whether it was announced or not."""
        subject, ended = subject_of(fact), False
        topics = [subject.topic, *(_ALIKE.get(subject.topic, ()))]
        for work in [work for topic in topics for work in self._latest(topic)]:
            mine = work.subject
            if mine.places and fact.cluster and not any(place in fact.cluster.lower() for place in mine.places):
                continue
            called = {name for name in mine.names | mine.words if any(_calls(name, whole) for whole in subject.names)}
            if not called and not (mine.is_nameless and self._only(work)):
                continue
            work.remaining -= called
            if not work.remaining:
                self._end(work, fact, DecisionState.DONE)
                ended = True
        if not ended:
            self._end(self._begin(subject), fact, DecisionState.DONE)

    def _shipped(self, fact: Fact) -> None:
        """End decisions for the version that was deployed, or rollbacks that the deployment names."""
        shipped = subject_of(fact)
        for work in () if shipped.partly else self._begun_last():
            mine = work.subject
            goes_there = bool(mine.goals & shipped.goals) if mine.goals else _goes_back(mine, fact)
            if mine.topic in _OF_VERSIONS and goes_there and self._is_named_in(work, shipped):
                self._end(work, fact, DecisionState.DONE)

    def _replied(self, fact: Fact) -> None:
        """End what a reply completes: a "done" in the thread, or its new state in other words."""
        if fact.template == CHECKED:
            self._checked(fact)
            return
        if fact.template != DONE:
            for work in self._brought_about(fact, subject_of(fact)):
                self._end(work, fact, DecisionState.DONE)
            return
        thread = fact.thread_ts or fact.ts
        here = [work for work in self._begun_last() if any(_is_in(each, thread) for each in work.facts)]
        own = [work for work in here if any(each.user == fact.user for each in work.facts)]
        meant = own or here
        if len(meant) == 1:
            self._end(meant[0], fact, DecisionState.DONE)

    def _checked(self, fact: Fact) -> None:
        """End the announced checks of the same things."""
        said = subject_of(fact)
        things = said.names | said.words
        for work in list(self._latest(NEXT_STEP)):
            mine = work.subject
            if (things & (mine.names | mine.words) or within_any(mine.words, things)) and not mine.contradicts(said):
                self._end(work, fact, DecisionState.DONE)

    def _brought_about(self, fact: Fact, said: Subject) -> list[_Tracked]:
        """Return the actions that a statement of a new state completes: "checkout is back on 4.0.9"."""
        return [
            work
            for work in (() if said.partly else self._begun_last())
            if (work.subject.goals & said.goals or (not work.subject.goals and _goes_back(work.subject, fact)))
            and self._is_named_in(work, said)
        ]

    # --- matching
    # -------------------------------------------------------------------------------------------------------

    def _same(self, fact: Fact, subject: Subject) -> Iterator[_Tracked]:
        """Yield pending actions with the same subject, newest first."""
        found = []
        for work in self._latest(subject.topic):
            if not subject.topic:
                same = _words(work.facts[-1]) == _words(fact) if work.facts else False
            elif subject.is_nameless or work.subject.is_nameless:
                same = not work.subject.contradicts(subject) and self._only(work)
            else:
                same = work.subject.shares(subject)
            if same:
                found.append(work)
        yield from found

    def _latest(self, topic: str) -> Iterator[_Tracked]:
        """Return the pending actions of a topic, newest first."""
        return islice(reversed(self._open_of.get(topic, {}).values()), _LATEST)

    def _begun_last(self) -> list[_Tracked]:
        return list(islice(reversed(self._open.values()), _LATEST))

    def _only(self, work: _Tracked) -> bool:
        """Return whether no other action of its topic is pending, so that a statement without a name refers to it."""
        return not any(each is not work for each in self._latest(work.subject.topic))

    def _covers(self, fact: Fact, subject: Subject, work: _Tracked) -> bool:
        """Return whether all of it is done or called off by now, not only what is named here."""
        mine = work.subject
        partly = subject.partly and fact.state != DecisionState.CALLED_OFF
        if partly or subject.places - mine.places or (subject.places and mine.places - subject.places):
            return False
        if not mine.names and any(not is_unique(name) for name in subject.names):
            return False
        if subject.names:
            work.remaining -= subject.names
            return not work.remaining
        is_own = any(each.user == fact.user for each in work.facts)
        return not mine.is_several or subject.every or (is_own and subject.is_nameless)

    def _is_named_in(self, work: _Tracked, said: Subject) -> bool:
        """Return whether the statement names all of its objects, or nothing else can be meant."""
        mine = work.subject
        if mine.is_nameless:
            return self._only(work) and bool(mine.goals & said.goals)
        if mine.places and said.places and mine.places - said.places:
            return False
        work.remaining -= said.names
        return not work.remaining and bool(mine.names or (mine.words and within(mine.words, said.words)))

    def _said_again(self, fact: Fact, subject: Subject) -> _Tracked | None:
        """Return the action that ended the same way a while ago, if this is a repetition."""
        for work in reversed(self._ended_of.get(subject.topic, ())):
            if work.ended_by is None or work.course != fact.state or fact.at - work.ended_by.at > _SAID_AGAIN:
                continue
            if work.ended_by.kind is FactKind.REMEDY:
                said, objects = subject.names | subject.words, subject_of(work.ended_by).names
                if subject.topic and all(any(_calls(name, whole) for whole in objects) for name in said):
                    return work
            elif work.facts and _words(work.facts[-1]) == _words(fact):
                return work
        return None

    # --- bookkeeping
    # ----------------------------------------------------------------------------------------------------

    def _begin(self, subject: Subject) -> _Tracked:
        work = _Tracked(subject=subject, remaining=set(subject.names))
        self.all.append(work)
        self._open[id(work)] = work
        self._open_of.setdefault(subject.topic, {})[id(work)] = work
        return work

    def _end(self, work: _Tracked, fact: Fact, course: DecisionState) -> None:
        work.course, work.ended_by, work.left = course, fact, False
        topic = work.subject.topic
        self._open.pop(id(work), None)
        self._open_of.get(topic, {}).pop(id(work), None)
        self._ended_of.setdefault(topic, deque(maxlen=_LATEST)).append(work)


def _calls(name: str, whole: str) -> bool:
    """Return whether people mean an object by a word: "checkout" its pod checkout-6f4d8-kz9wp, "pd-1" billing-pd-1."""
    return name == whole or whole.startswith(f"{name}-") or whole.endswith(f"-{name}")


def _is_kept(work: _Tracked, status: Fact, *, is_end: bool) -> bool:
    """Return whether a pending action is not over with the incident: "mitigated. next: …" leaves nothing behind."""
    last = work.facts[-1]
    return (last.ts != "" and last.ts == status.ts) or (not is_end and is_announced(last))


def _is_same_thing(earlier: Subject, later: Subject) -> bool:
    """Return whether both name the same thing, or one of them names none."""
    if earlier.is_nameless or later.is_nameless:
        return True
    mine, theirs = earlier.names | earlier.words, later.names | later.words
    if earlier.places and later.places and not earlier.places & later.places:
        return False
    if earlier.names and later.names:
        return bool(earlier.names & later.names)
    return bool(mine & theirs) or not mine or not theirs or within_any(mine, theirs)


def _goes_back(subject: Subject, fact: Fact) -> bool:
    return subject.topic == "roll back" and _BACK.search(fact.says) is not None


def _is_in(fact: Fact, thread_ts: str) -> bool:
    return thread_ts in (fact.thread_ts, fact.ts)


def _words(fact: Fact) -> str:
    return " ".join(fact.says.lower().split())
