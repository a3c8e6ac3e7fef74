"""The actions there are: what is not listed here is never offered as a button, whatever a catalog entry names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.remedies.actions import annotate, cordon, patch_object, restart_pod, rollout_restart, scale
from bot.remedies.contract import Action

_ACTIONS: Final[tuple[Action, ...]] = (
    annotate.ACTION,
    cordon.CORDON,
    cordon.UNCORDON,
    patch_object.ACTION,
    restart_pod.ACTION,
    rollout_restart.ACTION,
    scale.ACTION,
)


def actions() -> Mapping[str, Action]:
    """Every action by its name in the catalog."""
    return MappingProxyType({action.name: action for action in _ACTIONS})
