"""List the workloads among which a controller of the cluster is found: for Ingresses, for load balancers."""

from __future__ import annotations

import asyncio

from bot.probes.contract import Look
from intents.domain import Json


async def controller_workloads(look: Look) -> tuple[Json, ...]:
    """Return all Deployments and DaemonSets of the cluster."""
    deployments, daemon_sets = await asyncio.gather(look.list("Deployment"), look.list("DaemonSet"))
    return (*deployments, *daemon_sets)
