"""List objects where a refusal is no error: it is a gap, if gaps are collected, and nothing is listed."""

from __future__ import annotations

from bot.cluster.access import record_gap
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from intents.domain import Json


async def listed(snapshot: Snapshot, kind: str, namespace: str = "", *, fields: str = "") -> tuple[Json, ...]:
    """Return the objects of a kind in a namespace, "" for all; none, and a recorded gap, if they are not readable."""
    try:
        return (await snapshot.list(kind, namespace=namespace, fields=fields)).items
    except ClusterError as error:
        record_gap(error.gap())
        return ()
