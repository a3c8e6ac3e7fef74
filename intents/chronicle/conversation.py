"""Describe the messages of a channel in their conversation: each alone, and what stands around it.

"Done", "that one?" or "no, green here" mean what the messages before them mean, and a question is one that somebody
answers. So a message is described twice: by its own words, and by the acts, speakers and words around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from intents.chronicle.kinds import kinds_model
from intents.chronicle.senses import senses_of
from intents.talk.acts import Act
from intents.talk.classifier import acts, checksums_of
from intents.talk.features import OF_DEEDS, Message, features_of, is_deed
from intents.tokens import stem_of

# So many messages around are looked at, and so far back for one that is referred to.
_BEFORE: Final = 3
_AFTER: Final = 2
_FAR: Final = 14
_SECOND: Final = 0.2
# Of so many around the first shares are read one by one.
_NEAREST: Final = 3
_NEAREST_OF_PERSON: Final = 2
_SHORT: Final = 4
_SHORT_TEXT: Final = 24
_WORD: Final = re.compile(r"[a-z][a-z0-9_.-]{2,}[a-z0-9]|[\u3400-\u9fff]+")
_MENTION: Final = re.compile(r"@([\w.-]*\w)")
_ENDS: Final = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n+")
_FENCED: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_NO_WORDS: Final = re.compile(r"@[\w.-]*\w|https?://\S+|:[a-z][a-z0-9_+-]*:")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_MOST_SENTENCES: Final = 8
# Tells features around a message from its own.
_AROUND: Final = "~"
# Marks words for what is done, which many actions share.
_DEED: Final = "*"
_IDLE: Final = frozenset(
    """
    this that with have from they them then there what when just like will would could should been still also
    were your about into only some more than back down over here same done going doing think yeah okay sure
    please thanks now now. need make take does don't can't it's that's i'll let's
    """.split()  # noqa: SIM905
)
# Acts that later messages refer to, by what they begin.
_REFERRED: Final = {
    "suspicion": frozenset({Act.SUSPICION, Act.CAUSE, Act.CHANGE}),
    "action": frozenset({Act.DIRECTIVE, Act.COMMITMENT, Act.PROGRESS, Act.DECISION}),
    "question": frozenset({Act.QUESTION}),
    "trouble": frozenset({Act.TROUBLE, Act.EVIDENCE}),
}
_OWN_WORK: Final = frozenset({Act.DIRECTIVE, Act.COMMITMENT, Act.PROGRESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFeatures:
    """A message alone: checksums of its features, its likeliest acts, the words that later messages may take up.

    `sentences` are its sentences if it has several, each with those of its features. `names` are the people that it
    mentions, in lower case, `short` all of a message of a few words. Of its `words`, `things` name no deed. `place` is
    the root of its thread or itself.
    """

    user: str = ""
    bot: bool = False
    place: str = ""
    own: tuple[int, ...]
    sentences: tuple[tuple[str, tuple[int, ...]], ...]
    cues: tuple[str, ...]
    act: str
    second: str
    words: frozenset[str]
    things: frozenset[str]
    names: frozenset[str]
    short: str


class Utterance(NamedTuple):
    """A message as it was written; `text` is without quotes and markup, code blocks fenced, mentions as `@name`."""

    user: str
    bot: bool
    text: str
    ts: str = ""
    thread_ts: str = ""


class Conversation:
    """The messages of a channel in order. A thread is a conversation of its own that begins with its root."""

    def __init__(self, said: Sequence[Utterance]) -> None:
        self.messages = [_described(one) for one in said]
        self._places: dict[str, list[int]] = {"": []}
        self._at: list[tuple[str, int]] = []
        roots = {one.ts: number for number, one in enumerate(said) if one.ts}
        for number, one in enumerate(said):
            thread = one.thread_ts if one.thread_ts != one.ts else ""
            begin = [roots[thread]] if thread in roots else []
            place = self._places.setdefault(thread, begin)
            self._at.append((thread, len(place)))
            place.append(number)
        self._replies = {roots[thread]: place[1:] for thread, place in self._places.items() if thread in roots}

    def around(self, number: int) -> tuple[int, ...]:
        """Return the checksums of the features of what stands around a message."""
        before, after = ([self.messages[one] for one in each] for each in self._near(number))
        features = context_of(self.messages[number], before, after)
        return checksums_of(f"{_AROUND}{feature}" for feature in features)

    def is_heard(self, number: int) -> bool:
        """Return whether another person wrote soon after a message, in its thread or the channel."""
        after = (self.messages[one] for one in self._near(number)[1])
        return any(one.user != self.messages[number].user and not one.bot for one in after)

    def contexts(self) -> list[Any]:
        """Return for each message what speaks for each kind beside its words."""
        if not self.messages:
            return []
        from numpy import array  # noqa: PLC0415 - its import is not part of every start

        model = kinds_model()
        around = [model.places(self.around(number)) for number in range(len(self.messages))]
        own = [model.places(one.own) for one in self.messages]
        shares = array([model.first_shares(*each) for each in zip(own, around, strict=True)])
        return [model.context(there, beside) for there, beside in zip(around, self.beside(shares), strict=True)]

    def beside(self, shares: Any) -> list[Any]:
        """Return for each message what the second model reads beside features, from the first `shares` of all of them.

        They are those of the message itself, of the nearest ones before and after it, those of the nearest by the same
        person, and the largest among all around: of that person, of those with the same words, of the whole channel.
        """
        from numpy import concatenate, maximum, zeros  # noqa: PLC0415 - as above

        none = zeros((1, shares.shape[1]))
        largest_before = concatenate((none, maximum.accumulate(shares)))
        largest_after = concatenate((maximum.accumulate(shares[::-1])[::-1][1:], none))
        return [
            concatenate((shares[number], *self._beside(number, shares, none[0]), before, after))
            for number, (before, after) in enumerate(zip(largest_before, largest_after, strict=False))
        ]

    def _beside(self, number: int, shares: Any, none: Any) -> Iterator[Any]:
        before, after = self._near(number)
        message = self.messages[number]
        for around in (before[::-1], after):
            for distance in range(_NEAREST):
                there = around[distance] if distance < len(around) else None
                yield none if there is None else shares[there]
                if distance < _NEAREST_OF_PERSON:
                    same = there is not None and self.messages[there].user == message.user
                    yield shares[there] if same else none
        for around in (before, after):
            mine = [one for one in around if self.messages[one].user == message.user]
            shared = [one for one in around if self.messages[one].words & message.words]
            yield from (shares[each].max(axis=0) if each else none for each in (around, mine, shared))

    def _near(self, number: int) -> tuple[list[int], list[int]]:
        """Return the numbers of the messages before and after one, in its thread or the channel, oldest first."""
        place, at = self._at[number]
        numbers = self._places[place]
        following = [*self._replies.get(number, ())[:_FAR], *numbers[at + 1 : at + 1 + _FAR]]
        return numbers[max(0, at - _FAR) : at], following[:_FAR]


def checksums_in(text: str) -> tuple[int, ...]:
    """Return the checksums of the features of words."""
    return _alone(text).own


def _described(one: Utterance) -> MessageFeatures:
    return replace(_alone(one.text), user=one.user, bot=one.bot, place=one.thread_ts or one.ts)


# A channel is read again after each message.
@lru_cache(maxsize=1 << 13)
def _alone(text: str) -> MessageFeatures:
    """Return the features of a text, whoever wrote it."""
    own = dict.fromkeys(features_of(Message(text=_MENTION.sub("<@U>", text)), deeds=True))
    (first, _), (second, share) = acts().shares(one for one in own if not one.startswith(OF_DEEDS))[:2]
    senses = dict.fromkeys(senses_of(_plain(text)))
    plain = text.lower()
    tokens = plain.split()
    words = frozenset(_content(plain))
    return MessageFeatures(
        own=checksums_of((*own, *senses)),
        sentences=tuple(_sentences(text)),
        cues=tuple(
            feature
            for feature in (*own, *senses)
            if feature.startswith(("cue:", "^")) or (feature.startswith("S:") and ">" not in feature)
        ),
        act=first,
        second=second if share >= _SECOND else "",
        words=words,
        things=frozenset(word for word in words if not word.startswith(_DEED)),
        names=frozenset(name.lower() for name in _MENTION.findall(text)),
        short=" ".join(tokens) if len(tokens) <= _SHORT and len(plain) <= _SHORT_TEXT else "",
    )


def _plain(text: str) -> str:
    """Return a text without code blocks, and with a blank for each mention, address and emoji."""
    return _NO_WORDS.sub(" ", _FENCED.sub("\n", text))


def _sentences(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the sentences of a text that has several, each with the checksums of its features."""
    parts = [part for part in _ENDS.split(_FENCED.sub("\n", text)) if _LETTERS.search(part)]
    for part in parts[:_MOST_SENTENCES] if len(parts) > 1 else ():
        own = features_of(Message(text=_MENTION.sub("<@U>", part)), deeds=True)
        yield part.strip(), checksums_of((*own, *senses_of(_plain(part))))


