"""Read from the conditions of a terminating namespace what is left in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from bot.kube.conditions import condition

# "configmaps. has 2 resource instances, widgets.kw.example has 1 resource instances"
_LEFT: Final = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9.-]*)?) has (\d+) resource instances")
# "kubernetes.io/pvc-protection in 1 resource instances, kw.example/backup in 2 resource instances"
_HELD: Final = re.compile(r"([^\s,:]+) in (\d+) resource instances")


def message_if_true(namespace: Mapping[str, Any], kind: str) -> str:
    """Return the message of a condition that is True, else ""."""
    found = condition(namespace, kind)
    return str(found.get("message") or "") if found.get("status") == "True" else ""


def kinds_left(namespace: Mapping[str, Any]) -> dict[str, int]:
    """Return how many objects of each kind are left: {"configmaps": 2, "widgets.kw.example": 1}."""
    message = message_if_true(namespace, "NamespaceContentRemaining")
    return {kind.rstrip("."): int(count) for kind, count in _LEFT.findall(message)}


def finalizers_left(namespace: Mapping[str, Any]) -> dict[str, int]:
    """Return on how many objects each finalizer is left."""
    message = message_if_true(namespace, "NamespaceFinalizersRemaining")
    return {finalizer: int(count) for finalizer, count in _HELD.findall(message)}
