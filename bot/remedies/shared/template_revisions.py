"""The pod templates that a workload had before, as its controller keeps them: what a rollout can go back to.

A Deployment's are its ReplicaSets, those of a StatefulSet or DaemonSet its ControllerRevisions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.probes.shared.scope import name_of, namespace_of
from bot.remedies.shared import workloads
from intents.domain import Json

NUMBER: Final = "deployment.kubernetes.io/revision"
HISTORY: Final = "deployment.kubernetes.io/revision-history"
CAUSE: Final = "kubernetes.io/change-cause"
RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
_HASH: Final = "pod-template-hash"
_DIRECTIVE: Final = "$patch"
_REVISION_LABEL: Final = "controller-revision-hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A template a workload had. `name` is the object that keeps it, `cause` why it was made, as people wrote it."""

    number: int
    name: str
    template: Json
    made: str
    cause: str = ""
    returned: str = ""
    """The numbers it had before a rollout went back to it, as the controller wrote them."""

    @property
    def images(self) -> dict[str, str]:
        return images_of(self.template)


async def revisions_of(snapshot: Snapshot, workload: Json) -> tuple[Revision, ...]:
    """The templates that are kept, the oldest first. Raises ClusterError."""
    deployment = workload.get("kind") == "Deployment"
    kept = await snapshot.list("ReplicaSet" if deployment else "ControllerRevision", namespace=namespace_of(workload))
    mine = [
        each
        for each in kept.items
        if (owner := workloads.controller_of(each)) is not None and owner.uid == workloads.uid_of(workload)
    ]
    found = [_of_replica_set(each) if deployment else _of_controller_revision(each) for each in mine]
    # What was trimmed away by hand, or is in a form that no controller writes, is nothing to go back to.
    whole = [each for each in found if each.number > 0 and (each.template.get("spec") or {}).get("containers")]
    return tuple(sorted(whole, key=lambda each: (each.number, each.name)))


def current_of(workload: Json, revisions: Sequence[Revision]) -> Revision | None:
    """The one that the workload's template is, None if its controller has not kept it yet."""
    status = workload.get("status") or {}
    updated = str(status.get("updateRevision", ""))
    if updated and is_taken_up(workload):
        named = next((each for each in revisions if each.name == updated), None)
        if named is not None:
            return named
    template = (workload.get("spec") or {}).get("template") or {}
    same = [each for each in revisions if alike(each.template, template)]
    if same:
        return same[-1]
    # What the API server has filled in since makes a kept template differ although nobody changed it.
    return revisions[-1] if revisions and is_taken_up(workload) else None


async def pods_at(snapshot: Snapshot, workload: Json, revision: Revision) -> tuple[Json, ...]:
    """The pods that run a revision already: going back to it leaves them as they are. Raises ClusterError."""
    pods = [pod for pod in await workloads.pods_of(snapshot, workload) if not workloads.is_leaving(pod)]
    if workload.get("kind") == "Deployment":
        return tuple(pod for pod in pods if (owner := workloads.controller_of(pod)) and owner.name == revision.name)
    # A StatefulSet writes the whole name there, a DaemonSet what follows its own.
    known = (revision.name, revision.name.removeprefix(f"{name_of(workload)}-"))
    labels = [((pod.get("metadata") or {}).get("labels") or {}).get(_REVISION_LABEL) for pod in pods]
    return tuple(pod for pod, label in zip(pods, labels, strict=True) if label in known)


def is_taken_up(workload: Json) -> bool:
    """Whether the controller has seen the workload as it is now."""
    generation = int((workload.get("metadata") or {}).get("generation") or 0)
    return int((workload.get("status") or {}).get("observedGeneration") or 0) >= generation


def alike(one: Json, other: Json, *, but_restarts: bool = False) -> bool:
    """Whether two templates make the same pods; `but_restarts`: the mark of a restart aside."""
    return _bare(one, but_restarts) == _bare(other, but_restarts)


def images_of(template: Json) -> dict[str, str]:
    """Container → image."""
    spec = template.get("spec") or {}
    return {
        str(each.get("name", "")): str(each.get("image", ""))
        for key in ("initContainers", "containers")
        for each in spec.get(key) or ()
    }


def _of_replica_set(obj: Json) -> Revision:
    annotations = _annotations(obj)
    template = copy.deepcopy((obj.get("spec") or {}).get("template") or {})
    # The controller's own: it tells the pods of one ReplicaSet from another's.
    labels = (template.get("metadata") or {}).get("labels") or {}
    labels.pop(_HASH, None)
    return Revision(
        number=_number(annotations.get(NUMBER)),
        name=name_of(obj),
        template=template,
        made=_made(obj),
        cause=str(annotations.get(CAUSE, "")),
        returned=str(annotations.get(HISTORY, "")),
    )


def _of_controller_revision(obj: Json) -> Revision:
    template = copy.deepcopy(((obj.get("data") or {}).get("spec") or {}).get("template") or {})
    template.pop(_DIRECTIVE, None)
    return Revision(
        number=_number(obj.get("revision")),
        name=name_of(obj),
        template=template,
        made=_made(obj),
        cause=str(_annotations(obj).get(CAUSE, "")),
    )


def _bare(template: Json, but_restarts: bool) -> Json:
    """What of a template makes its pods, without what is written there for nothing."""
    metadata = {
        key: dict(value) for key, value in (template.get("metadata") or {}).items() if isinstance(value, Mapping)
    }
    metadata.get("labels", {}).pop(_HASH, None)
    if but_restarts:
        metadata.get("annotations", {}).pop(RESTARTED_AT, None)
    return {"metadata": {key: value for key, value in metadata.items() if value}, "spec": template.get("spec") or {}}


def _annotations(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return (obj.get("metadata") or {}).get("annotations") or {}


def _made(obj: Mapping[str, Any]) -> str:
    return str((obj.get("metadata") or {}).get("creationTimestamp") or "")


def _number(value: Any) -> int:
    text = str(value)
    return int(text) if text.isdecimal() else 0
