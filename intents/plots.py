"""Define plots: values over time, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from intents.languages import Text


class Unit(StrEnum):
    """The unit of a plot's values."""

    SECONDS = "seconds"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotLine:
    """One line of a plot: (seconds since 1970, value), oldest first."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Values over time, the worst line first; values above `limit` are too high."""

    title: Text
    unit: Unit
    limit: float
    lines: tuple[PlotLine, ...]
