"""Describe a message by the senses of its words: classes such as who suffers, what is done to systems, what works.

Training messages have few of the words that people use: "yanked" and "rolled back" have one sense. Which senses follow
each other tells what a message states; a few words of grammar keep their places among them. Of English alone: Chinese
words are short, and their characters tell as much (a list of 1,500 words gained nothing).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise, product
from typing import Final

import yaml

from intents.talk.features import WordClasses, listed

_TOKEN: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[?!.,;\n]")
_GRAMMAR: Final = frozenset(
    """
    i i'm i'll i've we we're we'll we've you your they it it's he she not no n't don't didn't doesn't isn't can't won't
    to was is are were been being will would can could should if when until once after before and but so then still
    again now yet all both only also the a in on for of from by with
    """.split()  # noqa: SIM905
)
_UNKNOWN: Final = ("·",)
_STOP: Final = ("|",)
# Endings under which the sense of a word stays: all but what tells the form of a verb.
_ENDINGS: Final = (("s", ""), ("es", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"))
_OF_A_FORM: Final = ("_base", "_ing", "_past")
_LEAST_STEM: Final = 3
# A word may have several senses; so many are combined with those of its neighbours.
_OF_PAIRS: Final = 3
_OF_TRIPLES: Final = 2
_LONGEST: Final = 2_000


def senses_of(text: str) -> Iterator[str]:
    """Yield the senses of a text's words, and pairs and triples of those that follow each other, as features."""
    row = [("^",), *_senses(text[:_LONGEST].lower().replace("’", "'")), ("$",)]
    yield from (f"S:{sense}" for senses in row for sense in senses)
    for first, second in pairwise(row):
        yield from (f"S:{a}>{b}" for a, b in product(first[:_OF_PAIRS], second[:_OF_PAIRS]))
    told = [senses for senses in row if senses not in (_UNKNOWN, _STOP)]
    for first, second in pairwise(told):
        yield from (f"K:{a}>{b}" for a, b in product(first[:_OF_PAIRS], second[:_OF_PAIRS]))
    for three in zip(told, told[1:], told[2:], strict=False):
        yield from (f"K:{a}>{b}>{c}" for a, b, c in product(*(senses[:_OF_TRIPLES] for senses in three)))


def _senses(text: str) -> Iterator[Sequence[str]]:
    """Yield the senses of each word or phrase of a text, of the longest phrase that begins at a word."""
    classes, tokens = _classes(), _TOKEN.findall(text)
    at = 0
    while at < len(tokens):
        token = tokens[at]
        phrases = list(classes.phrases_at(tokens, at))
        if phrases:
            longest, _ = max(phrases)
            yield sorted({sense for length, sense in phrases if length == longest})
            at += longest
            continue
        yield ("?",) if token == "?" else _of_word(token) if token[0].isalnum() else _STOP
        at += 1


@lru_cache(maxsize=1 << 14)
def _of_word(word: str) -> Sequence[str]:
    """Return the senses of an English word, itself in front if it is one of grammar; a number has one of its own."""
    if word.isdigit():
        return ("0",)
    classes = _classes()
    senses = set(classes.of_word(word))
    for ending, instead in () if senses else _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _LEAST_STEM:
            senses |= {each for each in classes.exactly(stem + instead) if not each.endswith(_OF_A_FORM)}
    own = (word,) if word in _GRAMMAR else ()
    return (*own, *sorted(senses)) or _UNKNOWN


@cache
def _classes() -> WordClasses:
    senses = yaml.safe_load((files(__package__) / "senses.yaml").read_text(encoding="utf-8"))
    return WordClasses({sense: listed(entries) for sense, entries in senses.items()})
