"""What a rollout can go back to: the revisions that a workload's controller keeps, which of them it has now, and the
pods that run one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of
from bot.kube.revisions import Revision, alike, revisions_in
from bot.remedies.shared import workloads
from intents.domain import Json

_REVISION_LABEL: Final = "controller-revision-hash"


async def revisions_of(snapshot: Snapshot, workload: Json) -> tuple[Revision, ...]:
    """The templates that are kept, the oldest first. Raises ClusterError."""
    deployment = workload.get("kind") == "Deployment"
    kept = await snapshot.list("ReplicaSet" if deployment else "ControllerRevision", namespace=namespace_of(workload))
    mine = [
        each
        for each in kept.items
        if (owner := workloads.controller_of(each)) is not None and owner.uid == workloads.uid_of(workload)
    ]
    return revisions_in(mine)


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
