"""Texts that are known to mean something else than a signature, and the few of them that set a scale.

Matching learns from these texts what a part of a signature is worth. There are about two thousand, of which fewer than
a hundred make a difference. `counterexamples.txt` lists these for the bundled catalog, and a start reads them alone.
The list holds for exactly the catalog and background whose digest it names: with any other, all texts are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from typing import Final

from intents.background import everyday_words, ordinary_lines
from intents.catalog.schema import Incident

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
