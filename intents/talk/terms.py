"""Find the entry of the catalog that a question about a term means, and those that are near it. Pure.

An error's name is found as in any text. For other terms, the words of titles, ids and signatures tell what is near.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import Final

from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.kinds import KINDS, SPELLINGS
from intents.matcher import MatchResult

_LATIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9]+|\d{3}")
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_HAN: Final = re.compile(r"[\u3400-\u9fff]{2,}")
_CAMEL: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# Words of questions, which say nothing of what is asked about.
_OF_QUESTIONS: Final = frozenset(
    """
    a an and any are at be but can cant could did do does doing explain fix for from generally get gets go got
    handle has have how i if in into is it its kubectl kubernetes k8s like look mean meaning means my need not of on
    one or our out please run say says see should so solve steps tell term that the them there thing this to up us
    want was way we what whats when where which who why will with would you your error failed fails
    """.split()  # noqa: SIM905
)
_HAN_OF_QUESTIONS: Final = frozenset(
    ["什么", "意思", "怎么", "如何", "是什", "么意", "为什", "解释", "一下", "处理", "么处", "怎样", "一般", "是啥"]
)
_NEAR: Final = 3
# The share of the best score, and of what the words of a question could score, that something near has.
_OF_BEST: Final = 0.6
_OF_ALL: Final = 0.34
_IN_TITLE: Final = 1.0
_IN_SIGNATURE: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The entry that a question means, None if no entry explains its term; `near` are those that are near it."""

    entry: Incident | None = None
    near: tuple[Incident, ...] = ()


def entry_meant(text: str, matching: MatchResult, catalog: Catalog) -> Meant:
    """Return the entry that a question about a term means. `matching` is what the text matches.

    Without a match all entries are searched, which takes some hundredths of a second.
    """
    named = next((catalog.incidents[word] for word in _ID.findall(text.lower()) if word in catalog.incidents), None)
    if named is not None:
        return Meant(entry=named)
    matched = [catalog.incidents[one.incident] for one in matching.hypotheses if one.incident in catalog.incidents]
    if matched:
        return Meant(entry=matched[0], near=tuple(matched[1:_NEAR]))
    return Meant(near=_near(text, catalog))


def kind_in(text: str) -> str:
    """Return the first kind of objects that a text names, "" for none."""
    words = (word.lower() for word in _LATIN.findall(text))
    return next((kind for word in words if (kind := KINDS.get(SPELLINGS.get(word, "")))), "")


def _near(text: str, catalog: Catalog) -> tuple[Incident, ...]:
    asked = frozenset(_words(text)) - _OF_QUESTIONS
    entries = {incident.id: _weighed(incident) for incident in catalog}
    having = Counter(word for words in entries.values() for word in words if word in asked)
    telling = {word: log(len(entries) / count) for word, count in having.items()}
    scores = Counter(
        {
            entry: sum(weight * telling[word] for word, weight in words.items() if word in telling)
            for entry, words in entries.items()
        }
    )
    ranked = [(entry, score) for entry, score in scores.most_common(_NEAR) if score]
    least = max(_OF_BEST * ranked[0][1], _OF_ALL * sum(telling.values())) if ranked else 0.0
    return tuple(catalog.incidents[entry] for entry, score in ranked if score >= least)


def _weighed(incident: Incident) -> Mapping[str, float]:
    signatures = dict.fromkeys(_words(" ".join(map(str, incident.signatures))), _IN_SIGNATURE)
    return signatures | dict.fromkeys(_words(f"{incident.id} {incident.title.en} {incident.title.zh}"), _IN_TITLE)


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text, a kind by its full name too, and the pairs of Chinese characters."""
    for found in _LATIN.findall(text):
        word = found.lower()
        yield word
        yield from (part.lower() for part in _CAMEL.findall(found))
        if kind := KINDS.get(SPELLINGS.get(word, "")):
            yield kind.lower()
    for run in _HAN.findall(text):
        yield from (pair for pair in map("".join, pairwise(run)) if pair not in _HAN_OF_QUESTIONS)
