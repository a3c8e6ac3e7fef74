"""Define plots: values over time, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from intents.languages import Text
from intents.templates import duration, seconds

# Latencies are shorter; what is longer is the life of a certificate.
_LONG_S = 120.0


class Unit(StrEnum):
    """The unit of a plot's values."""

    SECONDS = "seconds"
    COUNT = "count"
    SHARE = "share"  # of a whole, which is 1


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


def formatted(value: float, unit: Unit) -> str:
    """Return a value with its unit."""
    if unit is Unit.SHARE:
        return f"{value * 100:.3g} %"
    if unit is Unit.SECONDS:
        return duration(value) if abs(value) >= _LONG_S else seconds(value)
    return f"{value:.4g}"
