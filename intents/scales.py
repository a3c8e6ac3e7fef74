"""What an occurrence of a signature is worth, where parts of it stand in texts that are known to be something else.

Known are the background, an incident's own near misses, and what other incidents are recognised by, as far as it does
not hold the whole signature: then both are true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from intents.background import ordinary_lines
from intents.catalog.schema import Incident
from intents.phrases import Choice, Phrases
from intents.scoring import Scale, scale_of

# From this much on a signature counts as being there in full.
_WHOLE: Final = 0.9

# Of which incidents, by their numbers, signatures are looked for.
Wanted = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Scales:
    """By anchor, of all there may be at most: a signature of one phrase has one scale, others one for each choice."""

    phrases: Phrases
    by_anchor: tuple[Scale, ...]
    by_choice: Mapping[Choice, Scale] = field(default_factory=dict)

    def of(self, number: int, choice: Choice) -> Scale:
        """The scale of an occurrence: its anchor's number, and all that was chosen."""
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
        """The best occurrence of each signature in a text that scores above what is known, by its anchor's number."""


def unlearned(phrases: Phrases) -> Scales:
    """As if no ordinary text had a part of any signature."""
    return Scales(phrases, tuple(scale_of(total=phrases.most(anchor)) for anchor in phrases.anchors))


def learned(scales: Scales, incidents: Sequence[Incident], find: Finds) -> Scales:
    """What is known of each signature, found under the scales so far."""
    phrases = scales.phrases
    ordinary: dict[Choice, float] = {}
    known = [0.0] * len(phrases.anchors)
    for text, of, most in _known_otherwise(incidents):
        for number, found in find(text, of=of, above=known).items():
            if ordinary.get(found.choice, 0.0) < found.coverage < most:
                ordinary[found.choice] = found.coverage
                if len(found.choice.alternatives) == 1:
                    known[number] = scales.by_anchor[number].score(found.coverage)
    by_choice = {
        choice: scale_of(total=phrases.total(choice), ordinary=share)
        for choice, share in ordinary.items()
        if not incidents[choice.incident].signatures[choice.signature].hint
    }
    by_anchor = tuple(
        by_choice.get(Choice(anchor.incident, anchor.signature, (anchor.alternative,)), scale)
        for anchor, scale in zip(phrases.anchors, scales.by_anchor, strict=True)
    )
    return Scales(phrases, by_anchor, by_choice)


def _known_otherwise(incidents: Sequence[Incident]) -> Iterator[tuple[str, Wanted, float]]:
    """(text, whose signatures do not mean it, the coverage from which on they do)"""
    for line in ordinary_lines():
        yield line, lambda _: True, float("inf")
    for owner, incident in enumerate(incidents):
        for text in incident.examples.other:
            yield text, owner.__eq__, float("inf")
        for text in incident.examples.match:
            yield text, owner.__ne__, _WHOLE
