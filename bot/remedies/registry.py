"""The actions there are: what is not listed here is never offered as a button, whatever a catalog entry names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.remedies.actions import (
    annotate,
    cordon,
    create_object,
    delete_apiservice,
    delete_claim,
    delete_claim_and_pod,
    delete_finished_pods,
    drain,
    label,
    patch_object,
    restart_pod,
    rollout_restart,
    rollout_undo,
    scale,
    set_args,
    set_image,
    set_resources,
    set_webhook_timeout,
    suspend,
    volumes,
)
from bot.remedies.contract import Action

_ACTIONS: Final[tuple[Action, ...]] = (
    annotate.ACTION,
    cordon.CORDON,
    cordon.UNCORDON,
    create_object.ACTION,
    delete_apiservice.ACTION,
    delete_claim.ACTION,
    delete_claim_and_pod.ACTION,
    delete_finished_pods.ACTION,
    drain.ACTION,
    label.ACTION,
    patch_object.ACTION,
    restart_pod.ACTION,
    rollout_restart.ACTION,
    rollout_undo.ACTION,
    scale.ACTION,
    set_args.ACTION,
    set_image.ACTION,
    set_resources.ACTION,
    set_webhook_timeout.ACTION,
    suspend.RESUME,
    suspend.SUSPEND,
    volumes.CLEAR_CLAIM_REF,
    volumes.SET_RECLAIM_POLICY,
)


def actions() -> Mapping[str, Action]:
    """Every action by its name in the catalog."""
    return MappingProxyType({action.name: action for action in _ACTIONS})
