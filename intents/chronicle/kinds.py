"""Tell which kinds of facts a message states, by linear models that `tests/chronicle/train.py` has trained.

A message may state several. Each kind has two models. The first reads a message's words and what stands around it; the
second reads these again with what the first one says of the message and of those around it: a question is answered by
an answer, and a rollback under way is done by "back to normal". A kind is stated from the share on that training found
to be right often enough for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

from intents.talk.classifier import places_among, summed

KINDS: Final = (
    "impact", "suspected", "ruled_out", "cause",
    "action.planned", "action.doing", "action.done", "action.failed",
    "decision", "next", "question", "question.open", "answer",
    "status.investigating", "status.identified", "status.mitigated", "status.monitoring", "status.resolved",
    "role", "comms", "change", "link", "followup",
)  # fmt: skip
# To so many the first shares are rounded.
_DECIMALS: Final = 3


class KindsModel:
    """The trained models. Immutable."""

    def __init__(self, stored: bytes) -> None:
        from numpy import load  # noqa: PLC0415 - its import is not part of every start

        with load(BytesIO(stored)) as parts:
            self.thresholds = dict(zip(KINDS, map(float, parts["thresholds"]), strict=True))
            self._known: Any = parts["known"]  # checksums of the features that have weights, sorted
            self._first = _Layer(parts, "first")
            self._second = _Layer(parts, "second")
            self._beside: Any = parts["beside_weights"] * parts["beside_units"]

    def places(self, checksums: Sequence[int]) -> list[int]:
        """Return the places of the weights of features, of those that are known."""
        return places_among(self._known, checksums)

    def first_shares(self, own: Sequence[int], around: Sequence[int]) -> Any:
        """Return for each kind how likely a message states it, by the places of its features and of those around it."""
        sums = self._first.sums(own) + self._first.sums(around)
        return _share(sums + self._first.constants).round(_DECIMALS)

    def shares_alone(self, own: Sequence[int]) -> Mapping[str, float]:
        """Return for each kind how likely words state it whatever stands around, by the checksums of their features."""
        return dict(zip(KINDS, map(float, self.first_shares(self.places(own), ())), strict=True))

    def context(self, around: Sequence[int], beside: Any) -> Any:
        """Return what speaks for each kind beside the words: the surroundings and the first shares around."""
        return self._second.sums(around) + beside @ self._beside + self._second.constants

    def shares(self, own: Sequence[int], context: Any) -> Mapping[str, float]:
        """Return for each kind how likely a message states it, by the checksums of its features."""
        return dict(zip(KINDS, map(float, _share(self._second.sums(self.places(own)) + context)), strict=True))


class _Layer:
    """The weights of one reading: whole numbers for each place and kind, and the unit of each kind."""

    def __init__(self, parts: Mapping[str, Any], name: str) -> None:
        self._weights, self._units = parts[f"{name}_weights"], parts[f"{name}_units"]
        self.constants = parts[f"{name}_constants"]

    def sums(self, places: Sequence[int]) -> Any:
        """Return for each kind how much the features at these places speak for it."""
        return summed(self._weights, places, self._units)


def _share(logits: Any) -> Any:
    from numpy import exp  # noqa: PLC0415 - as above

    return 1 / (1 + exp(-logits))


@cache
def kinds_model() -> KindsModel:
    """Return the models that are shipped."""
    return KindsModel((files(__package__) / "kinds.npz").read_bytes())
