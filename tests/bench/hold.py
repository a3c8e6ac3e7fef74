"""`make bench` part `hold`: measure what the bot withstands, each figure with its target."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bot.diagnosing import build_engine
from tests.bench import fairness, hold_inputs, hold_kills, hold_memory, hold_speed
from tests.end_to_end.workplace import broken_of
from tests.redaction import figures

_INCIDENT: Final = "run-as-nonroot-root-image"
_MOST_PERCENT: Final = 2.0
_MOST_TIMES: Final = 2.0


async def run(console: Console) -> None:
    """Print speed at Slack's limits, fairness, malformed inputs, kills, memory and redaction."""
    await hold_speed.run(console)
    await _show_fairness(console)
    await hold_inputs.run(console)
    await hold_kills.run(console)
    await hold_memory.run(console)
    _show_redaction(console)


async def _show_fairness(console: Console) -> None:
    broken = broken_of(build_engine()[0], _INCIDENT)
    table = Table(title="Median time of others' answers beside 300 commands of one person")
    for column in ("where", "idle", "beside", "ratio", "target", "refused"):
        table.add_column(column)
    for where, same_channel in (("in other channels", False), ("in the same channel", True)):
        with tempfile.TemporaryDirectory() as directory:
            waits = await fairness.measure(Path(directory), broken.world, text=broken.text, same_channel=same_channel)
        table.add_row(
            where,
            " ".join(f"{seconds:.2f}" for seconds in waits.idle),
            " ".join(f"{seconds:.2f}" for seconds in waits.beside),
            f"{waits.ratio:.2f}",
            f"≤ {_MOST_TIMES:g}",
            str(waits.refused),
            style="" if waits.ratio <= _MOST_TIMES else "red",
        )
    console.print(table)


def _show_redaction(console: Console) -> None:
    table = Table(title=f"Redaction: credentials that leak, harmless texts changed; target < {_MOST_PERCENT:g} % each")
    for column in ("texts", "leaked", "over-redacted"):
        table.add_column(column)
    for name, measured in figures.measure().items():
        table.add_row(name, str(measured.leaked), str(measured.over_redacted))
    console.print(table)
