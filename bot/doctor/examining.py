"""All areas, each for itself: whatever goes wrong in one, the others are told as well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

from bot.cluster.clusters import Clusters
from bot.doctor.checks import Check, State
from bot.doctor.clusters import examine_clusters
from bot.doctor.database import AREA as STORE
from bot.doctor.database import examine_database
from bot.doctor.environment import AREA as SETTINGS
from bot.doctor.environment import examine_environment
from bot.doctor.files import examine_files
from bot.doctor.workspace import AREA as SLACK
from bot.doctor.workspace import examine_workspace
from bot.settings import Examined

_WITHIN_S: Final = 30.0


async def examine(examined: Examined) -> tuple[Check, ...]:
    """Look at everything that `casebook serve` needs, and change nothing. At most about half a minute."""
    clusters = await asyncio.to_thread(Clusters.of, examined.settings)
    try:
        files = await asyncio.to_thread(
            examine_files,
            examined.settings,
            clusters=clusters.names,
            catalog_malformed="catalog" in examined.malformed,
        )
        areas: dict[str, Awaitable[tuple[Check, ...]]] = {
            SETTINGS: examine_environment(examined),
            SLACK: examine_workspace(examined, policy=files.policy),
            "clusters": examine_clusters(examined, clusters, policy=files.policy, catalog=files.catalog),
            STORE: examine_database(examined),
        }
        found = await asyncio.gather(*(_bounded(each) for each in areas.values()), return_exceptions=True)
    finally:
        await clusters.aclose()
    checks: list[Check] = []
    for area, outcome in zip(areas, found, strict=True):
        if isinstance(outcome, tuple):
            checks += outcome
        elif isinstance(outcome, Exception):
            says = f"this could not be looked at: {type(outcome).__name__}"
            checks.append(Check(area=area, what="all", state=State.UNKNOWN, says=says, remedy="please report it"))
        else:
            raise outcome
    return (*checks, *files.checks)


async def _bounded(examining: Awaitable[tuple[Check, ...]]) -> tuple[Check, ...]:
    async with asyncio.timeout(_WITHIN_S):
        return await examining
