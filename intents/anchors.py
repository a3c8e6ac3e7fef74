"""Tell why an object at fault belongs to a question: the text names it, quotes it, or names what its rows name.

Without an anchor a finding may be true about the wrong object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import Final

from intents.domain import Focus, Hypothesis, ObjectRef, Row, Text
from intents.kinds import KINDS
from intents.named_objects import ObjectKey
from intents.subjects import Candidate

# A shorter message, or a shorter part of one, stands in other texts by chance.
SHORTEST_MESSAGE: Final = 16
_SHORTEST_PART: Final = 24
_QUOTES: Final = re.compile(r"[\"'`“”‘’\\]|\s+")
_VARIES: Final = re.compile(r"\(s\)|[0-9][0-9a-f]*|[\"'`“”‘’\\]|\s+")
# People's own words before a pasted line, and a colon. A command, or a path, before a colon is of the message.
_OWN_WORDS: Final = re.compile(r"^[\w ,.’'-]+[:：]\s*(?=\S)")
# What may follow a message in a line: the end, or that of a field.
_ENDS: Final = re.compile(r"[\s.]*(?:$|[,}\])])")
_SENTENCE: Final = re.compile(r"(?<=[a-z)}])\.\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A message that the cluster holds about an object: an event, a condition, a container's state, a line of a log."""

    subject: ObjectRef
    source: Text
    text: str
    at: datetime | None = None


@lru_cache(maxsize=8192)
def exactly(text: str) -> str:
    """Return a line as it is compared word for word: without quotes, capitals and superfluous spaces."""
    return " ".join(_QUOTES.sub(" ", text.lower()).split())


@lru_cache(maxsize=8192)
def without_varying(text: str) -> str:
    """Return a line without what varies between two objects that say the same: numbers and hashes."""
    return " ".join(_VARIES.sub(" ", text.lower()).split())


