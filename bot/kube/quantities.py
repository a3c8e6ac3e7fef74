"""Parse Kubernetes quantities ("100m", "1.5Gi", "1e3") into integers that can be compared and added exactly.

Grammar and rounding follow k8s.io/apimachinery/pkg/api/resource: a fraction that does not fit the unit is rounded away
from zero, and a value above 64 bits becomes the largest 64-bit integer.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_GRAMMAR: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,3}))?",
    re.ASCII,
)
_FACTORS: Final = {
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate(("n", "u", "m", ""), -3)},
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
# Nobody writes longer quantities, and exact arithmetic on them would take time.
_LONGEST: Final = 64
_MOST: Final = 2**63 - 1


def cpu_millis(quantity: str | int | float) -> int:
    """Return thousandths of a CPU: "100m" → 100, "1.5" → 1500, "1n" → 1. Raise ValueError with the value."""
    return _rounded(_exact(quantity) * 1000)


def whole(quantity: str | int | float) -> int:
    """Return bytes or a count: "1.5Gi" → 1610612736, "110" → 110. Raise ValueError with the value."""
    return _rounded(_exact(quantity))


def number(quantity: str | int | float) -> float:
    """Return a quantity as a number to compare: "100m" → 0.1. Raise ValueError with the value."""
    return float(_exact(quantity))


def percent(part: str | int | float, all_of: str | int | float) -> int:
    """Return how much one quantity is of another, rounded down; 0 of nothing. Raise ValueError with the value."""
    limit = _exact(all_of)
    return int(_exact(part) * 100 // limit) if limit else 0


def _exact(quantity: str | int | float) -> Fraction:
    text = "" if isinstance(quantity, bool) else str(quantity).strip()
    parts = _GRAMMAR.fullmatch(text) if len(text) <= _LONGEST else None
    if parts is None:
        raise ValueError(
            f"{str(quantity)[:_LONGEST]!r} is not a quantity: expected a number and a unit, such as 100m or 1.5Gi"
        )
    # Fraction refuses a point without digits on both sides.
    value = Fraction(f"0{parts['number']}0" if "." in parts["number"] else parts["number"])
    value *= Fraction(10) ** int(parts["exponent"]) if parts["exponent"] else _FACTORS[parts["suffix"] or ""]
    return -value if parts["sign"] == "-" else value


def _rounded(value: Fraction) -> int:
    magnitude = -(-abs(value).numerator // value.denominator)
    return min(magnitude, _MOST) if value >= 0 else -min(magnitude, _MOST)
