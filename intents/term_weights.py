"""Weigh terms for each entry: how much more often a term occurs in the entry's texts than in other texts.

An entry's texts are its signatures, examples, title, cause, impact and runbook, in both languages. Other texts are the
other entries, the background, and the entry's own near misses.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Any, Final, NamedTuple

from intents.background import ordinary_lines
from intents.catalog.schema import Incident
from intents.patterns import PLACEHOLDER
from intents.tokens import terms_of

# The shares of the background, of other entries and of near misses in the expected frequency of a term.
_ORDINARY: Final = 0.4
_OTHERS: Final = 0.4
_NEAR_MISSES: Final = 0.2
# Near misses are few: smooth as if there were so many more without the term.
_MORE_NEAR_MISSES: Final = 3
# A term in some of an entry's texts says nearly as much as one in most of them.
_STRETCHED: Final = 3.0
_SMOOTHING: Final = 0.8
# The most that a term says, in nats: one that no known text has may still be ordinary.
_MOST: Final = 6.0
# Pairs of Chinese characters overlap and so count a word twice. Most pairs that no known text has are the end of one
# word and the beginning of the next.
_HAN: Final = 0.6
_PARTED_ELSEWHERE: Final = 1.0
_TITLE: Final = 2.0
# Signatures that say less than this, in nats, are not looked for by their terms.
_LEAST_SIGNATURE: Final = 9.0


class _Phrase(NamedTuple):
    terms: frozenset[str]
    information: float


class TermWeights:
    """The weights of all terms for all entries of a catalog; entries are identified by their numbers."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        shares = [_shares(_texts_of(incident)) for incident in incidents]
        together: Counter[str] = Counter()
        for share in shares:
            together.update(share)
        self._ordinary = _ordinary()
        self._expected = {term: _ORDINARY * self._ordinary.expected_share(term) for term in together}
        self._surprise = {
            term: -log(self._expected[term] + _OTHERS * sum_ / len(incidents)) for term, sum_ in together.items()
        }
        self._near = tuple(tuple(_terms(text) for text in incident.examples.other) for incident in incidents)
        self._weights: dict[str, dict[int, float]] = {term: {} for term in together}
        for number, share in enumerate(shares):
            self._learn(number, share, together, entries=len(incidents))
        phrase = cache(self._phrase)  # the same phrases are alternatives of many signatures
        self._signatures = tuple(tuple(_signatures_of(incident, phrase)) for incident in incidents)

    def plain(self) -> tuple[Any, ...]:
        """Return all that was learned as plain values, for `of_plain`."""
        signatures = tuple(
            tuple(tuple(tuple(map(tuple, group)) for group in groups) for groups in signature)
            for signature in self._signatures
        )
        ordinary = (self._ordinary.lines, self._ordinary.where)
        return ordinary, self._expected, self._surprise, self._near, self._weights, signatures

    @classmethod
    def of_plain(cls, plain: tuple[Any, ...]) -> TermWeights:
        """Return what `plain` was made of."""
        ordinary, expected, surprise, near, weights, signatures = plain
        self = cls.__new__(cls)
        self._ordinary = _Ordinary(*ordinary)
        self._expected, self._surprise, self._near, self._weights = expected, surprise, near, weights
        self._signatures = tuple(
            tuple(tuple(tuple(_Phrase(*phrase) for phrase in group) for group in groups) for groups in signature)
            for signature in signatures
        )
        return self

    def _learn(self, number: int, share: Mapping[str, float], together: Mapping[str, float], *, entries: int) -> None:
        near = self._near[number]
        in_near_misses = Counter(term for text in near for term in text)
        for term, here in share.items():
            elsewhere = (
                self._expected[term]
                + _OTHERS * (together[term] - here + 0.01) / entries
                + _NEAR_MISSES * in_near_misses[term] / (len(near) + _MORE_NEAR_MISSES)
            )
            expected = _SMOOTHING * min(1.0, _STRETCHED * here) + (1 - _SMOOTHING) * elsewhere
            self._weights[term][number] = _weighed(term, log(expected / elsewhere))

    def _phrase(self, phrase: str) -> _Phrase:
        terms = _terms(phrase)
        return _Phrase(terms, sum(map(self.information, sorted(terms))))

    def __contains__(self, term: object) -> bool:
        return term in self._weights

    def weights_of(self, term: str) -> Mapping[int, float]:
        """Return a term's weight for each entry that has it, in nats."""
        return self._weights.get(term, {})

    def information(self, term: str) -> float:
        """Return how much a term says about any entry, in nats."""
        surprise = self._surprise.get(term)
        if surprise is None and not term.isascii():
            return _PARTED_ELSEWHERE
        if surprise is None:
            surprise = -log(_ORDINARY * self._ordinary.expected_share(term))
        return _weighed(term, min(_MOST, max(0.0, surprise)))

    def signature_share(self, number: int, terms: Set[str]) -> float:
        """Return the largest share of an entry's signature that some terms cover, in any order."""
        return max((self._share(groups, terms) for groups in self._signatures[number]), default=0.0)

    def _share(self, groups: Sequence[Sequence[_Phrase]], terms: Set[str]) -> float:
        """Return the share of a signature that some terms cover, with the best alternative of each group."""
        covered = whole = 0.0
        for group in groups:
            found = [(sum(map(self.information, sorted(one.terms & terms))), one.information) for one in group]
            best, information = max(found, key=lambda one: one[0] / one[1] if one[1] else 0.0)
            covered += best
            whole += information
        return covered / whole if whole else 0.0

    def margin(self, number: int, telling: Mapping[str, float]) -> float:
        """Return the weight of some terms without those of the near miss or background line that shares most of it."""
        alike = {line for term in telling for line in self._ordinary.where.get(term, ())}
        texts = (*self._near[number], *(self._ordinary.lines[line] for line in alike))
        left = (sum(weight for term, weight in telling.items() if term not in text) for text in texts)
        return min(left, default=sum(telling.values()))