def speakers(lines: Iterable[str], statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Return the statements that have most in common with a line of a text: with the same values if there are any.

    The scheduler's line about a taint is that of the pod that lacks this toleration, not of every pending pod whose
    line ends in the same words.
    """
    for form in (exactly, without_varying):
        plain = dict.fromkeys(form(part) for line in lines for part in parts(line))
        wanted = [part for part in plain if len(part) >= SHORTEST_MESSAGE]
        common = [max((_common(form(one.text), line) for line in wanted), default=0) for one in statements]
        if most := max(common, default=0):
            return tuple(one for one, length in zip(statements, common, strict=True) if length == most)
    return ()


def parts(line: str) -> Iterator[str]:
    """Yield a line, what follows people's own words, and the first sentence of each.

    What the scheduler says of preemption changes with each try.
    """
    for number, part in enumerate((line, _OWN_WORDS.sub("", line))):
        if number == 0 or len(part) >= _SHORTEST_PART:
            yield part
            yield _SENTENCE.split(part, maxsplit=1)[0]


def _common(message: str, line: str) -> int:
    """Return the length of a message that a line ends in, or of a line that a message has in it; else 0."""
    if len(message) >= SHORTEST_MESSAGE and (at := line.find(message)) >= 0 and _ENDS.match(line, at + len(message)):
        return len(message)
    return len(line) if _SHORTEST_PART <= len(line) <= len(message) and line in message else 0


def is_said(line: str, statements: Iterable[str]) -> bool:
    """Tell whether a line of a text, without what varies, is one of the statements, which are without it already."""
    return any(_common(one, without_varying(part)) for part in parts(line) for one in statements)


def names(message: str, name: str) -> bool:
    """Tell whether a message contains a name as a word."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", message) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question: the words of its text, whether it is an alert, and the objects that it is about.

    `kin` is the object in question with what owns it and what it owns: rows about these are rows about it.
    """

    text: str = ""
    alert: bool = False
    reached: frozenset[ObjectKey] = frozenset()
    kin: frozenset[ObjectKey] = frozenset()
    quoted: tuple[ObjectRef, ...] = ()  # those that say a line of it
    past: bool = False  # whether the only one said it long ago, and is well since


NO_QUESTION: Final = Question()


class Anchor(IntEnum):
    """The reasons, the weakest first."""

    CONTRADICTED = -1  # the text names another image, claim, node …
    NONE = 0
    PLACE = 1  # it is in the namespace or on the node that the text names, or in the cluster of an alert
    QUOTED = 2  # a line of the text is what the cluster says of it
    CAPTURED = 3  # its rows have a value that the text names
    REACHED = 4  # edges connect it with an object that the question is about
    NAMED = 5


# Captured names that many objects have, or that vary: they identify an object only by a compound value.
_GENERAL: Final = frozenset({
    "kind", "namespace", "container", "resource", "verb", "api", "api_group", "scope", "code", "number", "count",
    "duration", "minutes", "heavy_use", "port", "rule", "reason", "field", "user", "registry", "cluster",
})  # fmt: skip
# Captured names of places, and of what a cluster has once.
_PLACES: Final = ("namespace", "node", "api")
# All pods that wait meet the taints of the same nodes.
_OF_NODES: Final = "taint"
# Captured names of parts, or of what contains an object.
_PARTS: Final = frozenset({"namespace", "container", "code", "number", "count"})
_COMPOUND: Final = re.compile(r"[^./:]{2,}[./:][^./:]{2,}")
# Captured names that an object has one of, and row keys that hold it: another value is about another object.
_IDENTIFYING: Final = ("image", "pvc", "pv", "pod", "node", "service", "job", "deployment", "statefulset", "daemonset")
_SHORTEST: Final = 3
# A shorter value stands in other words by chance.
_SHORTEST_WITHIN: Final = 6
_WORD: Final = re.compile(r"[A-Za-z0-9][\w./-]*[A-Za-z0-9]")
_LABEL: Final = re.compile(r"^[\w ]{2,24}:\s+")
_MOST_LINES: Final = 400


def anchored(
    found: Sequence[Candidate],
    rows: Sequence[Sequence[Row]],
    hypothesis: Hypothesis,
    focus: Focus,
    question: Question,
) -> tuple[Anchor, tuple[int, ...]]:
    """Return the best reason, and the numbers of the candidates for which it holds; `rows` are those tied to each."""
    values = {
        word: value
        for word, value in hypothesis.named.items()
        if value and word != _OF_NODES and (word not in _GENERAL or _COMPOUND.search(value))
    }
    quotes = [match.quote for match in hypothesis.matches]
    text = question.text or "\n".join(quotes)
    words = frozenset(_WORD.findall(text))
    lines = frozenset(without_varying(_LABEL.sub("", line)) for line in text.splitlines()[:_MOST_LINES])
    quoted = frozenset(one.key for one in question.quoted)
    strengths = [
        _named(one, focus, hypothesis, question, words)
        or _quoted(one, quoted)
        or (_said(own, values, quotes, lines) if quotes else Anchor.NONE)
        or _placed(one, focus, question, words)
        for one, own in zip(found, rows, strict=True)
    ]
    best = max(strengths, default=Anchor.NONE)
    return best, tuple(number for number, strength in enumerate(strengths) if strength is best)


def is_anchored(anchor: Anchor, meant: int, hypothesis: Hypothesis, question: Question) -> bool:
    """Tell whether a reason is enough: a line that several objects say, or a place with several, is not.

    If it is known which object the question is about, only that one and what edges connect with it count.
    """
    if question.reached:
        return anchor >= Anchor.REACHED
    if hypothesis.besides or not hypothesis.matches:
        return True
    return anchor >= Anchor.CAPTURED or (anchor >= Anchor.PLACE and meant == 1 and len(question.quoted) < 2)


def is_identified(hypothesis: Hypothesis, focus: Focus, question: Question) -> bool:
    """Tell whether it is known which object or place a question is about: only then can the cluster refute it.

    That no other object has the trouble says nothing about the one in question, which may be in another cluster.
    """
    placed = any(hypothesis.named.get(word) for word in _PLACES)
    return bool(focus.names_object or question.reached or hypothesis.besides or placed or not hypothesis.matches)


def _named(one: Candidate, focus: Focus, hypothesis: Hypothesis, question: Question, words: frozenset[str]) -> Anchor:
    named = {(focus.kind, focus.namespace, focus.name)} if focus.name else set()
    if besides := hypothesis.besides:
        named.add((KINDS[besides.kind], besides.namespace, besides.value))
    if (
        (one.shared and (not question.quoted or bool(question.reached)))
        or any(_is(key, other) for key in one.own for other in named)
        or one.subject.name in (value for word, value in hypothesis.named.items() if word not in _PARTS)
        or any(_is_spoken(namespace, name, words) for _, namespace, name in one.own)
    ):
        return Anchor.NAMED
    return Anchor.REACHED if one.own & question.reached else Anchor.NONE


def _is_spoken(namespace: str, name: str, words: frozenset[str]) -> bool:
    """Tell whether a text says a name. One of one word may be an ordinary word; with its namespace it is none."""
    return f"{namespace}/{name}" in words or (name in words and ("-" in name or "." in name or namespace in words))


def _is(key: ObjectKey, named: ObjectKey) -> bool:
    return (key[0], key[2]) == (named[0], named[2]) and named[1] in ("", key[1])


def _quoted(one: Candidate, quoted: frozenset[ObjectKey]) -> Anchor:
    """Return whether it says a line of the text; nothing else counts once some object says it."""
    if not quoted:
        return Anchor.NONE
    return Anchor.QUOTED if one.own & quoted else Anchor.CONTRADICTED


def _said(rows: Sequence[Row], values: Mapping[str, str], quotes: Iterable[str], lines: frozenset[str]) -> Anchor:
    texts = {text for row in rows for text in _texts(row) if text}
    if _contradicts(rows, values):
        return Anchor.CONTRADICTED
    if any(_holds(texts, value) for value in values.values()):
        return Anchor.CAPTURED
    said = {plain for text in texts if len(plain := without_varying(text)) >= SHORTEST_MESSAGE}
    reasons = {
        without_varying(str(value))
        for row in rows
        for key, value in row.values.items()
        if "reason" in key and len(str(value)) >= _SHORTEST_WITHIN
    }
    is_quoted = not lines.isdisjoint(reasons | said) or any(is_said(_LABEL.sub("", quote), said) for quote in quotes)
    return Anchor.QUOTED if is_quoted else Anchor.NONE


def _placed(one: Candidate, focus: Focus, question: Question, words: frozenset[str]) -> Anchor:
    on = {name for kind, _, name in one.near if kind == "Node"}
    placed = question.alert or focus.namespace or focus.node in on or on & words or one.near & question.reached
    return Anchor.PLACE if placed else Anchor.NONE


def _contradicts(rows: Iterable[Row], values: Mapping[str, str]) -> bool:
    """Tell whether every row that has a captured value's key has another value there."""
    rows = list(rows)
    for word in _IDENTIFYING:
        own = {str(row.values[word]) for row in rows if row.values.get(word)}
        told = values.get(word, "")
        if told and own and not any(told in one or one in told for one in own):
            return True
    return False


def _holds(texts: Iterable[str], value: str) -> bool:
    """Tell whether a field of a row is this value, has it within its words, or is a compound part of it."""
    port = value.rpartition(":")[2]
    return len(value) >= _SHORTEST and any(
        text in (value, port)
        or (len(value) >= _SHORTEST_WITHIN and value in text)
        or (len(text) >= _SHORTEST_WITHIN and text in value and _COMPOUND.search(text) is not None)
        for text in texts
    )


def _texts(row: Row) -> Iterable[str]:
    yield row.subject.name
    yield row.quote
    for value in row.values.values():
        if isinstance(value, tuple):
            yield from value
        elif isinstance(value, str) or (type(value) is int and value > _LEAST_PORT):
            yield str(value)


# Smaller numbers are counts.
_LEAST_PORT: Final = 1023
