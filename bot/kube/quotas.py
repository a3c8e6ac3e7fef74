"""What a ResourceQuota admits and what is used of it, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.kube.quantities import cpu_millis, whole
from bot.kube.requests import Amounts

_CPU: Final = frozenset({"cpu", "requests.cpu", "limits.cpu"})


def quota_amounts(quantities: Mapping[str, Any] | None) -> Amounts:
    """Return CPU in thousandths, all else whole. Raise ValueError for quantities that no API server would store."""
    return {
        name: cpu_millis(quantity) if name in _CPU else whole(quantity) for name, quantity in (quantities or {}).items()
    }
