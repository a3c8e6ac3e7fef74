"""What remediations may do, and what each needs to be told: on this the catalog and those who carry it out agree.

An entry declares its remedies in full, whether or not some class of `bot.remedies.actions` carries them out yet; lint
holds every declaration against this page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class Action(StrEnum):
    """What a remediation may do. Each is carried out by one class in `bot.remedies`; declaring one does no more."""

    RESTART_POD = "restart-pod"
    ROLLOUT_RESTART = "rollout-restart"
    ROLLOUT_UNDO = "rollout-undo"
    SCALE = "scale"
    CORDON = "cordon"
    UNCORDON = "uncordon"
    DRAIN = "drain"
    DELETE_FINISHED_PODS = "delete-finished-pods"
    DELETE_CLAIM_AND_POD = "delete-claim-and-pod"
    DELETE_CLAIM = "delete-claim"
    PATCH_OBJECT = "patch-object"
    SET_IMAGE = "set-image"
    SET_RESOURCES = "set-resources"
    SET_ARGS = "set-args"
    ANNOTATE = "annotate"
    LABEL = "label"
    SUSPEND = "suspend"
    RESUME = "resume"
    DELETE_APISERVICE = "delete-apiservice"
    CREATE_OBJECT = "create-object"
    CLEAR_CLAIM_REF = "clear-claim-ref"
    SET_RECLAIM_POLICY = "set-reclaim-policy"
    SET_WEBHOOK_TIMEOUT = "set-webhook-timeout"
    SHOW_CHANGE = "show-change"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDeclaration:
    """What an action is told. `kinds` it is for, empty for any; `choices` are the values an argument may have."""

    kinds: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def args(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_WEBHOOKS: Final = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_NODE: Final = ActionDeclaration(kinds=("Node",))
_RUNS: Final = ActionDeclaration(kinds=("CronJob", "Job"))
_MARKED: Final = ActionDeclaration(required=("set",), optional=("remove",))

DECLARED: Final[Mapping[Action, ActionDeclaration]] = MappingProxyType({
    Action.RESTART_POD: ActionDeclaration(kinds=("Pod",)),
    Action.ROLLOUT_RESTART: ActionDeclaration(kinds=_WORKLOADS),
    # Without `revision`, to the last one whose pods were others.
    Action.ROLLOUT_UNDO: ActionDeclaration(kinds=_WORKLOADS, optional=("revision",)),
    Action.SCALE: ActionDeclaration(optional=("replicas",)),
    Action.CORDON: _NODE,
    Action.UNCORDON: _NODE,
    Action.DRAIN: _NODE,
    Action.DELETE_FINISHED_PODS: ActionDeclaration(kinds=("Namespace",), optional=("reason", "node")),
    # `claims` names one, or all that the pod mounts; `reclaim` is set on their volumes first, so that they go too.
    Action.DELETE_CLAIM_AND_POD: ActionDeclaration(
        kinds=("Pod",), required=("claims",), optional=("reclaim",), choices={"reclaim": ("Delete",)}
    ),
    Action.DELETE_CLAIM: ActionDeclaration(kinds=("PersistentVolumeClaim",)),
    Action.PATCH_OBJECT: ActionDeclaration(
        required=("type", "patch"), choices={"type": ("merge", "strategic", "json")}
    ),
    Action.SET_IMAGE: ActionDeclaration(required=("container", "image")),
    Action.SET_RESOURCES: ActionDeclaration(optional=("container", "requests", "limits")),
    # `only_if_flag`: one flag or a list; without any of them the program may not know those that are set.
    Action.SET_ARGS: ActionDeclaration(
        kinds=_WORKLOADS, required=("container",), optional=("set", "add", "only_if_flag")
    ),
    Action.ANNOTATE: _MARKED,
    Action.LABEL: _MARKED,
    Action.SUSPEND: _RUNS,
    Action.RESUME: _RUNS,
    Action.DELETE_APISERVICE: ActionDeclaration(kinds=("APIService",)),
    Action.CREATE_OBJECT: ActionDeclaration(required=("object",)),
    Action.CLEAR_CLAIM_REF: ActionDeclaration(kinds=("PersistentVolume",)),
    Action.SET_RECLAIM_POLICY: ActionDeclaration(
        kinds=("PersistentVolume",), required=("policy",), choices={"policy": ("Retain", "Delete")}
    ),
    Action.SET_WEBHOOK_TIMEOUT: ActionDeclaration(kinds=_WEBHOOKS, required=("webhook", "timeout_s")),
    # Opens what was last changed of an object; writes nothing.
    Action.SHOW_CHANGE: ActionDeclaration(),
})  # fmt: skip


def complaints(action: Action, *, kind: str, args: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with a declared action: (path within the remediation, why). Templates are taken to be right."""
    declared = DECLARED[action]
    if declared.kinds and kind not in declared.kinds and "{" not in kind:
        yield ("target", "kind"), f"is {kind}; {action} is for {', '.join(declared.kinds)}"
    for name in declared.required:
        if name not in args:
            yield ("args",), f"{action} needs {name!r}"
    for name, value in args.items():
        if name not in declared.args:
            yield ("args", name), f"{action} has no such argument; it has {', '.join(declared.args) or 'none'}"
        elif name in declared.choices and value not in declared.choices[name]:
            yield ("args", name), f"is {value!r}; expected one of {', '.join(declared.choices[name])}"
