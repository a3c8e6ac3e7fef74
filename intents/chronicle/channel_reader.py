"""Read an incident channel: all its messages in, the facts that they state out.

The result depends on the messages alone, not on the order in which messages, edits, deletions and history arrive.
Marks of people (`impact: …`, a reaction, a button) always count and are never overwritten. Trained models read the
other messages, each in its conversation (`kinds`). A statement below its threshold is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from intents.chronicle.conversation import Conversation, MessageFeatures, Utterance, checksums_in
from intents.chronicle.facts import KINDS_OF_FACTS, Fact, FactKind, IncidentStatus, LinkKind, QuestionState, asks
from intents.chronicle.kinds import kinds_model
from intents.chronicle.linker import Linker
from intents.chronicle.machine_text import (
    announcement_in,
    errors_in,
    is_elsewhere,
    is_measured,
    is_printed,
    named_in,
    template_of,
)
from intents.chronicle.marks import Marked, marked_in, status_in
from intents.chronicle.message_text import MessageText, excerpt, parse_message
from intents.chronicle.roles import roles_in
from intents.domain import Symptom
from intents.symptoms import read_symptoms
from intents.talk.features import is_paste

_OF_A_SENTENCE: Final = 0.9
# What a marked line may state besides, from such a part of its threshold on.
_SECOND: Final = 0.5
_BESIDES: Final = {
    "next": ("action.planned",),
    "decision": ("action.planned",),
    "status": ("role", "next"),
}
# From such a share of its words alone a marked action is not planned but under way or over.
_SURE: Final = 0.5
_ACTIONS: Final = frozenset({"action.planned", "action.doing", "action.done", "action.failed"})
# Of each group a message states at most one.
_GROUPS: Final = (
    _ACTIONS,
    frozenset({"suspected", "ruled_out", "cause", "question"}),
)
_STATUS: Final = "status."
# A question whose share of this kind is smaller has its answer, even if it is not known which message gives it.
_OPEN: Final = "question.open"
_LEAST_OPEN: Final = 0.3
# "If it stays like this we can close" states no status.
_CONDITION: Final = re.compile(r"(?i)\W*(?:(?:and|but|so|ok),? )?(?:if|unless)\b|\W*(?:如果|要是|万一)")
_BY_A_BOT: Final = frozenset({"change", "comms", "link"})
# The kinds for a message that states nothing, and for a message that is always shown.
WRONG: Final = "wrong"
PINNED: Final = "pinned"
# No message states more; of a pasted report the beginning and the end count.
MOST_FACTS: Final = 12
_MOST_LINES: Final = 40
# A link of another kind alone (a picture, a call) is not a fact.
_TELLING: Final = frozenset(LinkKind) - {LinkKind.OTHER, LinkKind.CHANNEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMessage:
    """A message of an incident channel in its current version.

    `text` is Slack's own markup (mentions and links in angle brackets, entities); credentials are removed before,
    because `intents` cannot do that. `at` is when it was written (UTC), `ts` Slack's name for it, `thread_ts` the root
    of its thread ("" for none). `user` is set for a person, `bot` for a bot.
    """

    ts: str
    at: datetime
    text: str
    user: str = ""
    bot: str = ""
    thread_ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gesture:
    """A kind that a person set for message `ts` by a reaction, a shortcut or a button, at a time.

    `kind` is one of `kinds.KINDS`, `WRONG` or `PINNED`. `says` replaces the words of the message, "" keeps them.
    """

    ts: str
    kind: str
    by: str
    at: datetime
    says: str = ""


def standing(gestures: Iterable[Gesture]) -> Mapping[str, Mapping[str, Gesture]]:
    """Return what still counts of each message: the last word on each kind, and nothing from before it was `WRONG`."""
    found: dict[str, dict[str, Gesture]] = {}
    for gesture in sorted(gestures, key=lambda one: (one.at, one.by, one.kind)):
        meant = found.setdefault(gesture.ts, {})
        if gesture.kind == WRONG:
            meant.clear()
        meant[gesture.kind.partition(".")[0]] = gesture
    return found


def facts_of_channel(
    messages: Iterable[ChannelMessage], gestures: Iterable[Gesture] = (), *, people: Mapping[str, str] | None = None
) -> tuple[Fact, ...]:
    """Return the facts of a channel, ordered by message; `people` are the ids of known names in lower case.

    Never raises. The newest of several versions of one message counts.
    """
    ordered = sorted({message.ts: message for message in messages}.values(), key=lambda one: (one.at, one.ts))
    parsed = [parse_message(message.text) for message in ordered]
    set_by_hand = standing(gestures)
    conversation = Conversation([utterance_of(message, read) for message, read in zip(ordered, parsed, strict=True)])
    contexts = conversation.contexts()
    linker = Linker(conversation.messages, people or {})
    facts: list[Fact] = []
    for number, (message, read) in enumerate(zip(ordered, parsed, strict=True)):
        reading = _Reading(message, read, people or {}, is_heard=conversation.is_heard(number))
        stated = reading.stated(conversation.messages[number], contexts[number], set_by_hand.get(message.ts, {}))
        facts += linker.connect(number, reading.keyed(stated), answers=reading.answers)
    return linker.settled(facts)


def utterance_of(message: ChannelMessage, read: MessageText) -> Utterance:
    """Return a message as a part of its conversation."""
    text = "\n".join(read.lines) + (f"\n```\n{read.fenced}\n```" if read.fenced else "")
    return Utterance(
        user=message.user or message.bot,
        bot=bool(message.bot),
        text=text,
        ts=message.ts,
        thread_ts=message.thread_ts,
    )


class _Reading:
    """One message while it is read; `answers` is how likely it answers a question.

    It `is_heard` if somebody else wrote after it: only then a question can have its answer.
    """

    def __init__(
        self, message: ChannelMessage, read: MessageText, people: Mapping[str, str], *, is_heard: bool
    ) -> None:
        self._message, self._read, self._people, self._is_heard = message, read, people, is_heard
        self.answers = 0.0
        self._is_answered = False
        self._sentences: dict[str, str] = {}

    def stated(self, message: MessageFeatures, context: Any, meant: Mapping[str, Gesture]) -> list[Fact]:
        """Return what people set for it and nothing else, else what is read; what is pinned is always a fact."""
        facts = self._of_hand(meant) if meant.keys() - {PINNED} else self._of_conversation(message, context)
        if PINNED not in meant:
            return facts
        telling = [fact for fact in facts if fact.kind is not FactKind.ANSWER]
        return [replace(fact, by_hand=True) for fact in telling or [self._fact(FactKind.PINNED, self._says())]]

    def _of_hand(self, meant: Mapping[str, Gesture]) -> list[Fact]:
        facts = [
            replace(fact, by_hand=True)
            for gesture in meant.values()
            if gesture.kind not in (WRONG, PINNED)
            for fact in self._facts(gesture.kind, gesture.says or self._says())
        ]
        return self._with_links(facts) if facts else []

    def _of_conversation(self, features: MessageFeatures, context: Any) -> list[Fact]:
        """Return what a bot announces, what a program printed, what a person marked, and what the models read."""
        message, read = self._message, self._read
        if message.bot and (told := announcement_in(read.lines)):
            fact = replace(self._fact(told.kind, told.says, state=told.state), about=template_of(told.about))
            return self._with_links([_naming(fact, read_symptoms("\n".join(read.lines)))])
        facts = list(self._errors())
        marked = () if message.bot else tuple(marked_in(line for line in read.lines if not is_printed(line)))
        # What a program printed says nothing of what its reader does; a bot has no other words.
        if not marked and (not read.lines or (not message.bot and is_paste("\n".join(read.lines)))):
            return self._with_links(facts)
        shares = self._shares(features, context)
        self.answers = shares["answer"]
        self._is_answered = not marked and self._is_heard and shares[_OPEN] < _LEAST_OPEN * shares["question"]
        if marked:
            for mark in marked:
                facts += self._of_mark(mark, shares if len(marked) == 1 else None) if mark.says else ()
        else:
            for kind in self._stated(shares):
                facts += self._facts(kind, self._sentence(kind))
        return self._with_links(facts)

    def _shares(self, message: MessageFeatures, context: Any) -> Mapping[str, float]:
        """Return how likely the message states each kind, and remember which of its sentences does."""
        model = kinds_model()
        shares = dict(model.shares(message.own, context))
        for says, own in message.sentences:
            for kind, share in model.shares(own, context).items():
                if _OF_A_SENTENCE * share > shares[kind]:
                    shares[kind] = _OF_A_SENTENCE * share
                    self._sentences[kind] = says
        return shares

    def _stated(self, shares: Mapping[str, float]) -> Iterator[str]:
        """Yield the kinds that are likely enough, of each group the one that exceeds its threshold most."""
        thresholds = kinds_model().thresholds
        likely = {
            kind: share / thresholds[kind]
            for kind, share in shares.items()
            if share >= thresholds[kind] and kind != _OPEN
        }
        if self._message.bot:
            changes_nothing = is_elsewhere(self._says()) or is_measured(self._says())
            stated_by_bots = _BY_A_BOT - {"change"} if changes_nothing else _BY_A_BOT
            likely = {kind: excess for kind, excess in likely.items() if kind in stated_by_bots}
        statuses = frozenset(kind for kind in likely if kind.startswith(_STATUS))
        for group in (*_GROUPS, statuses):
            for kind in sorted(group & likely.keys(), key=lambda kind: -likely[kind])[1:]:
                del likely[kind]
        if asks(self._says()):
            likely = {kind: excess for kind, excess in likely.items() if not kind.startswith((_STATUS, "cause"))}
        for kind in statuses & likely.keys():
            # The sentence that states it begins with a condition.
            if _CONDITION.match(self._sentence(kind)):
                del likely[kind]
        if "role" in likely:
            # To ask somebody to take a role is no action that anybody reports as done.
            likely.pop("action.planned", None)
        others = likely.keys() - {"answer", "link"}
        yield from (kind for kind in likely if kind in others or (kind == "answer" and not others))

    def _of_mark(self, mark: Marked, shares: Mapping[str, float] | None) -> Iterator[Fact]:
        """Yield what a mark names, and what its words state besides; `shares` are of the message if it has no other."""
        thresholds = kinds_model().thresholds
        alone = kinds_model().shares_alone(checksums_in(mark.says))
        kind = mark.kind
        if kind == "action":
            kind = max(_ACTIONS, key=lambda each: (alone[each], each))
            kind = kind if alone[kind] >= _SURE else "action.planned"
        elif kind == "status":
            kind = f"{_STATUS}{status_in(mark.says) or IncidentStatus.INVESTIGATING}"
        yield from self._facts(kind, mark.says)
        for besides in _BESIDES.get(mark.kind, ()):
            if (shares or alone)[besides] >= _SECOND * thresholds[besides]:
                yield from (
                    fact for fact in self._facts(besides, mark.says) if fact.kind is not FactKind.ROLE or fact.of
                )

    def _facts(self, kind: str, says: str) -> Iterator[Fact]:
        """Yield the facts of a kind of `kinds.KINDS`."""
        what, state = KINDS_OF_FACTS[kind]
        fact = self._fact(what, says, state=state)
        match what:
            case FactKind.ROLE:
                for taken in roles_in(says, self._message.user, self._people):
                    as_what = FactKind.HANDOVER if taken.handover else FactKind.ROLE
                    yield replace(fact, kind=as_what, role=taken.role, of=taken.of)
            case FactKind.QUESTION if self._is_answered:
                yield replace(fact, state=QuestionState.ANSWERED)
            case FactKind.REPORT:
                yield _naming(fact, read_symptoms(says))
            case _:
                yield fact

    def _errors(self) -> Iterator[Fact]:
        for template, error in errors_in(self._read.fenced, filter(is_printed, self._read.pieces())).items():
            yield _naming(replace(self._fact(FactKind.ERROR, error.text), about=template), [error])

    def _with_links(self, facts: list[Fact]) -> list[Fact]:
        """Attach links to the first fact of the message; without a fact, the links become one."""
        links = self._read.links
        if not facts or all(fact.kind is FactKind.ERROR for fact in facts):
            # Addresses in a program's output are not links that people should open.
            links = tuple(link for link in links if link.what in _TELLING)
        if not links:
            return facts
        if facts:
            return [replace(facts[0], links=links), *facts[1:]]
        return [] if self._message.bot else [replace(self._fact(FactKind.LINK, self._says()), links=links)]

    def _sentence(self, kind: str) -> str:
        """Return the sentence that states a kind, else the whole message."""
        return self._sentences.get(kind) or self._says()

    def _says(self) -> str:
        lines = self._read.lines
        if len(lines) > _MOST_LINES:
            lines = (*lines[: _MOST_LINES // 2], *lines[-_MOST_LINES // 2 :])
        return " ".join(lines) or self._read.fenced

    def _fact(self, kind: FactKind, says: str, *, state: str = "") -> Fact:
        message = self._message
        return Fact(
            key="",
            kind=kind,
            at=message.at,
            says=excerpt(says),
            user=message.user,
            bot=message.bot,
            ts=message.ts,
            thread_ts=message.thread_ts if message.thread_ts != message.ts else "",
            state=state,
        )

    def keyed(self, facts: Iterable[Fact]) -> Iterator[Fact]:
        """Yield each fact once, with a key that stays the same when the channel is read again."""
        seen: set[tuple[str, ...]] = set()
        numbers: dict[str, int] = {}
        for fact in facts:
            same = (fact.kind, fact.state, fact.role, fact.of, fact.about or fact.says)
            if same in seen or len(seen) >= MOST_FACTS:
                continue
            seen.add(same)
            number = numbers[fact.kind] = numbers.get(fact.kind, 0) + 1
            yield replace(fact, key=f"m:{fact.ts}:{fact.kind}" + (f":{number}" if number > 1 else ""))


def _naming(fact: Fact, symptoms: Iterable[Symptom]) -> Fact:
    """Return the fact with the objects and the cluster that the lines of a text name."""
    objects, cluster = named_in(symptoms)
    return replace(fact, objects=objects, cluster=cluster)
