"""Define shapes of text with a secret, make examples of them from a seed, and find what survives redaction."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.redaction.makers import Make

REDACTED: Final = "[redacted]"
# A run of this many characters of a secret tells something about it.
TELLING_LENGTH: Final = 6


@dataclass(frozen=True)
class Shape:
    """A text with a secret at §. `telling` says whether a name or a prefix gives the secret away."""

    family: str
    form: str
    make: Make
    telling: bool = True


@dataclass(frozen=True)
class Carrier:
    """A form with a name at ¤ and its value at §."""

    family: str
    form: str
    make: Make


@dataclass(frozen=True)
class Example:
    """One text made from a shape."""

    shape: Shape
    text: str
    secret: str

    def leaks(self, shown: str) -> bool:
        """Return whether a recognisable part of the secret is in the redacted text."""
        around = self.shape.form + REDACTED
        parts = {self.secret[at : at + TELLING_LENGTH] for at in range(max(1, len(self.secret) - TELLING_LENGTH + 1))}
        return any(part in shown and part not in around for part in parts)


def shapes_of(carriers: Iterable[Carrier], names: Iterable[str], each: int, seed: int) -> Iterator[Shape]:
    """Combine every carrier with some of the names."""
    chance = random.Random(seed)
    pool = tuple(names)
    for carrier in carriers:
        for name in chance.sample(pool, min(each, len(pool))):
            yield Shape(carrier.family, carrier.form.replace("¤", name), carrier.make)


def examples(shapes: Iterable[Shape], each: int, seed: int) -> Iterator[Example]:
    """Fill every shape with several secrets."""
    chance = random.Random(seed)
    for shape in shapes:
        for _ in range(each):
            secret = shape.make(chance)
            yield Example(shape, shape.form.replace("§", secret), secret)
