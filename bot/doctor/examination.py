"""Run the checks of all areas; a failure in one area does not stop the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

from bot.cluster.clusters import Clusters
from bot.doctor.checks import Check, CheckState
from bot.doctor.cluster_checks import examine_clusters
from bot.doctor.database_checks import AREA as STORE
from bot.doctor.database_checks import examine_database
from bot.doctor.file_checks import examine_files
from bot.doctor.settings_checks import AREA as SETTINGS
from bot.doctor.settings_checks import examine_environment
from bot.doctor.slack_checks import AREA as SLACK
from bot.doctor.slack_checks import examine_workspace
from bot.settings import Examined

_WITHIN_S: Final = 30.0


async def run_checks(examined: Examined) -> tuple[Check, ...]:
    """Check everything that `casebook serve` needs, in at most about half a minute. Nothing is changed."""
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
            says = f"the check failed with {type(outcome).__name__}"
            checks.append(
                Check(area=area, what="all", state=CheckState.UNKNOWN, says=says, remedy="please report this bug")
            )
        else:
            raise outcome
    return (*checks, *files.checks)


async def _bounded(examining: Awaitable[tuple[Check, ...]]) -> tuple[Check, ...]:
    async with asyncio.timeout(_WITHIN_S):
        return await examining
