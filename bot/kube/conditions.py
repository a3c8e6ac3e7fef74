"""The conditions in the status of an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.kube.objects import status_of


def condition(obj: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return the condition of that type in an object's status; empty where it has none."""
    conditions = status_of(obj).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == kind), {})
