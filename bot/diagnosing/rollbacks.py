"""Leave out rollbacks of workloads that have no earlier revision."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.owners import controller_of
from bot.kube.rollouts import KEPT_IN, earlier_in, revisions_in
from intents.domain import JudgedHypothesis, ObjectRef

_ROLLBACK: Final = "rollout-undo"


async def with_possible_rollbacks(
    snapshot: Snapshot, judged: Sequence[JudgedHypothesis]
) -> tuple[JudgedHypothesis, ...]:
    """Return the hypotheses without the rollbacks of workloads that the cluster keeps no earlier revision of."""
    return tuple(await asyncio.gather(*(_with_possible(snapshot, one) for one in judged)))


async def _with_possible(snapshot: Snapshot, judged: JudgedHypothesis) -> JudgedHypothesis:
    targets = {each.target for each in judged.remedies if each.action == _ROLLBACK and each.target}
    impossible = {target for target in targets if not await _may_go_back(snapshot, target)}
    if not impossible:
        return judged
    kept = (each for each in judged.remedies if not (each.action == _ROLLBACK and each.target in impossible))
    return replace(judged, remedies=tuple(kept))


async def _may_go_back(snapshot: Snapshot, workload: ObjectRef) -> bool:
    """Tell whether a workload has an earlier revision; where this cannot be read, the preview of the rollback tells."""
    kind = KEPT_IN.get(workload.kind)
    if kind is None:
        return True
    try:
        listing = await snapshot.list(kind, namespace=workload.namespace)
    except ClusterError:
        return True
    owned = (each for each in listing.items if (owner := controller_of(each)) and owner.is_named_as(workload))
    return bool(listing.truncated or earlier_in(revisions_in(owned)))
