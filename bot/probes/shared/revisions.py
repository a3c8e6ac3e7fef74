"""Count the earlier templates of a workload that the cluster keeps, to which a rollout could go back.

A restart makes a revision as well, with the same pods: going back to it would change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import namespace_of, uid_of
from bot.kube.owners import controller_reference
from bot.kube.rollouts import earlier_in, revisions_in
from bot.probes.contract import may
from intents.domain import Json

PERMISSIONS: Final = may("list", "controllerrevisions.apps", "replicasets.apps")


async def older_revisions(snapshot: Snapshot, workload: Json) -> int:
    """Return how many revisions precede the current one of a StatefulSet, DaemonSet or a Deployment's ReplicaSet.

    Revisions that differ by a restart alone do not count; 0 for other kinds. Raises ClusterError.
    """
    match workload.get("kind"):
        case "StatefulSet" | "DaemonSet":
            kept, owner = "ControllerRevision", uid_of(workload)
        case "ReplicaSet":
            kept, owner = "ReplicaSet", _controller_uid(workload)
        case _:
            return 0
    listing = await snapshot.list(kept, namespace=namespace_of(workload))
    return len(earlier_in(revisions_in(each for each in listing.items if owner and _controller_uid(each) == owner)))


def _controller_uid(obj: Mapping[str, Any]) -> str:
    return str(controller_reference(obj).get("uid") or "")
