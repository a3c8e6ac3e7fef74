"""Scale the score of a signature by its counterexamples: parts that occur in them say little.

Counterexamples are texts that are known to mean something else. There are about two thousand, of which fewer than a
hundred make a difference. `counterexamples.txt` lists these for the bundled catalog, and a start reads them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.resources import files
from itertools import chain
from typing import Final, Protocol

from intents.background import everyday_words, ordinary_lines
from intents.catalog.schema import Incident
from intents.packed import Numbers
from intents.phrases import PhraseChoice, Phrases
from intents.scores import Scale, scale_of

FILE: Final = "counterexamples.txt"
# From this much on a signature counts as being there in full.
_WHOLE: Final = 0.9
_BACKGROUND: Final = "background"
_DIGEST: Final = "digest"
_SHOWN: Final = 60
_HEAD: Final = (
    "# Written by `make scales`; a test compares it. The texts that set a scale of the matcher, and the digest of the",
    "# catalog and background that they were found in. With any other catalog all texts are read at start instead.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A text that some signatures do not mean: those of all incidents, of its owner alone, or of all but its owner."""

    text: str
    origin: str  # as the list names it: the background, or an incident and which of its examples
    owner: int | None = None
    concerns_owner: bool = False
    below: float = float("inf")  # from this coverage on, the text means the signature after all

    def concerns(self, incident: int) -> bool:
        """Return whether the text is a counterexample for an incident, given by its number."""
        return self.owner is None or (incident == self.owner) is self.concerns_owner

    @property
    def key(self) -> tuple[str, str]:
        """Return the origin and a digest of the text, as the list has them."""
        return self.origin, _digest(self.text)


def counterexamples(incidents: Sequence[Incident]) -> Iterator[Counterexample]:
    """Yield the background, the near misses of each incident, and what other incidents are recognised by.

    What others are recognised by counts as far as it does not hold the whole signature: then both are true.
    """
    for line in ordinary_lines():
        yield Counterexample(text=line, origin=_BACKGROUND)
    for owner, incident in enumerate(incidents):
        for text in incident.examples.other:
            yield Counterexample(text=text, origin=f"{incident.id} other", owner=owner, concerns_owner=True)
        for text in incident.examples.match:
            yield Counterexample(text=text, origin=f"{incident.id} match", owner=owner, below=_WHOLE)


def decisive(incidents: Sequence[Incident]) -> Iterator[Counterexample]:
    """Yield the counterexamples that set a scale, as far as that is known; for an unknown catalog that is all."""
    listed = _listed(read_list(), incidents)
    return (one for one in counterexamples(incidents) if listed is None or one.key in listed)


def read_list() -> str:
    """Return the list that is installed with this package; an empty text where there is none."""
    try:
        return (files(__package__) / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def written_list(chosen: Iterable[Counterexample], incidents: Sequence[Incident]) -> str:
    """Return the list of some counterexamples, in the order in which they are read."""
    lines = (f"{one.origin}\t{_digest(one.text)}\t{' '.join(one.text.split())[:_SHOWN].rstrip()}" for one in chosen)
    return "\n".join((*_HEAD, f"{_DIGEST}\t{digest_of(incidents)}", *lines)) + "\n"


def digest_of(incidents: Sequence[Incident]) -> str:
    """Return a digest of all that the scales are learned from."""
    found = blake2b(digest_size=16)
    for part in _learned_from(incidents):
        found.update(part.encode())
        found.update(b"\0")
    return found.hexdigest()


def _learned_from(incidents: Sequence[Incident]) -> Iterator[str]:
    yield from ordinary_lines()
    yield from sorted(everyday_words())
    for incident in incidents:
        yield f"\1{incident.id}"
        for signature in incident.signatures:
            yield f"\2{signature.hint}"
            yield "\0".join("\3".join(group) for group in signature.groups)
        yield f"\4{len(incident.examples.match)}"
        yield from incident.examples.match
        yield from incident.examples.other


def _listed(text: str, incidents: Sequence[Incident]) -> frozenset[tuple[str, str]] | None:
    """Return the keys of a list; None where it is of other incidents."""
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    if not lines or lines[0] != [_DIGEST, digest_of(incidents)]:
        return None
    return frozenset((origin, digest) for origin, digest, *_ in lines[1:])


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=5).hexdigest()


# Python versions differ in the last digits of a sum: rounded, each takes the same of several equal counterexamples.
_DIGITS: Final = 12
# Tells whether to search for the signatures of an incident, given by its number.
Wanted = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class ByAnchor:
    """The scales by the numbers of their anchors, in one array."""

    parts: Numbers

    @classmethod
    def of(cls, scales: Iterable[Scale]) -> ByAnchor:
        return cls(Numbers("d", chain.from_iterable(scales)))

    def __getitem__(self, number: int) -> Scale:
        begin = number * len(Scale._fields)
        return Scale._make(self.parts[begin : begin + len(Scale._fields)])


@dataclass(frozen=True, slots=True)
class Scales:
    """The scales of all signatures: one for a signature of one phrase, else one for each choice of phrases.

    `by_anchor` gives the largest possible score of an occurrence.
    """

    phrases: Phrases
    by_anchor: ByAnchor
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
    return Scales(phrases, ByAnchor.of(scale_of(total=phrases.most(anchor)) for anchor in phrases.anchors))


def learned(scales: Scales, counterexamples: Iterable[Counterexample], find: Finds) -> Scales:
    """Return the scales under which no counterexample reaches the threshold; `scales` are those without any."""
    shares = {choice: share for choice, (share, _) in ordinary_shares(scales, counterexamples, find).items()}
    phrases = scales.phrases
    by_choice = {
        choice: scale_of(total=phrases.total(choice), ordinary=share)
        for choice, share in shares.items()
        if not phrases.is_hint(choice)
    }
    by_anchor = ByAnchor.of(
        by_choice.get(PhraseChoice(anchor.incident, anchor.signature, (anchor.alternative,)), scales.by_anchor[number])
        for number, anchor in enumerate(phrases.anchors)
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
