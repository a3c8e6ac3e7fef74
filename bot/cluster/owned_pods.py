"""Find the pods of a custom resource through what its controller creates, and Jobs whose work is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.owners import PERMISSIONS as OF_OWNERS
from bot.cluster.owners import owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.job_runs import has_failed, success_after
from bot.kube.objects import namespace_of
from bot.kube.owners import controller_of
from intents.domain import Json, ObjectRef, Permission

PERMISSIONS: Final = (*OF_OWNERS, Permission(verb="list", resource="pods"))
# Each controller of pods costs a few reads, which all pods of it share.
_MOST_CONTROLLERS: Final = 20


async def pods_below(snapshot: Snapshot, owner: ObjectRef, *, only: Callable[[Json], bool]) -> tuple[Json, ...]:
    """Return the pods of an object, of those that `only` accepts, by name. Raise ClusterError if pods cannot be read.

    An object outside namespaces owns no pods that could be found.
    """
    namespace = owner.namespace
    if not namespace:
        return ()
    belongs: dict[str, bool] = {}
    found = []
    for pod in (await snapshot.list("Pod", namespace=namespace)).items:
        controller = controller_of(pod)
        if controller is None or not only(pod):
            continue
        if controller.uid not in belongs and len(belongs) < _MOST_CONTROLLERS:
            above = (controller, *(await owners_of(snapshot, pod)).refs)
            belongs[controller.uid] = any(each.is_named_as(owner) for each in above)
        if belongs.get(controller.uid):
            found.append(pod)
    return tuple(found)


async def is_repeated(snapshot: Snapshot, job: Json) -> bool:
    """Tell whether a Job has failed and a later one has succeeded; False where Jobs cannot be read."""
    if not has_failed(job):
        return False
    try:
        listing = await snapshot.list("Job", namespace=namespace_of(job))
    except ClusterError:
        return False
    return success_after(job, listing.items) != ""
