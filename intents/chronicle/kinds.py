"""Tell which kinds of facts a message states, by linear models that `tests/chronicle/train.py` has trained.

A message may state several. Each kind has a model of its own, over two descriptions of the message: its words, and what
stands around it. A kind is stated from the share on that training found to be right often enough for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from math import exp, sqrt
from typing import Any, Final

from intents.talk.classifier import PLACES, place_of

KINDS: Final = (
    "impact", "suspected", "ruled_out", "cause",
    "action.planned", "action.doing", "action.done", "action.failed",
    "decision", "next", "question", "answer",
    "status.investigating", "status.identified", "status.mitigated", "status.monitoring", "status.resolved",
    "role", "comms", "change", "link", "followup",
)  # fmt: skip


class KindsModel:
    """The trained models. Immutable."""

    def __init__(self, stored: bytes) -> None:
        from numpy import load  # noqa: PLC0415 - its import is not part of every start

        with load(BytesIO(stored)) as parts:
            self.thresholds = dict(zip(KINDS, map(float, parts["thresholds"]), strict=True))
            self._weights: Any = parts["weights"]  # of each place, for each kind
            self._constants: Any = parts["constants"]
            self._unit = float(parts["unit"])

    def shares(self, own: Sequence[int], context: Any) -> Mapping[str, float]:
        """Return for each kind how likely a message states it: by its words, and the `sums` of its context."""
        sums = self._constants.astype(float) + self.sums(own) + context
        return {kind: 1 / (1 + exp(-float(logit))) for kind, logit in zip(KINDS, sums, strict=True)}

    def sums(self, places: Sequence[int]) -> Any:
        """Return for each kind how much the features at these places speak for it."""
        return self._weights[list(places)].sum(axis=0, dtype="int64") * (self._unit / sqrt(len(places) or 1))


def own_places(features: Iterable[str]) -> list[int]:
    """Return the places of the weights of a message's words."""
    return sorted(set(map(place_of, features)))


def around_places(features: Iterable[str]) -> list[int]:
    """Return the places of the weights of what stands around a message."""
    return [PLACES + place for place in own_places(features)]


@cache
def kinds_model() -> KindsModel:
    """Return the models that are shipped."""
    return KindsModel((files(__package__) / "kinds.npz").read_bytes())
