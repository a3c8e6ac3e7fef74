"""Classify messages by a small model over their features, which `tests/talk/train.py` trains.

It is linear, or has one layer of units between features and labels, where what a word means depends on others. Weights
are whole numbers of a few bits, summed exactly, so that each machine computes the same. A feature is known by its
checksum. A model either keeps the checksums that it knows, and others count nothing, or features share places by the
rest of their checksum: with a place for each few of them, one that was never seen rarely meets another's weight.
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

_SHOWN: Final = 5
# Into so many steps a unit's value is rounded.
_STEPS: Final = 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """A classified message: the share of each label, and the features that spoke most for the first one."""

    shares: tuple[tuple[str, float], ...]  # the largest first; their sum is 1
    features: tuple[str, ...]
    model: Classifier

    @property
    def label(self) -> str:
        return self.shares[0][0]

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.model.reasons(self.features, self.label)

    def share_of(self, labels: Iterable[str]) -> float:
        wanted = frozenset(labels)
        return sum(share for label, share in self.shares if label in wanted)


class Classifier:
    """A trained model. Immutable."""

    def __init__(self, stored: bytes) -> None:
        from numpy import load  # noqa: PLC0415 - its import is not part of every start

        with load(BytesIO(stored)) as parts:
            self.labels: tuple[str, ...] = tuple(map(str, parts["labels"]))
            self._known: Any = parts.get("known")  # checksums of features, sorted
            self._weights: Any = parts["weights"]  # of each place, for each label, or for each unit of the layer
            self._constants: Any = parts["constants"].astype(float)
            self._unit = float(parts["unit"])
            layered = "labels_weights" in parts
            self._of_units: Any = parts["labels_weights"].astype("int64") if layered else None  # for each label
            self._of_labels: Any = parts["labels_constants"].astype(float) if layered else None
            self._units_unit = float(parts["labels_unit"]) if layered else 1.0

    def read(self, message: Message) -> Reading:
        """Return the shares of all labels."""
        features = tuple(dict.fromkeys(features_of(message)))
        return Reading(shares=self.shares(features), features=features, model=self)

    def reasons(self, features: Sequence[str], label: str) -> tuple[str, ...]:
        """Return the features that speak most for a label, the most telling first."""
        which = self.labels.index(label)
        places = {feature: place for feature in features for place in self._places((feature,))}
        features = list(places)
        rows = self._weights[list(places.values())].astype("int64")
        if self._of_units is None:
            towards = rows[:, which]
        else:
            # Through the units that the message turns on.
            towards = (rows * (self._values(features) > 0)) @ self._of_units[:, which]
        speaks = dict(zip(features, map(int, towards), strict=True))
        ranked = sorted(features, key=lambda feature: (-speaks[feature], feature))[:_SHOWN]
        return tuple(feature for feature in ranked if speaks[feature] > 0)

    def shares(self, features: Iterable[str]) -> tuple[tuple[str, float], ...]:
        """Return the shares of all labels for the features of a message, the largest first."""
        values = self._values(features)
        if self._of_units is not None:
            # Whole numbers once more: sums of fractions depend on the order that a machine prefers.
            steps = (values.clip(min=0) * _STEPS).round().astype("int64")
            values = (steps @ self._of_units) * (self._units_unit / _STEPS) + self._of_labels
        logits = values.tolist()
        best = max(logits)
        powers = [exp(each - best) for each in logits]
        whole = sum(powers)
        ranked = sorted(zip(self.labels, powers, strict=True), key=lambda one: (-one[1], one[0]))
        return tuple((label, power / whole) for label, power in ranked)

    def _values(self, features: Iterable[str]) -> Any:
        """Return what the features add up to: for each label, or for each unit of the layer."""
        return summed(self._weights, self._places(features), self._unit) + self._constants

    def _places(self, features: Iterable[str]) -> list[int]:
        checksums = checksums_of(features)
        if self._known is None:
            return list({checksum % len(self._weights) for checksum in checksums})
        return places_among(self._known, checksums)


def summed(weights: Any, places: Sequence[int], unit: Any) -> Any:
    """Return what the weights at these places add up to, in parts of their number's root, as training scales them."""
    return weights[list(places)].sum(axis=0, dtype="int64") * (unit / sqrt(len(places) or 1))


def checksums_of(features: Iterable[str]) -> tuple[int, ...]:
    """Return the checksums of features, each once, in order."""
    return tuple(sorted({crc32(feature.encode(errors="replace")) for feature in features}))


def places_among(known: Any, checksums: Sequence[int]) -> list[int]:
    """Return where checksums stand among sorted known ones, without those that do not."""
    from numpy import array  # noqa: PLC0415 - its import is not part of every start

    sums = array(checksums, dtype="uint32")
    found = known.searchsorted(sums).clip(max=len(known) - 1)
    places: list[int] = found[known[found] == sums].tolist()
    return places


@cache
def acts() -> Classifier:
    """Return the classifier of acts."""
    return Classifier((files(__package__) / "acts.npz").read_bytes())
