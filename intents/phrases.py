"""Prepare the phrases of a catalog's signatures for the search: numbered words, weights, an index."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple

from intents.background import everyday_words
from intents.catalog.schema import Incident
from intents.index import Demand, Index
from intents.lexicon import Lexicon
from intents.packed import Numbers, Packed
from intents.patterns import Hole, Pattern, pattern_of, phrase_words
from intents.scores import LEAST, coverage_for
from intents.tokens import WordWeights

# The share of its weight that each of several phrases must have.
NEARLY: Final = 0.8
# The share of a cut message that must be visible.
CUT_SHARE: Final = 0.42


class Phrase(NamedTuple):
    """A pattern with the numbers of its incident, of its signature there, and of its alternative in the group."""

    incident: int
    signature: int
    alternative: int
    pattern: Pattern
    numbers: tuple[int, ...]
    weights: Mapping[int, float]  # of its words, by their numbers
    fewest: int  # number of its words that an occurrence has in order
    fewest_when_cut: int
    gate: tuple[int, ...]  # words of which each occurrence with `NEARLY` all of its weight has at least one


class PhraseChoice(NamedTuple):
    """A signature, and the alternative that was found of each of its groups."""

    incident: int
    signature: int
    alternatives: tuple[int, ...]


# The parts of a phrase that all its uses share: see the fields of `Phrase`.
_Shape = tuple[Pattern, tuple[int, ...], Mapping[int, float], int, int, tuple[int, ...]]


class _Shapes(Packed[_Shape]):
    """Hold the parts that phrases share. Whatever words and weights determine is computed when it is unpacked."""

    @staticmethod
    def pack(item: _Shape) -> Any:
        (text, words, holes, weights, _), numbers, _, *fewest, _ = item
        return text, words, tuple(hole and tuple(hole) for hole in holes), weights, numbers, tuple(fewest)

    @staticmethod
    def unpack(plain: Any) -> _Shape:
        text, words, holes, weights, numbers, fewest = plain
        pattern = Pattern(text, words, tuple(hole and Hole(*hole) for hole in holes), weights, sum(weights))
        return _shape(pattern, numbers, *fewest)


_Groups = tuple[tuple[Phrase, ...], ...]


class _Signatures:
    """The groups of phrases of all signatures, made when they are asked for: a text needs those of a few.

    The most informative group of a signature is the first.
    """

    def __init__(self, incidents: Sequence[Incident], patterns: Mapping[str, Pattern], lexicon: Lexicon) -> None:
        # Incidents and signatures end where the next begins; so do groups, in the list of all phrases.
        self._incidents = Numbers("I", [0])
        self._ends = Numbers("I", [0])
        self._groups = Numbers("I", [0])
        self._phrases = Numbers("I")
        shapes: dict[tuple[str, bool], int] = {}
        for incident in incidents:
            for signature in incident.signatures:
                for group in sorted(signature.groups, key=lambda group: -min(patterns[one].total for one in group)):
                    alone = len(signature.groups) == 1
                    self._phrases.extend(shapes.setdefault((text, alone), len(shapes)) for text in group)
                    self._groups.append(len(self._phrases))
                self._ends.append(len(self._groups) - 1)
            self._incidents.append(len(self._ends) - 1)
        self._shapes = _Shapes(_shape_of(patterns[text], lexicon, alone=alone) for text, alone in shapes)
        self._made: dict[int, _Groups] = {}

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[_Groups]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> _Groups:
        made = self._made.get(number)
        if made is None:
            incident = bisect_right(self._incidents, number) - 1
            place = (incident, number - self._incidents[incident])
            bounds = pairwise(self._groups[self._ends[number] : self._ends[number + 1] + 1])
            made = self._made[number] = tuple(
                tuple(Phrase(*place, at, *self._shapes[one]) for at, one in enumerate(self._phrases[start:end]))
                for start, end in bounds
            )
        return made

    def of(self, incident: int, signature: int) -> _Groups:
        """Return the groups of a signature of an incident."""
        return self[self._incidents[incident] + signature]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_made": {}}


class Anchors:
    """The anchors of all signatures, by their numbers."""

    def __init__(self, signatures: _Signatures) -> None:
        self._signatures = signatures
        self._first = Numbers("I", accumulate((len(groups[0]) for groups in signatures), initial=0))
        self._found: dict[int, Phrase] = {}

    def __len__(self) -> int:
        count: int = self._first[-1]
        return count

    def __getitem__(self, number: int) -> Phrase:
        found = self._found.get(number)
        if found is None:
            signature = bisect_right(self._first, number) - 1
            found = self._found[number] = self._signatures[signature][0][number - self._first[signature]]
        return found

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_found": {}}

    def __iter__(self) -> Iterator[Phrase]:
        return (phrase for groups in self._signatures for phrase in groups[0])


class Phrases:
    """The phrases of all signatures. Immutable once built.

    The phrases of the most informative group of a signature are its anchors: they are searched for, the other groups
    only near them. Anchors are numbered over all signatures.
    """

    def __init__(self, incidents: Sequence[Incident]) -> None:
        weights = WordWeights(
            {word for phrase in _phrases_of(incident) for word in phrase_words(phrase)} for incident in incidents
        )
        texts = dict.fromkeys(phrase for incident in incidents for phrase in _phrases_of(incident))
        patterns = {text: pattern_of(text, weights.weight) for text in texts}
        self.lexicon = Lexicon(patterns.values(), weights.ordinary | everyday_words())
        self._signatures = _Signatures(incidents, patterns, self.lexicon)
        self._gates: dict[tuple[int, int], Sequence[frozenset[int]]] = {}
        self._hints = frozenset(
            (number, place)
            for number, incident in enumerate(incidents)
            for place, signature in enumerate(incident.signatures)
            if signature.hint
        )
        self.anchors = Anchors(self._signatures)
        self.least = Numbers(
            "d",
            (
                NEARLY if len(groups) > 1 else coverage_for(LEAST, total=phrase.pattern.total)
                for groups in self._signatures
                for phrase in groups[0]
            ),
        )
        self.index = Index(
            Demand(anchor.weights, least, min(least, CUT_SHARE))
            for anchor, least in zip(self.anchors, self.least, strict=True)
        )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_gates": {}}

    def is_hint(self, choice: PhraseChoice) -> bool:
        """Return whether a choice is of a hint, which is never enough by itself."""
        return (choice.incident, choice.signature) in self._hints

    def further(self, anchor: Phrase) -> Sequence[Sequence[Phrase]]:
        """Return the other groups of an anchor's signature."""
        return self._signatures.of(anchor.incident, anchor.signature)[1:]

    def gates(self, anchor: Phrase) -> Sequence[frozenset[int]]:
        """Return, for each other group of an anchor's signature, words of which each occurrence has at least one."""
        key = (anchor.incident, anchor.signature)
        if key not in self._gates:
            groups = self.further(anchor)
            self._gates[key] = [frozenset(word for each in group for word in each.gate) for group in groups]
        return self._gates[key]

    def total(self, choice: PhraseChoice) -> float:
        """Return the weight of all chosen phrases."""
        groups = self._signatures.of(choice.incident, choice.signature)
        return sum(group[at].pattern.total for group, at in zip(groups, choice.alternatives, strict=True))

    def most(self, anchor: Phrase) -> float:
        """Return the weight of an anchor with the heaviest phrase of each other group."""
        return anchor.pattern.total + sum(max(each.pattern.total for each in group) for group in self.further(anchor))


