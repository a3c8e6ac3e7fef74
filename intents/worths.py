"""What a notion is worth for an entry: how much more often it stands in what the entry says than anywhere else.

An entry's signatures, examples, title, cause, impact and runbook, in both languages, are its texts. Elsewhere are the
other entries, the background, and the entry's own near misses.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Final, NamedTuple

from intents.background import ordinary_lines
from intents.catalog.schema import Incident
from intents.notions import notions_of
from intents.patterns import PLACEHOLDER

# How much of what is expected elsewhere comes from ordinary texts, from the other entries, and from the near misses.
_ORDINARY: Final = 0.4
_OTHERS: Final = 0.4
_NEAR_MISSES: Final = 0.2
# Near misses are few: so many more are imagined that do not have the notion.
_MORE_NEAR_MISSES: Final = 3
# That a notion stands in some of an entry's texts says nearly as much as that it stands in most.
_STRETCHED: Final = 3.0
_FORESEEN: Final = 0.8
# What a notion says at most, in nats: one that nobody has written yet may still be an ordinary one.
_MOST: Final = 6.0
# Pairs of characters overlap, so that a Chinese word is said twice. Most pairs that nobody has written are the end of
# one word and the beginning of another.
_HAN: Final = 0.6
_PARTED_ELSEWHERE: Final = 1.0
_TITLE: Final = 2.0
# A signature must say so much for its being there to mean something.
_LEAST_SIGNATURE: Final = 9.0


class _Phrase(NamedTuple):
    notions: frozenset[str]
    said: float


class Worths:
    """Learned once per catalog; entries are told by their numbers."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        shares = [_shares(_texts_of(incident)) for incident in incidents]
        together: Counter[str] = Counter()
        for share in shares:
            together.update(share)
        self._ordinary = _ordinary()
        self._usual = {notion: _ORDINARY * self._ordinary.usual(notion) for notion in together}
        self._surprise = {
            notion: -log(self._usual[notion] + _OTHERS * sum_ / len(incidents)) for notion, sum_ in together.items()
        }
        self._near = tuple(tuple(_notions(text) for text in incident.examples.other) for incident in incidents)
        self._worths: dict[str, dict[int, float]] = {notion: {} for notion in together}
        for number, share in enumerate(shares):
            self._learn(number, share, together, entries=len(incidents))
        phrase = cache(self._phrase)  # alternatives repeat each other over and over
        self._signatures = tuple(tuple(_signatures_of(incident, phrase)) for incident in incidents)

    def _learn(self, number: int, share: Mapping[str, float], together: Mapping[str, float], *, entries: int) -> None:
        near = self._near[number]
        missed = Counter(notion for text in near for notion in text)
        for notion, here in share.items():
            elsewhere = (
                self._usual[notion]
                + _OTHERS * (together[notion] - here + 0.01) / entries
                + _NEAR_MISSES * missed[notion] / (len(near) + _MORE_NEAR_MISSES)
            )
            foreseen = _FORESEEN * min(1.0, _STRETCHED * here) + (1 - _FORESEEN) * elsewhere
            self._worths[notion][number] = _weighed(notion, log(foreseen / elsewhere))

    def _phrase(self, phrase: str) -> _Phrase:
        notions = _notions(phrase)
        return _Phrase(notions, sum(map(self.said, sorted(notions))))

    def __contains__(self, notion: object) -> bool:
        return notion in self._worths

    def of(self, notion: str) -> Mapping[int, float]:
        """entry → what a notion is worth for it, in nats; entries that never speak of it are left out"""
        return self._worths.get(notion, {})

    def said(self, notion: str) -> float:
        """How much a notion says, whatever it goes with."""
        surprise = self._surprise.get(notion)
        if surprise is None and not notion.isascii():
            return _PARTED_ELSEWHERE
        if surprise is None:
            surprise = -log(_ORDINARY * self._ordinary.usual(notion))
        return _weighed(notion, min(_MOST, max(0.0, surprise)))

    def signed(self, number: int, spoken: Set[str]) -> float:
        """The largest share of one of an entry's signatures whose words are there, in whatever order."""
        return max((self._share(groups, spoken) for groups in self._signatures[number]), default=0.0)

    def _share(self, groups: Sequence[Sequence[_Phrase]], spoken: Set[str]) -> float:
        """The share of a signature that is there, in its best alternatives."""
        there = whole = 0.0
        for group in groups:
            heard = [(sum(map(self.said, sorted(one.notions & spoken))), one.said) for one in group]
            best, said = max(heard, key=lambda one: one[0] / one[1] if one[1] else 0.0)
            there += best
            whole += said
        return there / whole if whole else 0.0

    def beyond(self, number: int, telling: Mapping[str, float]) -> float:
        """What of the worth of some notions is left without those of whichever near miss or ordinary line has most."""
        alike = {line for notion in telling for line in self._ordinary.where.get(notion, ())}
        texts = (*self._near[number], *(self._ordinary.lines[line] for line in alike))
        left = (sum(worth for notion, worth in telling.items() if notion not in text) for text in texts)
        return min(left, default=sum(telling.values()))


def _weighed(notion: str, worth: float) -> float:
    return worth if notion.isascii() else worth * _HAN


def _signatures_of(
    incident: Incident, phrase_of: Callable[[str], _Phrase]
) -> Iterator[tuple[tuple[_Phrase, ...], ...]]:
    """Of the signatures that say enough for their being there to mean something, the phrases of each group."""
    for signature in incident.signatures:
        groups = tuple(tuple(map(phrase_of, group)) for group in signature.groups)
        if not signature.hint and sum(min(one.said for one in group) for group in groups) >= _LEAST_SIGNATURE:
            yield groups


def _texts_of(incident: Incident) -> Iterator[tuple[str, float]]:
    """What an entry says of itself, and how much each text counts."""
    for signature in incident.signatures:
        yield " ".join(signature.phrases), 1.0
    for text in incident.examples.match:
        yield text, 1.0
    yield incident.title.en, _TITLE
    yield incident.title.zh, _TITLE
    told = (incident.root_cause, incident.impact, *incident.false_positives, *(step.says for step in incident.runbook))
    for both in told:
        yield both.en, 1.0
        yield both.zh, 1.0


def _shares(texts: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """The share of the texts that has each notion."""
    counted: defaultdict[str, float] = defaultdict(float)
    whole = 0.0
    for text, weight in texts:
        whole += weight
        for notion in sorted(_notions(text)):
            counted[notion] += weight
    return {notion: count / whole for notion, count in counted.items()}


@cache
def _notions(text: str) -> frozenset[str]:
    return notions_of(PLACEHOLDER.sub(" ", text))


@dataclass(frozen=True, slots=True)
class _Ordinary:
    """The notions of the background's lines, and in which of them each stands."""

    lines: tuple[frozenset[str], ...]
    where: Mapping[str, tuple[int, ...]]

    def usual(self, notion: str) -> float:
        """The share of lines in which a notion is to be expected."""
        return (len(self.where.get(notion, ())) + 0.5) / (len(self.lines) + 1)


@cache
def _ordinary() -> _Ordinary:
    lines = tuple(notions_of(line) for line in ordinary_lines())
    where: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for notion in line:
            where[notion].append(number)
    return _Ordinary(lines, {notion: tuple(numbers) for notion, numbers in where.items()})
