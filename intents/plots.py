"""Numbers over time, as they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from intents.languages import Text


class Unit(StrEnum):
    """What the numbers of a plot are."""

    SECONDS = "seconds"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a plot: (seconds since 1970, value), oldest first."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Numbers over time, the worst line first; what lies above `limit` is too much."""

    title: Text
    unit: Unit
    limit: float
    lines: tuple[Line, ...]
