"""Classify messages by a linear model over their features, which `tests/talk/train.py` trains.

Weights are whole numbers of a few bits, summed exactly, so that each machine computes the same. Features share places
by a checksum; with a place for each few of them, one that was never seen rarely meets another's weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from math import exp, sqrt
from typing import Any, Final
from zlib import crc32

from intents.talk.features import Message, features_of

PLACES: Final = 1 << 15
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """A classified message: the share of each label, and the features that spoke most for the first one."""

    shares: tuple[tuple[str, float], ...]  # the largest first; their sum is 1
    reasons: tuple[str, ...]

    @property
    def label(self) -> str:
        return self.shares[0][0]

    def share_of(self, labels: Iterable[str]) -> float:
        wanted = frozenset(labels)
        return sum(share for label, share in self.shares if label in wanted)


class Classifier:
    """A trained model. Immutable."""

    def __init__(self, stored: bytes) -> None:
        from numpy import load  # noqa: PLC0415 - its import is not part of every start

        with load(BytesIO(stored)) as parts:
            self.labels: tuple[str, ...] = tuple(map(str, parts["labels"]))
            self._weights: Any = parts["weights"]  # of each place, for each label
            self._constants: Any = parts["constants"]
            self._unit = float(parts["unit"])

    def read(self, message: Message) -> Reading:
        """Return the shares of all labels."""
        features = list(dict.fromkeys(features_of(message)))
        shares = self.shares(features)
        return Reading(shares=shares, reasons=self.reasons(features, shares[0][0]))

    def reasons(self, features: Sequence[str], label: str) -> tuple[str, ...]:
        """Return the features that speak most for a label, the most telling first."""
        which = self.labels.index(label)
        speaks = {feature: int(self._weights[place_of(feature), which]) for feature in features}
        ranked = sorted(features, key=lambda feature: (-speaks[feature], feature))[:_SHOWN]
        return tuple(feature for feature in ranked if speaks[feature] > 0)

    def shares(self, features: Iterable[str]) -> tuple[tuple[str, float], ...]:
        """Return the shares of all labels for the features of a message, the largest first."""
        places = list(dict.fromkeys(map(place_of, features)))
        sums = self._weights[places].sum(axis=0, dtype="int64")
        unit = self._unit / sqrt(len(places))
        logits = [float(each) * unit + float(constant) for each, constant in zip(sums, self._constants, strict=True)]
        best = max(logits)
        powers = [exp(each - best) for each in logits]
        whole = sum(powers)
        ranked = sorted(zip(self.labels, powers, strict=True), key=lambda one: (-one[1], one[0]))
        return tuple((label, power / whole) for label, power in ranked)


def place_of(feature: str) -> int:
    """Return the place of a feature among the weights."""
    return crc32(feature.encode(errors="replace")) % PLACES


@cache
def acts() -> Classifier:
    """Return the classifier of acts."""
    return Classifier((files(__package__) / "acts.npz").read_bytes())
