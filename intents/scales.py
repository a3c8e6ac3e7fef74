"""What an occurrence of a signature is worth, where parts of it stand in texts that are known to be something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from intents.counterexamples import Counterexample
from intents.phrases import Choice, Phrases
from intents.scoring import Scale, scale_of

# Each Python adds up in its own way: of texts that have the same share, every one of them takes the same.
_DIGITS: Final = 12
# The incidents, by their numbers, whose signatures are looked for.
Wanted = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Scales:
    """The scale of every signature: one for a signature of one phrase, one for each choice of phrases for others.

    `by_anchor` holds the most that an occurrence may score.
    """

    phrases: Phrases
    by_anchor: tuple[Scale, ...]
    by_choice: Mapping[Choice, Scale] = field(default_factory=dict)

    def of(self, number: int, choice: Choice) -> Scale:
        """Return the scale of an occurrence, given its anchor's number and the phrases that were found."""
        if len(choice.alternatives) == 1:
            return self.by_anchor[number]
        return self.by_choice.get(choice) or scale_of(total=self.phrases.total(choice))


class _Found(Protocol):
    @property
    def choice(self) -> Choice: ...
    @property
    def coverage(self) -> float: ...


class Finds(Protocol):
    def __call__(self, text: str, *, of: Wanted, above: Sequence[float]) -> Mapping[int, _Found]:
        """Return the best occurrence of each signature that scores more than `above`, by its anchor's number."""


def unlearned(phrases: Phrases) -> Scales:
    """Return the scales as they are if no counterexample has a part of any signature."""
    return Scales(phrases, tuple(scale_of(total=phrases.most(anchor)) for anchor in phrases.anchors))


def learned(scales: Scales, counterexamples: Iterable[Counterexample], find: Finds) -> Scales:
    """Return the scales under which no counterexample counts; `scales` are those so far, under which they are found."""
    shares = {choice: share for choice, (share, _) in ordinary_shares(scales, counterexamples, find).items()}
    phrases = scales.phrases
    by_choice = {
        choice: scale_of(total=phrases.total(choice), ordinary=share)
        for choice, share in shares.items()
        if not phrases.is_hint(choice)
    }
    by_anchor = tuple(
        by_choice.get(Choice(anchor.incident, anchor.signature, (anchor.alternative,)), scale)
        for anchor, scale in zip(phrases.anchors, scales.by_anchor, strict=True)
    )
    return Scales(phrases, by_anchor, by_choice)


def ordinary_shares(
    scales: Scales, counterexamples: Iterable[Counterexample], find: Finds
) -> dict[Choice, tuple[float, Counterexample]]:
    """Return the largest share of each signature that stands in a counterexample, and the first that has so much."""
    largest: dict[Choice, tuple[float, Counterexample]] = {}
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
