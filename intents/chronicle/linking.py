"""Connect the facts of a channel: actions with their progress, questions with answers, suspicions with their fate.

"Done" is about what its author took on, "green here" answers the question before it, "not the CDN" ends the suspicion
about the CDN. Words, speakers, mentions, threads and nearness decide; what fits nothing stands alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from intents.chronicle.facts import ActionState, Fact, FactKind, QuestionState
from intents.chronicle.hearing import Heard
from intents.domain import Verdict
from intents.talk.acts import Act

_ENDED: Final = frozenset({ActionState.DONE, ActionState.FAILED, ActionState.CALLED_OFF})
# In messages of the channel: how far back something may be meant.
_FAR: Final = 40
_NEAR: Final = 6
_ANSWERED_WITHIN: Final = 12
_LEAST: Final = 2.0
_ANSWERS: Final = 0.5
_LEAST_ANSWER: Final = 0.33
_ASKED_ABOUT: Final = 0.6


@dataclass(slots=True, kw_only=True)
class _Thing:
    """Something that later messages may be about: an action, a question, a suspicion."""

    key: str
    number: int
    user: str
    place: str
    words: frozenset[str]
    things: frozenset[str]
    of: str = ""  # who is to do it
    ended: bool = False


@dataclass(slots=True)
class Linker:
    """Hears the facts of a channel message by message; `heard` are its messages, `people` the ids of known names."""

    heard: Sequence[Heard]
    people: Mapping[str, str]
    _actions: list[_Thing] = field(default_factory=list)
    _questions: list[_Thing] = field(default_factory=list)
    _suspicions: list[_Thing] = field(default_factory=list)
    _answered: dict[str, str] = field(default_factory=dict)

    def hear(self, number: int, facts: Iterable[Fact], *, answers: float) -> list[Fact]:
        """Return the facts of message `number`, connected with those before."""
        connected = [self._connected(number, fact) for fact in facts]
        asks = any(fact.kind is FactKind.QUESTION for fact in connected)
        if not asks and (question := self._question_of(number, connected, answers)):
            question.ended = True
            key = connected[0].key if connected else ""
            self._answered.setdefault(question.key, key)
            connected = [replace(fact, answers=question.key) for fact in connected]
        return connected

    def settled(self, facts: Sequence[Fact]) -> tuple[Fact, ...]:
        """Return all facts once the channel was heard: questions know whether they were answered."""
        return tuple(
            replace(fact, state=QuestionState.ANSWERED)
            if fact.kind is FactKind.QUESTION and fact.key in self._answered
            else fact
            for fact in facts
        )

    def _connected(self, number: int, fact: Fact) -> Fact:
        match fact.kind:
            case FactKind.ACTION:
                return self._action(number, fact)
            case FactKind.QUESTION:
                self._questions.append(self._thing(number, fact))
            case FactKind.HYPOTHESIS:
                return self._hypothesis(number, fact)
        return fact

    def _thing(self, number: int, fact: Fact, *, of: str = "") -> _Thing:
        heard = self.heard[number]
        return _Thing(
            key=fact.key,
            number=number,
            user=fact.user,
            place=fact.thread_ts or fact.ts,
            words=heard.words,
            things=heard.things,
            of=of,
        )

    # --- actions

    def _action(self, number: int, fact: Fact) -> Fact:
        owner = self._owner(number, fact)
        fits = [(self._fit(number, fact, owner, one), one) for one in self._actions[-_FAR:]]
        best = max(fits, key=lambda fit: (fit[0], fit[1].number), default=(0.0, None))
        if best[1] is None or best[0] < _LEAST:
            thing = self._thing(number, fact, of=owner)
            self._actions.append(thing)
        else:
            thing = best[1]
            thing.words |= self.heard[number].words
            thing.things |= self.heard[number].things
            thing.of = owner or thing.of
            thing.number = number
        thing.ended = fact.state in _ENDED
        return replace(fact, about=thing.key, of=thing.of)

    def _owner(self, number: int, fact: Fact) -> str:
        """Return who does it: who is told to, else who says so of oneself."""
        heard = self.heard[number]
        if fact.state != ActionState.PLANNED:
            return fact.user
        named = [self.people.get(name, name.upper()) for name in sorted(heard.names)]
        if named:
            return named[0]
        return self._called(heard) or (fact.user if heard.act in (Act.COMMITMENT, Act.PROGRESS) else "")

    def _called(self, heard: Heard) -> str:
        return next((self.people[name] for name in heard.spoken if name in self.people), "")

    def _fit(self, number: int, fact: Fact, owner: str, one: _Thing) -> float:
        """Return how well a statement fits an action so far."""
        distance = number - one.number
        heard = self.heard[number]
        shared = len(heard.words & one.words)
        # Both name things, and none in common: "rolling back checkout" - "rolled back payments".
        others = heard.things and one.things and not heard.things & one.things
        fit = min(shared, 2) * 1.0 - (1.5 if others else 0.0)
        if fact.state == ActionState.PLANNED:
            # A plan said again: the same words, soon.
            fit = fit if shared > 1 and not one.ended and distance <= _NEAR else 0.0
        elif one.ended:
            # "Done" of what was done is a repetition only if it follows.
            return fit if shared > 1 and distance <= _NEAR else 0.0
        elif one.of == owner and owner:
            fit += 1.5
        elif not one.of:
            fit += 0.8
        else:
            fit -= 1.0
        if fact.thread_ts and fact.thread_ts == one.place:
            fit += 1.5
        if not heard.things and distance <= _NEAR and fact.state != ActionState.PLANNED:
            # "Doing it", "done": about what stands just before.
            fit += 0.8
        return fit + max(0.0, 1.0 - distance / _NEAR / 2) if fit else 0.0

    # --- questions

    def _question_of(self, number: int, facts: Sequence[Fact], answers: float) -> _Thing | None:
        """Return the question that a message answers; its author, or a fact right behind the question, may."""
        heard = self.heard[number]
        if answers < _LEAST_ANSWER:
            return None
        fits = []
        for one in self._questions[-8:]:
            distance = number - one.number
            if one.ended or one.user == heard.user or distance > _ANSWERED_WITHIN:
                continue
            shared = bool(heard.words & one.words) or one.user.lower() in heard.names or heard.place == one.place
            fit = answers + _ASKED_ABOUT * shared + (0.3 if distance == 1 else 0.0) - distance / _ANSWERED_WITHIN / 2
            fits.append((fit, one))
        best = max(fits, key=lambda fit: (fit[0], fit[1].number), default=None)
        return best[1] if best and best[0] >= _ANSWERS else None

    # --- suspicions

    def _hypothesis(self, number: int, fact: Fact) -> Fact:
        words = self.heard[number].words
        near = _NEAR if fact.state == Verdict.RULED_OUT else 0
        fits = []
        for one in self._suspicions[-_FAR:]:
            shared = len(words & one.words)
            close = number - one.number <= near and not one.ended
            if shared > (0 if fact.state == Verdict.RULED_OUT else 1) or close:
                fits.append((shared + close, one.number, one))
        if not fits:
            self._suspicions.append(self._thing(number, fact))
            self._suspicions[-1].ended = fact.state == Verdict.RULED_OUT
            return replace(fact, about=fact.key)
        thing = max(fits, key=lambda fit: fit[:2])[2]
        thing.ended = fact.state == Verdict.RULED_OUT
        thing.number = number
        if fact.state != Verdict.RULED_OUT:
            thing.words |= words
        return replace(fact, about=thing.key)