def _weighed(term: str, weight: float) -> float:
    return weight if term.isascii() else weight * _HAN


def _signatures_of(
    incident: Incident, phrase_of: Callable[[str], _Phrase]
) -> Iterator[tuple[tuple[_Phrase, ...], ...]]:
    """Yield the phrases of each group of the signatures that say enough."""
    for signature in incident.signatures:
        groups = tuple(tuple(map(phrase_of, group)) for group in signature.groups)
        if not signature.hint and sum(min(one.information for one in group) for group in groups) >= _LEAST_SIGNATURE:
            yield groups


def _texts_of(incident: Incident) -> Iterator[tuple[str, float]]:
    """Yield an entry's own texts, and how much each counts."""
    for signature in incident.signatures:
        yield " ".join(signature.phrases), 1.0
    for text in incident.examples.match:
        yield text, 1.0
    yield incident.title.en, _TITLE
    yield incident.title.zh, _TITLE
    both_languages = (
        incident.root_cause,
        incident.impact,
        *incident.false_positives,
        *(step.says for step in incident.runbook),
    )
    for both in both_languages:
        yield both.en, 1.0
        yield both.zh, 1.0


def _shares(texts: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """Return the share of the texts that has each term."""
    counted: defaultdict[str, float] = defaultdict(float)
    whole = 0.0
    for text, weight in texts:
        whole += weight
        for term in sorted(_terms(text)):
            counted[term] += weight
    return {term: count / whole for term, count in counted.items()}


@cache
def _terms(text: str) -> frozenset[str]:
    return terms_of(PLACEHOLDER.sub(" ", text))


@dataclass(frozen=True, slots=True)
class _Ordinary:
    """The terms of the background's lines, and the lines that have each term."""

    lines: tuple[frozenset[str], ...]
    where: Mapping[str, tuple[int, ...]]

    def expected_share(self, term: str) -> float:
        """Return the share of background lines that are expected to have a term."""
        return (len(self.where.get(term, ())) + 0.5) / (len(self.lines) + 1)


@cache
def _ordinary() -> _Ordinary:
    lines = tuple(terms_of(line) for line in ordinary_lines())
    where: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for term in line:
            where[term].append(number)
    return _Ordinary(lines, {term: tuple(numbers) for term, numbers in where.items()})
