"""Split lines into words, reduce sentences to terms, and weigh words.

Lines are lower-cased, identifiers split at punctuation, Chinese is split into pairs of characters. Signatures, texts
and the background are all split here, so that their words can be compared. Terms are for texts in which people describe
a problem in their own words, where order and endings say little: stems without stop words, one term for synonyms.
Messages of programs are matched word by word instead (`intents.signature_finder`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Set
from functools import cache, lru_cache
from math import log
from typing import Final, NamedTuple

from intents.background import everyday_words, ordinary_lines, same_words

# `node(s)` is a word of its own, different from `nodes`: programs write the one, people the other.
_WORD: Final = re.compile(r"[a-z0-9]+(?:'t|\(s\))?|[\u3400-\u9fff\uf900-\ufaff]+")
_FIRST_CJK: Final = "\u3400"


class Token(NamedTuple):
    """A word and its place in the line, as string indexes."""

    word: str
    start: int
    end: int


def words_of(line: str) -> list[str]:
    """Return the words of a line in order."""
    found: list[str] = _WORD.findall(_lowered(line))
    if line.isascii():
        return found
    return [word for run in found for word in _pairs(run)]


def tokens_of(line: str) -> list[Token]:
    """Return the words of a line in order, with their places."""
    tokens: list[Token] = []
    for match in _WORD.finditer(_lowered(line)):
        run, start = match.group(), match.start()
        # Most words: each text and each signature is split here.
        if run[0] < _FIRST_CJK:
            tokens.append(Token(run, start, match.end()))
        else:
            tokens += [Token(word, at, at + len(word)) for at, word in enumerate(_pairs(run), start)]
    return tokens


def _pairs(run: str) -> list[str]:
    if run[0] < _FIRST_CJK or len(run) <= 2:
        return [run]
    return [run[index : index + 2] for index in range(len(run) - 1)]


def _lowered(line: str) -> str:
    """Return the line in lower case with the same number of characters, so that places stay valid."""
    lowered = line.lower()
    if len(lowered) == len(line):
        return lowered
    return "".join(small if len(small := char.lower()) == 1 else char for char in line)


# Stop words: every text has them.
_COMMON: Final = frozenset(
    """
    a about after again all also am an and any anybody anyone anything are aren't as at be because been before
    being both but by can can't could couldn't did didn't do does doesn't doing don't down during each else ever
    every everyone everything few folks for from further get gets getting give go goes going gone got guys had
    has hasn't have haven't having he hello help her here hey hi him his how i i'd i'm i've idea if in into is
    isn't it it's its just kind know let like ll look looks made make many may maybe me might more most much
    must my need needs new no nor not nothing now of off ok on once one only onto or other our out over own per
    please put re really s same say says see seems seen set she should shouldn't show shows since so some
    somebody someone something sort still such t take takes team than thanks that the their them then there
    these they thing things this those though through to today tonight too try trying under until up us use used
    uses using ve very via want wants was wasn't way we were what when where whether which while who why will
    with without won't would wouldn't yes yesterday yet you your
    """.split()  # noqa: SIM905
)
_COMMON_HAN: Final = frozenset(
    "的了是在和与有我们你您他她它这那哪就都也很还又再才吧吗呢啊呀哦嘛个么什怎样请帮谁把被从对为而且或及其但如果因所以之后前来去说看下"
)

# Names of objects: parts joined by hyphens, one of them with a digit. They say nothing about the problem.
_NAME: Final = re.compile(r"\b(?=[a-z0-9.-]{0,250}\d)[a-z0-9]+(?:[-.][a-z0-9]+)+\b")
_COMPOUND: Final = re.compile(r"[A-Za-z]*[a-z][A-Z][A-Za-z]*")
_PART: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# (ending, replacement), the longest first. At least _LEFT letters of a word must remain.
_ENDINGS: Final = (
    ("ations", "ate"), ("ation", "ate"), ("ities", "ity"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"),
    ("ingly", ""), ("edly", ""), ("ings", ""), ("ies", "y"), ("ied", "y"), ("ing", ""), ("ers", "er"), ("ed", ""),
    ("ly", ""), ("s", ""),
)  # fmt: skip
_LEFT: Final = 3
_NOTHING: Final = ""


def terms_of(text: str, *, known: Container[str] = ()) -> frozenset[str]:
    """Return the terms of a text. A compound such as `additionalContainers` is a term, and so are its parts.

    The parts of a `known` compound are left out: they would count the same thing twice.
    """
    plain = _NAME.sub(" ", text)
    found = set(map(_counted_term, words_of(plain)))
    for compound in _COMPOUND.findall(plain):
        if stem_of(compound.lower()) not in known:
            found.update(_counted_term(part.lower()) for part in _PART.findall(compound))
    found.discard(_NOTHING)
    return frozenset(found)


def term_of(word: str) -> str:
    """Return the term of a word, even of a stop word."""
    stem = stem_of(word)
    return _synonyms().get(stem, stem)


@lru_cache(maxsize=20_000)
def _counted_term(word: str) -> str:
    """Return the term of a word; "" for a stop word."""
    return term_of(word) if _is_telling(word) else _NOTHING


@cache
def _synonyms() -> dict[str, str]:
    """Return the synonyms: term → the term that stands for it."""
    return {stem_of(word): stem_of(first) for first, *others in same_words() for word in others}


@lru_cache(maxsize=20_000)
def stem_of(word: str) -> str:
    """Return a word without its ending: the same for restarts, restarted and restarting. It need not be a word."""
    if not word.isascii() or not word.isalpha() or len(word) <= _LEFT:
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEFT and not word.endswith("ss"):
            word = word[: -len(ending)] + instead
            break
    if len(word) > _LEFT + 1 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > _LEFT else word


def _is_telling(word: str) -> bool:
    """Return whether a word is no stop word and no number."""
    if word.isascii():
        common = word in _COMMON or word in everyday_words()
        return len(word) > 1 and not common and not any(char.isdigit() for char in word)
    return len(word) > 1 and not any(char in _COMMON_HAN for char in word)


# All entries together count as at most this many documents, whatever the size of the catalog: otherwise every word of a
# large catalog would look rare, and of a small one common.
_CATALOG_COUNTS: Final = 60.0
# A single character (a unit, a plural s) says next to nothing.
_SHORT_WORD: Final = 0.4


class WordWeights:
    """The weights of words, from the words of each catalog entry and of the background."""

    def __init__(self, documents: Iterable[Set[str]]) -> None:
        background = [set(words_of(line)) for line in ordinary_lines()]
        in_catalog: Counter[str] = Counter()
        entries = 0
        for words in documents:
            entries += 1
            in_catalog.update(words)
        self._ordinary: Counter[str] = Counter(word for words in background for word in words)
        self._in_catalog = in_catalog
        self._scale = min(1.0, _CATALOG_COUNTS / entries) if entries else 0.0
        self._documents = len(background) + entries * self._scale

    def weight(self, word: str) -> float:
        """Return -log of the smoothed share of documents that have the word, with a lower limit."""
        # The entry itself is one of the documents: a word that only it has is as rare as can be.
        elsewhere = max(0.0, self._in_catalog[word] - 1) * self._scale
        weight = log((self._documents + 1) / (self._ordinary[word] + elsewhere + 0.7))
        return max(weight, 0.1) * (_SHORT_WORD if len(word) == 1 and word.isascii() else 1.0)

    @property
    def ordinary(self) -> Set[str]:
        """Return the words of the background: none of them counts as a misspelling."""
        return frozenset(self._ordinary)
