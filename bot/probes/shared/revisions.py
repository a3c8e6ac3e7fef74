"""How many earlier templates of a workload the cluster still keeps: what a rollout undo can go back to.

A restart makes a revision as well, whose pods are the same: going back to such a one would change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import namespace_of
from bot.kube.revisions import alike, revisions_in
from intents.domain import Json, Permission

PERMISSIONS: Final = (
    Permission(verb="list", group="apps", resource="controllerrevisions"),
    Permission(verb="list", group="apps", resource="replicasets"),
)


async def older_revisions(snapshot: Snapshot, workload: Json) -> int:
    """Revisions before the current one of a StatefulSet, DaemonSet or a Deployment's ReplicaSet; 0 for other kinds.

    Those are left out that differ from it by a restart alone. Raises ClusterError.
    """
    match workload.get("kind"):
        case "StatefulSet" | "DaemonSet":
            kept, owner = "ControllerRevision", str(workload["metadata"].get("uid", ""))
        case "ReplicaSet":
            kept, owner = "ReplicaSet", _controller_uid(workload)
        case _:
            return 0
    listing = await snapshot.list(kept, namespace=namespace_of(workload))
    revisions = revisions_in(each for each in listing.items if owner and _controller_uid(each) == owner)
    # The newest is like itself, and so not counted.
    return len([each for each in revisions if not alike(each.template, revisions[-1].template, but_restarts=True)])


def _controller_uid(obj: Mapping[str, Any]) -> str:
    owners = (obj.get("metadata") or {}).get("ownerReferences") or ()
    return next((str(owner.get("uid", "")) for owner in owners if owner.get("controller")), "")