def _content(plain: str) -> Iterator[str]:
    for word in _WORD.findall(_MENTION.sub(" ", plain)):
        if word[0] >= "\u3400":
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        elif word not in _IDLE:
            yield f"{_DEED if is_deed(word) else ''}{stem_of(word)}"


def context_of(
    message: MessageFeatures, before: Sequence[MessageFeatures], after: Sequence[MessageFeatures]
) -> Iterator[str]:
    """Yield the features of a message's surroundings; `before` ends with the message just before it."""
    yield f"act:{message.act}"
    yield f"act2:{message.act}+{message.second}"
    if message.bot:
        yield "bot"
        yield f"bot&{message.act}"
    yield f"at:{min(len(before), 3)}"
    for prefix, around in (("b", list(before[: -_BEFORE - 1 : -1])), ("a", list(after[:_AFTER]))):
        for distance, other in enumerate(around, start=1):
            who = _who(message, other)
            yield f"{prefix}{distance}:{other.act}"
            yield f"{prefix}{distance}:{other.act}:{who}"
            yield f"{prefix}{distance}:{other.act}:{who}&{message.act}"
            if distance == 1:
                yield f"{prefix}:{who}"
                if message.short:
                    yield f"{prefix}:{other.act}&{message.short}"
                yield f"{prefix}:{other.act}+{other.second}"
                yield from (f"{prefix}.{feature}" for feature in other.cues)
        if not around:
            yield f"{prefix}:none"
    yield from _references(message, before[-_FAR:])
    yield from _referred(message, after[:_FAR])


