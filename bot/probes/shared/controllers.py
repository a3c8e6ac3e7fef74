"""List the workloads among which a controller of the cluster is found: for Ingresses, for load balancers."""

from __future__ import annotations

import asyncio

from bot.cluster.errors import ClusterError
from bot.probes.contract import Look
from intents.domain import Gap, Json


async def controller_workloads(look: Look, gaps: list[Gap]) -> tuple[Json, ...]:
    """Return all Deployments and DaemonSets of the cluster."""

    async def listed(kind: str) -> tuple[Json, ...]:
        try:
            return (await look.snapshot.list(kind)).items
        except ClusterError as error:
            gaps.append(error.gap("the controllers of the cluster"))
            return ()

    deployments, daemon_sets = await asyncio.gather(listed("Deployment"), listed("DaemonSet"))
    return (*deployments, *daemon_sets)
