"""The patch that cordons a node."""

from __future__ import annotations

from typing import Final

from intents.domain import Json, ObjectRef, Text

CORDON: Final[Json] = {"spec": {"unschedulable": True}}
UNCORDON: Final[Json] = {"spec": {"unschedulable": None}}
# The node controller adds or removes its taint afterwards.
IGNORED: Final = ("spec.taints",)


def cordoned(node: ObjectRef) -> Text:
    """Say that a node was cordoned."""
    return Text(en=f"{node} was cordoned and gets no new pods", zh=f"{node} 已禁止调度，不再接收新的 Pod")
