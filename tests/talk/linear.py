"""Prepare and store linear models over places of features, for the trainers of acts, requests and facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any, Final

import numpy as np
from scipy import sparse

BITS: Final = 127


# A feature of one message alone tells nothing of others.
LEAST: Final = 2


def known_among(messages: Iterable[Iterable[int]]) -> Any:
    """Return the checksums of features that several messages have, sorted; each message yields its own once."""
    counts = Counter(checksum for message in messages for checksum in message)
    return np.array(sorted(each for each, count in counts.items() if count >= LEAST), dtype="uint32")


def matrix_of(samples: Iterable[Sequence[Sequence[int]]], width: int) -> Any:
    """Return a row for each sample. Of each of its blocks of places the values have the length 1."""
    places: list[int] = []
    ends, values = [0], list[float]()
    for blocks in samples:
        for block in blocks:
            places += block
            values += [1 / sqrt(len(block) or 1)] * len(block)
        ends.append(len(places))
    return sparse.csr_matrix((values, places, ends), shape=(len(ends) - 1, width))


def rounded(weights: Any, constants: Any) -> dict[str, Any]:
    """Return the parts of a weights file: weights as whole numbers of eight bits."""
    unit = float(np.abs(weights).max()) / BITS
    return {
        "weights": np.rint(weights / unit).astype(np.int8),
        "constants": constants.round(3),
        "unit": np.array(round(unit, 6)),
    }
