"""Run `casebook doctor`: check what is missing before the bot can work here, and how to fix it. Read-only."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Sequence
from dataclasses import asdict
from typing import Final

from rich.table import Table
from rich.text import Text

from bot.cli.console import show
from bot.cli.errors import ExitCode
from bot.cli.process import configure_logging
from bot.cluster.clusters import Clusters
from bot.doctor import Check, CheckedArea, CheckState, all_well
from bot.doctor.cluster_checks import examine_clusters
from bot.doctor.database_checks import AREA as STORE
from bot.doctor.database_checks import examine_database
from bot.doctor.settings_checks import AREA as SETTINGS
from bot.doctor.settings_checks import examine_environment, examine_files
from bot.doctor.slack_checks import AREA as SLACK
from bot.doctor.slack_checks import examine_workspace
from bot.settings import Examined, examine_settings
from responses.safety import safe_line

_STYLES: Final = {
    CheckState.OK: "green",
    CheckState.NOTE: "cyan",
    CheckState.UNKNOWN: "yellow",
    CheckState.MISSING: "bold red",
}


def run(arguments: argparse.Namespace) -> ExitCode:
    """Run all checks and print them."""
    examined = examine_settings()
    configure_logging(level=examined.settings.log_level, form=examined.settings.log_format)
    checks = asyncio.run(run_checks(examined))
    if arguments.output == "json":
        listed = [{name: safe_line(str(value)) for name, value in asdict(check).items()} for check in checks]
        written = json.dumps({"checks": listed, "ok": all_well(checks)}, ensure_ascii=False, sort_keys=True, indent=2)
        sys.stdout.write(f"{written}\n")
    else:
        show(_table(checks))
        show(Text(_summary(checks)))
    return ExitCode.ANSWERED if all_well(checks) else ExitCode.PROBLEMS


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("state", no_wrap=True)
    for name in ("area", "what", "result and remedy"):
        # People paste these values into a shell, so nothing is cut.
        table.add_column(name, overflow="fold")
    for check in checks:
        found = Text(safe_line(check.says))
        if check.remedy:
            found.append(f"\n→ {safe_line(check.remedy)}", style="bold" if check.state is CheckState.MISSING else "")
        state = Text(str(check.state), style=_STYLES[check.state])
        table.add_row(state, Text(safe_line(check.area)), Text(safe_line(check.what)), found)
    return table


def _summary(checks: Sequence[Check]) -> str:
    counted = {state: sum(check.state is state for check in checks) for state in CheckState}
    if all_well(checks):
        notes = f", {_many(counted[CheckState.NOTE], 'note')}" if counted[CheckState.NOTE] else ""
        return f"All checks passed: {_many(counted[CheckState.OK], 'check')}{notes}."
    wrong = {"missing": counted[CheckState.MISSING], "could not be checked": counted[CheckState.UNKNOWN]}
    summary = ", ".join(f"{count} {what}" for what, count in wrong.items() if count)
    return f"{summary}: follow the arrows from the top, then run it again."


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


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
        areas: dict[CheckedArea, Awaitable[tuple[Check, ...]]] = {
            SETTINGS: examine_environment(examined),
            SLACK: examine_workspace(examined, policy=files.policy),
            CheckedArea("clusters"): examine_clusters(examined, clusters, policy=files.policy, catalog=files.catalog),
            STORE: examine_database(examined),
        }
        bounded = (asyncio.wait_for(each, _WITHIN_S) for each in areas.values())
        found = await asyncio.gather(*bounded, return_exceptions=True)
    finally:
        await clusters.aclose()
    checks: list[Check] = []
    for area, outcome in zip(areas, found, strict=True):
        if isinstance(outcome, tuple):
            checks += outcome
        elif isinstance(outcome, Exception):
            says = f"the check failed with {type(outcome).__name__}"
            checks.append(area.unknown("all", says, "please report this bug"))
        else:
            raise outcome
    return (*checks, *files.checks)
