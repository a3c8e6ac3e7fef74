"""Scale the score of a signature by its counterexamples: parts that occur in them say little."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from intents.counterexamples import Counterexample
from intents.phrases import PhraseChoice, Phrases
from intents.scores import Scale, scale_of

# Python versions differ in the last digits of a sum: rounded, each takes the same of several equal counterexamples.
_DIGITS: Final = 12
# Tells whether to search for the signatures of an incident, given by its number.
Wanted = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Scales:
    """The scales of all signatures: one for a signature of one phrase, else one for each choice of phrases.

    `by_anchor` gives the largest possible score of an occurrence.
    """

    phrases: Phrases
    by_anchor: tuple[Scale, ...]
    by_choice: Mapping[PhraseChoice, Scale] = field(default_factory=dict)

    def of(self, number: int, choice: PhraseChoice) -> Scale:
        """Return the scale of an occurrence, given its anchor's number and the phrases that were found."""
        if len(choice.alternatives) == 1:
            return self.by_anchor[number]
        return self.by_choice.get(choice) or scale_of(total=self.phrases.total(choice))


class _Found(Protocol):
    """The part of an occurrence that scales need."""

    @property
    def choice(self) -> PhraseChoice: ...
    @property
    def coverage(self) -> float: ...


class Finds(Protocol):
    """A function that finds signatures in a text."""

    def __call__(self, text: str, *, of: Wanted, above: Sequence[float]) -> Mapping[int, _Found]:
        """Return the best occurrence of each signature that scores more than `above`, by its anchor's number."""


def unlearned(phrases: Phrases) -> Scales:
    """Return the scales without any counterexample."""
    return Scales(phrases, tuple(scale_of(total=phrases.most(anchor)) for anchor in phrases.anchors))


def learned(scales: Scales, counterexamples: Iterable[Counterexample], find: Finds) -> Scales:
    """Return the scales under which no counterexample reaches the threshold; `scales` are those without any."""
    shares = {choice: share for choice, (share, _) in ordinary_shares(scales, counterexamples, find).items()}
    phrases = scales.phrases
    by_choice = {
        choice: scale_of(total=phrases.total(choice), ordinary=share)
        for choice, share in shares.items()
        if not phrases.is_hint(choice)
    }
    by_anchor = tuple(
        by_choice.get(PhraseChoice(anchor.incident, anchor.signature, (anchor.alternative,)), scale)
        for anchor, scale in zip(phrases.anchors, scales.by_anchor, strict=True)
    )
    return Scales(phrases, by_anchor, by_choice)


def ordinary_shares(
    scales: Scales, counterexamples: Iterable[Counterexample], find: Finds
) -> dict[PhraseChoice, tuple[float, Counterexample]]:
    """Return the largest share of each signature in a counterexample, and the first counterexample with it."""
    largest: dict[PhraseChoice, tuple[float, Counterexample]] = {}
    known = [0.0] * len(scales.phrases.anchors)
    for one in counterexamples:
        for number, found in find(one.text, of=one.concerns, above=known).items():
            share = round(found.coverage, _DIGITS)
            before = largest[found.choice][0] if found.choice in largest else 0.0
            if before < share < one.below:
                largest[found.choice] = (share, one)
                if len(found.choice.alternatives) == 1:
                    known[number] = scales.by_anchor[number].score(share)
    return largest
