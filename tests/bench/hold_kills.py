"""`make bench` part `hold`: lose nothing and answer nothing twice through kills and a restart of the database."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bot.diagnosing import build_engine
from tests.bench.kills import Ordeal, Outcome, Sort, measure
from tests.end_to_end.workplace import broken_of
from tests.postgres import running_server

INCIDENT: Final = "run-as-nonroot-root-image"
SEEDS: Final = (1,)
_NAMED: Final = 10


async def run(console: Console, *, seeds: Sequence[int] = SEEDS) -> None:
    """Print the figures of both ways in which Slack delivers, once per seed."""
    broken = broken_of(build_engine()[0], INCIDENT)
    for sockets in (False, True):
        for seed in seeds:
            ordeal = Ordeal(seed=seed, sockets=sockets)
            # A crash of the server must not lose commits, as it would not with a server's usual settings.
            with running_server(synchronous_commit="on") as server, tempfile.TemporaryDirectory() as directory:
                _show(console, ordeal, await measure(Path(directory), server, broken, ordeal))


def _show(console: Console, ordeal: Ordeal, outcome: Outcome) -> None:
    by = "Socket Mode" if ordeal.sockets else "signed HTTP"
    title = f"Two replicas on PostgreSQL, {by}: {ordeal.rate:g} events/s for {ordeal.seconds:g} s, seed {ordeal.seed}"
    table = Table(title=title)
    for column in ("figure", "measured", "target"):
        table.add_column(column)
    table.add_row("happened", ", ".join(f"{count} {what}" for what, count in sorted(outcome.happened.items())), "")
    for sort in Sort:
        sent, acked, answered = outcome.sent[sort], outcome.acked[sort], outcome.answered[sort]
        table.add_row(str(sort), f"{sent} sent, {acked} acknowledged, {answered} answered", "")
    table.add_row("until all are answered", f"{outcome.seconds:.0f} s", "")
    failed = {"acknowledged and lost": outcome.lost, "answered twice": outcome.twice, "hanging": outcome.hanging}
    for name, those in failed.items():
        table.add_row(name, str(len(those)), "0", style="red" if those else "")
    console.print(table)
    for name, those in failed.items():
        for one in those[:_NAMED]:
            console.print(f"{name}: {one}", style="red", markup=False)


if __name__ == "__main__":
    asyncio.run(run(Console(width=140), seeds=[int(seed) for seed in sys.argv[1:]] or SEEDS))
