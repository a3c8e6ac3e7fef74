"""The revisions of a workload that its controller keeps: which one is current, and which pods run it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import is_terminating, namespace_of, uid_of
from bot.kube.owners import controller_of
from bot.kube.revisions import Revision, alike, revision_name_of, revisions_in
from bot.remedies.shared import workloads
from intents.domain import Json


async def revisions_of(snapshot: Snapshot, workload: Json) -> tuple[Revision, ...]:
    """Return the kept revisions, the oldest first. Raises ClusterError."""
    deployment = workload.get("kind") == "Deployment"
    kept = await snapshot.list("ReplicaSet" if deployment else "ControllerRevision", namespace=namespace_of(workload))
    mine = [each for each in kept.items if (owner := controller_of(each)) is not None and owner.uid == uid_of(workload)]
    return revisions_in(mine)


def current_of(workload: Json, revisions: Sequence[Revision]) -> Revision | None:
    """Return the revision of the current template, None if the controller has not recorded it yet."""
    status = workload.get("status") or {}
    updated = str(status.get("updateRevision", ""))
    if updated and is_observed(workload):
        named = next((each for each in revisions if each.name == updated), None)
        if named is not None:
            return named
    template = (workload.get("spec") or {}).get("template") or {}
    same = [each for each in revisions if alike(each.template, template)]
    if same:
        return same[-1]
    # Defaults that the API server has added since make a kept template differ although nobody changed it.
    return revisions[-1] if revisions and is_observed(workload) else None


async def pods_at(snapshot: Snapshot, workload: Json, revision: Revision) -> tuple[Json, ...]:
    """Return the pods that run a revision: a rollback to it keeps them. Raises ClusterError."""
    pods = await workloads.pods_of(snapshot, workload)
    return tuple(pod for pod in pods if not is_terminating(pod) and revision_name_of(pod) == revision.name)


def is_observed(workload: Json) -> bool:
    """Tell whether the controller has observed the workload's current generation."""
    generation = int((workload.get("metadata") or {}).get("generation") or 0)
    return int((workload.get("status") or {}).get("observedGeneration") or 0) >= generation