def _shape_of(pattern: Pattern, lexicon: Lexicon, *, alone: bool) -> _Shape:
    least = coverage_for(LEAST, total=pattern.total) if alone else NEARLY
    numbers = tuple(lexicon.number(word) for word in pattern.words)
    # The last word may be cut: then it does not count as shared.
    when_cut = max(1, _fewest(pattern, min(least, CUT_SHARE)) - 1)
    return _shape(pattern, numbers, _fewest(pattern, least), when_cut)


def _shape(pattern: Pattern, numbers: tuple[int, ...], fewest: int, when_cut: int) -> _Shape:
    by_word = _by_word(numbers, pattern.weights)
    return pattern, numbers, by_word, fewest, when_cut, _gate(by_word)


def _phrases_of(incident: Incident) -> Iterator[str]:
    for signature in incident.signatures:
        yield from signature.phrases


def _by_word(numbers: Sequence[int], weights: Sequence[float]) -> dict[int, float]:
    together: dict[int, float] = {}
    for word, weight in zip(numbers, weights, strict=True):
        together[word] = together.get(word, 0.0) + weight
    return together


def _gate(weights: Mapping[int, float]) -> tuple[int, ...]:
    """Return the heaviest word if too little is left without it, else all words."""
    heaviest = max(weights, key=weights.__getitem__)
    return (heaviest,) if weights[heaviest] > (1 - NEARLY) * sum(weights.values()) + 1e-9 else tuple(weights)


def _fewest(pattern: Pattern, share: float) -> int:
    """Return how many of the heaviest words have a share of a pattern's weight."""
    needed = share * pattern.total
    for count, weight in enumerate(sorted(pattern.weights, reverse=True), start=1):
        needed -= weight
        if needed <= 1e-9:
            return count
    return len(pattern.weights)
