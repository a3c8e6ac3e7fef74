"""The revisions of the workloads in question that are not all ready: what changed, and whether the earlier one ran.

An earlier revision is known to have run if pods of it are ready, or if its Deployment was available before the newest
revision was made.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bot.kube.objects import name_of, namespace_of, ref, uid_of
from bot.kube.owners import controller_reference
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import Revision, alike, replicas_of, revision_name_of, revisions_in, rollout_of, was_available
from bot.kube.template_changes import template_changes
from bot.probes.contract import Look, RowValues, probe
from bot.probes.shared.questioned import READS_REVISIONS, READS_WORKLOADS, pods_of_workload, workloads_of
from intents.domain import Json, ProbeResult, Row

_MOST_READ: Final = 20
_MOST_CHANGES: Final = 12


class _Revision(RowValues):
    of_subject = ("kind", "namespace", "name")

    revision: int
    age_s: int
    changes: tuple[str, ...]  # without the values of environment variables
    earlier: int
    earlier_ready: int  # pods of it that are ready
    earlier_ran: bool


@probe(
    says="a row per workload in question with pods that are not ready and an earlier revision: what the newest changed",
    row=_Revision,
    permissions=(*READS_WORKLOADS, *READS_REVISIONS),
)
async def read(look: Look) -> ProbeResult:
    """Read the revisions of the workloads in question whose rollout has not ended."""
    found = await workloads_of(look)
    rolling = [each for each in found.workloads if rollout_of(each, look.now).rolling][:_MOST_READ]
    parts = await asyncio.gather(*(_of(look, each) for each in rolling))
    return ProbeResult(rows=tuple(row for row in parts if row), missing=found.missing)


async def _of(look: Look, workload: Json) -> Row | None:
    read = look.unless_refused(_kept(look, workload), None, what=f"revisions of {ref(workload)}")
    if not (found := await read):
        return None
    kept, ready = found
    revisions = revisions_in(kept)
    older = [each for each in revisions if not alike(each.template, revisions[-1].template, but_restarts=True)]
    return _row(look, workload, revisions[-1], older, ready) if older else None


async def _kept(look: Look, workload: Json) -> tuple[list[Json], dict[str, int]]:
    """Return the revisions that are kept of a workload, and how many pods of each are ready. Raise ClusterError."""
    deployment = workload.get("kind") == "Deployment"
    if not deployment:
        look.snapshot.ahead(pods_of_workload(look, workload))
    kind = "ReplicaSet" if deployment else "ControllerRevision"
    listing = await look.snapshot.list(kind, namespace=namespace_of(workload))
    kept = [each for each in listing.items if controller_reference(each).get("uid") == uid_of(workload)]
    if deployment:
        return kept, {name_of(each): replicas_of(each).ready for each in kept}
    return kept, Counter(map(revision_name_of, filter(is_ready, await pods_of_workload(look, workload))))


def _row(look: Look, workload: Json, newest: Revision, older: Sequence[Revision], ready: dict[str, int]) -> Row:
    running = [each for each in older if ready.get(each.name)]
    earlier = (running or older)[-1]
    about = ref(workload)
    changes = tuple(map(str, template_changes(earlier.template, newest.template)))
    more = len(changes) - _MOST_CHANGES
    made_s = look.age_s(newest.made)
    return _Revision(
        revision=newest.number,
        age_s=made_s,
        changes=changes[:_MOST_CHANGES] + ((f"{more} more",) if more > 0 else ()),
        earlier=earlier.number,
        earlier_ready=ready.get(earlier.name, 0),
        earlier_ran=bool(running) or was_available(workload, newest),
    ).row(
        about,
        quote=f"revision {newest.number}: {'; '.join(changes)}"[:300],
        reproduce=f"kubectl -n {about.namespace} rollout history {about.kind.lower()} {about.name}"
        f" --revision={newest.number}",
        at=look.moment(made_s),
    )
