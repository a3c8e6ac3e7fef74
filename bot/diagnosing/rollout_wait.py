"""Wait until the rollout of a workload has ended. Only reads, with a snapshot of its own each time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import BadRequest, ServerError, Throttled, TimedOut, Unreachable
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.diagnosis import TargetNotFound
from bot.diagnosing.object_search import sought
from bot.kube.rollout_status import ROLLED_OUT, rollout_status
from intents.domain import Focus, Json, ObjectRef
from intents.request import DiagnoseObject
from intents.rollout import RolloutState, RolloutStatus

# The first pause is short, because most rollouts that are complete are so at once.
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 2.0
_ONE_READ: Final = 10.0
# A cluster that is upgraded or busy during a rollout fails reads for a while.
_PASSING: Final = (ServerError, Throttled, TimedOut, Unreachable)


async def wait_for_rollout(
    request: DiagnoseObject,
    *,
    connection: Connection,
    seconds: float,
    tell: Callable[[ObjectRef, RolloutStatus], None],
) -> tuple[ObjectRef, RolloutStatus]:
    """Wait up to `seconds` for the end of a rollout; return the workload and the last state. `tell` gets each new one.

    Raises TargetNotFound, and ClusterError if the workload cannot be read, or has no rollout that ends.
    """
    until = time.monotonic() + seconds
    subject: ObjectRef | None = None
    status: RolloutStatus | None = None
    pause = _FIRST_PAUSE
    while True:
        try:
            subject = subject or await _subject(request, connection)
            seen = rollout_status(await _read(subject, connection, until))
            if seen.state is RolloutState.ENDLESS:
                raise BadRequest(detail=f"{subject}: {seen.says.en}")
        except _PASSING as error:
            # An address that never answered is a wrong one.
            if status is None and (isinstance(error, Unreachable) or time.monotonic() >= until):
                raise
        else:
            if seen != status:
                tell(subject, seen)
            status = seen
        if subject and status and (status.state is not RolloutState.IN_PROGRESS or time.monotonic() >= until):
            return subject, status
        await asyncio.sleep(max(min(pause, until - time.monotonic()), 0))
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _subject(request: DiagnoseObject, connection: Connection) -> ObjectRef:
    """Return the workload that a request names, found as a diagnosis finds it."""
    async with Snapshot(connection, deadline=_ONE_READ) as snapshot:
        resource = await snapshot.resource(request.kind)
        asked = Focus(kind=resource.kind, namespace=request.namespace, name=request.name)
        named = await sought(snapshot, resource, asked)
    if named.instead is None:
        raise TargetNotFound(named)
    if named.instead.kind not in ROLLED_OUT:
        raise BadRequest(detail=f"{named.instead} has no rollout: {', '.join(ROLLED_OUT)} have one")
    return named.instead


async def _read(subject: ObjectRef, connection: Connection, until: float) -> Json:
    left = max(until - time.monotonic(), 1.0)
    async with Snapshot(connection, deadline=min(_ONE_READ, left)) as snapshot:
        return await snapshot.get(subject.kind, subject.name, namespace=subject.namespace)
