"""The phrases of a catalog's signatures, made ready for being found: numbered words, weights, an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from intents.background import everyday_words
from intents.catalog.schema import Incident
from intents.index import Demand, Index
from intents.lexicon import Lexicon
from intents.patterns import Pattern, pattern_of, phrase_words
from intents.scoring import LEAST, coverage_for
from intents.weighing import Weights

# Of several phrases each is there nearly in full.
NEARLY: Final = 0.8
# The beginning of a message is enough where the text is cut, if it is this share of all.
CUT_SHARE: Final = 0.42


class Phrase(NamedTuple):
    """A pattern, and where it belongs: numbers of the incident, of the signature within it, of the alternative."""

    incident: int
    signature: int
    alternative: int
    pattern: Pattern
    numbers: tuple[int, ...]
    weights: Mapping[int, float]  # of its words, by their numbers
    fewest: int  # of its words are there in order at least, if it occurs
    fewest_when_cut: int


class Choice(NamedTuple):
    """A signature, and of each of its groups which alternative."""

    incident: int
    signature: int
    alternatives: tuple[int, ...]


class Phrases:
    """Immutable once built.

    The phrases of that group of a signature that says most are its anchors: they are searched for, the others only near
    them. Anchors are numbered over all signatures.
    """

    def __init__(self, incidents: Sequence[Incident]) -> None:
        weights = Weights(
            {word for signature in incident.signatures for phrase in signature.phrases for word in phrase_words(phrase)}
            for incident in incidents
        )
        texts = dict.fromkeys(
            phrase for incident in incidents for signature in incident.signatures for phrase in signature.phrases
        )
        patterns = {text: pattern_of(text, weights.weight) for text in texts}
        self.lexicon = Lexicon(patterns.values(), weights.ordinary | everyday_words())
        shape = _shapes(patterns, self.lexicon)
        self._signatures = {
            (number, place): _in_order(
                tuple(
                    Phrase(number, place, alternative, *shape(text, len(signature.groups) == 1))
                    for alternative, text in enumerate(group)
                )
                for group in signature.groups
            )
            for number, incident in enumerate(incidents)
            for place, signature in enumerate(incident.signatures)
        }
        self.anchors = tuple(phrase for groups in self._signatures.values() for phrase in groups[0])
        self.least = tuple(
            NEARLY if len(groups) > 1 else coverage_for(LEAST, total=phrase.pattern.total)
            for groups in self._signatures.values()
            for phrase in groups[0]
        )
        self.index = Index(
            Demand(anchor.weights, least, min(least, CUT_SHARE))
            for anchor, least in zip(self.anchors, self.least, strict=True)
        )
        self._hints = frozenset(
            (number, place)
            for number, incident in enumerate(incidents)
            for place, signature in enumerate(incident.signatures)
            if signature.hint
        )

    def is_hint(self, choice: Choice) -> bool:
        """Tell whether a choice is one of a signature that is never enough by itself."""
        return (choice.incident, choice.signature) in self._hints

    def further(self, anchor: Phrase) -> Sequence[Sequence[Phrase]]:
        """The other groups of an anchor's signature."""
        return self._signatures[anchor.incident, anchor.signature][1:]

    def total(self, choice: Choice) -> float:
        """How much all phrases say that are chosen."""
        groups = self._signatures[choice.incident, choice.signature]
        return sum(group[at].pattern.total for group, at in zip(groups, choice.alternatives, strict=True))

    def most(self, anchor: Phrase) -> float:
        """How much an anchor and those phrases of the other groups say that say most."""
        return anchor.pattern.total + sum(max(each.pattern.total for each in group) for group in self.further(anchor))


_Shape = tuple[Pattern, tuple[int, ...], Mapping[int, float], int, int]


def _shapes(patterns: Mapping[str, Pattern], lexicon: Lexicon) -> Callable[[str, bool], _Shape]:
    """Return what of a phrase does not depend on where it stands; phrases repeat each other, so each is made once."""

    @cache
    def shape(text: str, alone: bool) -> _Shape:
        pattern = patterns[text]
        least = coverage_for(LEAST, total=pattern.total) if alone else NEARLY
        numbers = tuple(lexicon.number(word) for word in pattern.words)
        # The last word may be broken: then it does not count as shared.
        when_cut = max(1, _fewest(pattern, min(least, CUT_SHARE)) - 1)
        return pattern, numbers, _by_word(numbers, pattern.weights), _fewest(pattern, least), when_cut

    return shape


def _in_order(groups: Iterable[tuple[Phrase, ...]]) -> tuple[tuple[Phrase, ...], ...]:
    """Return the groups of a signature, first the one whose weakest phrase says most."""
    return tuple(sorted(groups, key=lambda group: min(phrase.pattern.total for phrase in group), reverse=True))


def _by_word(numbers: Sequence[int], weights: Sequence[float]) -> dict[int, float]:
    together: dict[int, float] = {}
    for word, weight in zip(numbers, weights, strict=True):
        together[word] = together.get(word, 0.0) + weight
    return together


def _fewest(pattern: Pattern, share: float) -> int:
    """How many words it takes to gather a share of a pattern's weight, if they are the heaviest."""
    needed = share * pattern.total
    for count, weight in enumerate(sorted(pattern.weights, reverse=True), start=1):
        needed -= weight
        if needed <= 1e-9:
            return count
    return len(pattern.weights)
