"""What a PodDisruptionBudget asks for: whether it can ever allow an eviction, and of which pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def never_allows(spec: Mapping[str, Any]) -> bool:
    """Tell whether the spec alone refuses every eviction, however healthy the pods are."""
    return str(spec.get("maxUnavailable")) in ("0", "0%") or str(spec.get("minAvailable")) == "100%"


def limit_of(spec: Mapping[str, Any]) -> str:
    """Return the budget's limit as its spec has it: `maxUnavailable: 0`; the API server's default where it has none."""
    for key in ("minAvailable", "maxUnavailable"):
        if spec.get(key) is not None:
            return f"{key}: {spec[key]}"
    return "maxUnavailable: 1"
