"""Connect the facts of a channel: actions with their progress, questions with answers, suspicions with their fate.

"Done" is about what its author took on, "green here" answers the question before it, "not the CDN" ends the suspicion
about the CDN. Words, speakers, mentions, threads and nearness decide; what fits nothing stands alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from intents.chronicle.conversation import MessageFeatures
from intents.chronicle.facts import ActionState, Fact, FactKind, QuestionState
from intents.chronicle.roles import person_in
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
    """An action, a question or a suspicion that later messages may be about; `number` is its newest message."""

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
    """Connects facts message by message; `messages` are those of the channel, `people` the ids of known names."""

    messages: Sequence[MessageFeatures]
    people: Mapping[str, str]
    _actions: list[_Thing] = field(default_factory=list)
    _questions: list[_Thing] = field(default_factory=list)
    _suspicions: list[_Thing] = field(default_factory=list)
    _answered: set[str] = field(default_factory=set)

    def connect(self, number: int, facts: Iterable[Fact], *, answers: float) -> list[Fact]:
        """Return the facts of message `number`, connected with those before."""
        connected = [self._connected(number, fact) for fact in facts]
        asks = any(fact.kind is FactKind.QUESTION for fact in connected)
        if not asks and (question := self._question_of(number, answers)):
            question.ended = True
            self._answered.add(question.key)
            connected = [replace(fact, answers=question.key) for fact in connected]
        return connected

    def settled(self, facts: Sequence[Fact]) -> tuple[Fact, ...]:
        """Return all facts once the whole channel was read: questions know whether they were answered."""
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
                self._begin(self._questions, number, fact)
            case FactKind.HYPOTHESIS:
                return self._hypothesis(number, fact)
        return fact

    def _begin(self, things: list[_Thing], number: int, fact: Fact) -> _Thing:
        message = self.messages[number]
        thing = _Thing(
            key=fact.key,
            number=number,
            user=message.user,
            place=message.place,
            words=message.words,
            things=message.things,
        )
        things.append(thing)
        return thing

    # --- actions

    def _action(self, number: int, fact: Fact) -> Fact:
        owner = self._owner(number, fact)
        thing = _best([(self._fit(number, fact, owner, one), one) for one in self._actions[-_FAR:]], _LEAST)
        if thing is None:
            thing = self._begin(self._actions, number, fact)
        else:
            thing.number = number
            thing.words |= self.messages[number].words
            thing.things |= self.messages[number].things
        thing.of = owner or thing.of
        thing.ended = fact.state in _ENDED
        return replace(fact, about=thing.key, of=thing.of)

    def _owner(self, number: int, fact: Fact) -> str:
        """Return who does it: who is told to, else who says so of oneself."""
        if fact.state != ActionState.PLANNED:
            return fact.user
        begins = self.messages[number].act in (Act.COMMITMENT, Act.PROGRESS)
        return person_in(fact.says.lower(), self.people) or (fact.user if begins else "")

    def _fit(self, number: int, fact: Fact, owner: str, one: _Thing) -> float:
        """Return how well a statement fits an action so far."""
        distance = number - one.number
        message = self.messages[number]
        shared = len(message.words & one.words)
        # Both name things, and none in common: "rolling back checkout" - "rolled back payments".
        others = message.things and one.things and not message.things & one.things
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
        if not message.things and distance <= _NEAR and fact.state != ActionState.PLANNED:
            # "Doing it", "done": about what stands just before.
            fit += 0.8
        return fit + max(0.0, 1.0 - distance / _NEAR / 2) if fit else 0.0

    # --- questions

    def _question_of(self, number: int, answers: float) -> _Thing | None:
        """Return the question of somebody else that a message answers best; `answers` is how likely it answers one."""
        message = self.messages[number]
        if answers < _LEAST_ANSWER:
            return None
        fits = []
        for one in self._questions[-8:]:
            distance = number - one.number
            if one.ended or one.user == message.user or distance > _ANSWERED_WITHIN:
                continue
            shared = bool(message.words & one.words) or one.user.lower() in message.names or message.place == one.place
            fit = answers + _ASKED_ABOUT * shared + (0.3 if distance == 1 else 0.0) - distance / _ANSWERED_WITHIN / 2
            fits.append((fit, one))
        return _best(fits, _ANSWERS)

    # --- suspicions

    def _hypothesis(self, number: int, fact: Fact) -> Fact:
        message, rules_out = self.messages[number], fact.state == Verdict.RULED_OUT
        fits = []
        for one in self._suspicions[-_FAR:]:
            shared = len(message.words & one.words)
            # "So not that": about the suspicion just before, whatever its words.
            close = rules_out and number - one.number <= _NEAR and not one.ended
            if close or shared > (0 if rules_out else 1):
                fits.append((shared + close, one))
        if thing := _best(fits, 0):
            # The words of a denial are about what is denied and about why.
            thing.number = number
            thing.words |= frozenset() if rules_out else message.words
        else:
            thing = self._begin(self._suspicions, number, fact)
        thing.ended = rules_out
        return replace(fact, about=thing.key)


def _best(fits: Sequence[tuple[float, _Thing]], least: float) -> _Thing | None:
    """Return what fits best and at least so well, of equals the newest."""
    fit, best = max(fits, key=lambda each: (each[0], each[1].number), default=(least, None))
    return best if fit >= least else None
