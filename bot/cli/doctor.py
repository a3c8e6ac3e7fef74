"""`casebook doctor`: what is missing before the bot can work here, and what to do about it. It changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from bot.cli.console import show
from bot.cli.exit_codes import ExitCode
from bot.cli.logs import configure_logging
from bot.doctor.checks import Check, State, all_well
from bot.doctor.examining import examine
from bot.settings import examine_settings
from responses.safety import safe_line

_STYLES: Final = {State.OK: "green", State.NOTE: "cyan", State.UNKNOWN: "yellow", State.MISSING: "bold red"}


def run(arguments: argparse.Namespace) -> ExitCode:
    examined = examine_settings()
    configure_logging(level=examined.settings.log_level, form=examined.settings.log_format)
    checks = asyncio.run(examine(examined))
    if arguments.output == "json":
        listed = [{name: safe_line(value) for name, value in _fields(check).items()} for check in checks]
        written = json.dumps({"checks": listed, "ok": all_well(checks)}, ensure_ascii=False, sort_keys=True, indent=2)
        sys.stdout.write(f"{written}\n")
    else:
        show(_table(checks))
        show(Text(_summary(checks)))
    return ExitCode.ANSWERED if all_well(checks) else ExitCode.PROBLEMS


def _fields(check: Check) -> dict[str, str]:
    return {
        "area": check.area,
        "what": check.what,
        "state": str(check.state),
        "says": check.says,
        "remedy": check.remedy,
    }


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("state", no_wrap=True)
    for name in ("area", "what", "found, and what to do"):
        # What is copied from here is pasted into a shell: nothing of it is cut away.
        table.add_column(name, overflow="fold")
    for check in checks:
        found = Text(safe_line(check.says))
        if check.remedy:
            found.append(f"\n→ {safe_line(check.remedy)}", style="bold" if check.state is State.MISSING else "")
        state = Text(str(check.state), style=_STYLES[check.state])
        table.add_row(state, Text(safe_line(check.area)), Text(safe_line(check.what)), found)
    return table


def _summary(checks: Sequence[Check]) -> str:
    counted = {state: sum(check.state is state for check in checks) for state in State}
    if all_well(checks):
        notes = f", {_many(counted[State.NOTE], 'note')}" if counted[State.NOTE] else ""
        return f"All is well: {_many(counted[State.OK], 'check')}{notes}."
    wrong = {"missing": counted[State.MISSING], "could not be looked at": counted[State.UNKNOWN]}
    told = ", ".join(f"{count} {what}" for what, count in wrong.items() if count)
    return f"{told}: do what the arrows say, from the top, and ask again."


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