def _who(message: MessageFeatures, other: MessageFeatures) -> str:
    return "same" if other.user == message.user else "bot" if other.bot else "other"


def _references(message: MessageFeatures, before: Sequence[MessageFeatures]) -> Iterator[str]:
    """Yield what the message may refer to: the same words before, a question or a request, its author's own work."""
    backwards = list(enumerate(reversed(before), start=1))
    for name, acts_ in _REFERRED.items():
        near = next((at for at, one in backwards if one.act in acts_), 0)
        yield f"near:{name}:{_distance(near)}"
        shared = next(((at, one) for at, one in backwards if one.act in acts_ and one.words & message.words), None)
        if shared:
            yield f"shares:{name}"
            yield f"shares:{name}:{_who(message, shared[1])}&{message.act}"
    mine = next(((at, one) for at, one in backwards if one.user == message.user), None)
    yield f"mine:{mine[1].act}:{_distance(mine[0])}" if mine else "mine:none"
    work = next(((at, one) for at, one in backwards if one.user == message.user and one.act in _OWN_WORK), None)
    if work:
        yield f"work:{work[1].act}"
        yield f"work:{work[1].act}&{message.act}"
        yield f"work:{_distance(work[0])}"
    if any(one.act == Act.ROLE and one.user == message.user for one in before):
        yield "leads"
    if message.names and any(one.act == Act.QUESTION and one.user.lower() in message.names for one in before):
        yield "to-asker"
    for act in (Act.CAUSE, Act.STATUS):
        if any(one.act == act for one in before):
            yield f"seen:{act}"


def _referred(message: MessageFeatures, after: Sequence[MessageFeatures]) -> Iterator[str]:
    """Yield what comes after: an answer, words that are taken up."""
    for name, acts_ in (("answer", {Act.ANSWER, Act.RULED_OUT}), ("result", {Act.RESULT}), ("out", {Act.RULED_OUT})):
        found = (at for at, one in enumerate(after, start=1) if one.act in acts_ and one.user != message.user)
        yield f"then:{name}:{_distance(next(found, 0))}"
    if any(one.words & message.words for one in after[:4] if one.user != message.user):
        yield f"taken-up&{message.act}"


def _distance(at: int) -> str:
    return "none" if not at else str(at) if at < 3 else "few" if at < 6 else "far"
