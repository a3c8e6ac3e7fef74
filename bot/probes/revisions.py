"""How many earlier templates of a workload the cluster still keeps: what a rollout undo can go back to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.probes.scope import namespace_of
from intents.domain import Json, Permission

PERMISSIONS: Final = (
    Permission(verb="list", group="apps", resource="controllerrevisions"),
    Permission(verb="list", group="apps", resource="replicasets"),
)


async def older_revisions(snapshot: Snapshot, workload: Json) -> int:
    """Revisions before the current one of a StatefulSet, DaemonSet or a Deployment's ReplicaSet; 0 for other kinds.

    Raises ClusterError.
    """
    namespace, uid = namespace_of(workload), workload.get("metadata", {}).get("uid", "")
    if workload.get("kind") in ("StatefulSet", "DaemonSet"):
        revisions = (await snapshot.list("ControllerRevision", namespace=namespace)).items
        return max(sum(_controller_uid(each) == uid for each in revisions) - 1, 0)
    deployment = _controller_uid(workload)
    if workload.get("kind") == "ReplicaSet" and deployment:
        sets = (await snapshot.list("ReplicaSet", namespace=namespace)).items
        return max(sum(_controller_uid(each) == deployment for each in sets) - 1, 0)
    return 0


def _controller_uid(obj: Mapping[str, Any]) -> str:
    owners = (obj.get("metadata") or {}).get("ownerReferences") or ()
    return next((str(owner.get("uid", "")) for owner in owners if owner.get("controller")), "")
