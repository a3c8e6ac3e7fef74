"""Tell whether a later Job has done the work of a failed one: what its pods did is history then."""

from __future__ import annotations

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.job_runs import has_failed, success_after
from bot.kube.objects import namespace_of
from intents.domain import Json


async def is_repeated(snapshot: Snapshot, job: Json) -> bool:
    """Tell whether a Job has failed and a later one has succeeded; False where Jobs cannot be read."""
    if not has_failed(job):
        return False
    try:
        listing = await snapshot.list("Job", namespace=namespace_of(job))
    except ClusterError:
        return False
    return success_after(job, listing.items) != ""
