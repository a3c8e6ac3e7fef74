"""Run `casebook probes`: print what a catalog file may read, and the row keys it gets."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from bot.cli.console import show
from bot.cli.errors import CommandError, did_you_mean
from bot.cli.exit_codes import ExitCode
from bot.probes.registry import declarations
from intents.domain import ArgDeclaration, ProbeDeclaration
from responses.layout import DIM, listed, paragraph


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print all probes, or one."""
    known = declarations()
    if arguments.name and arguments.name not in known:
        hint = did_you_mean(arguments.name, known, part=True)
        raise CommandError(f'unknown probe "{arguments.name}"{hint}', code=ExitCode.NOT_FOUND)
    chosen = [known[arguments.name]] if arguments.name else list(known.values())
    show(Group(*(line for probe in chosen for line in _probe(probe))))
    return ExitCode.ANSWERED


def _probe(probe: ProbeDeclaration) -> Iterator[RenderableType]:
    yield Text(probe.name, style="bold")
    yield paragraph(probe.says)
    if probe.args:
        yield paragraph("args:", style=DIM)
        yield listed([(name, Text(_argument(arg))) for name, arg in probe.args.items()], indent=4, style="cyan")
    yield paragraph("rows:", style=DIM)
    yield listed([(name, Text(str(kind))) for name, kind in probe.rows.items()], indent=4, style="cyan")
    if probe.permissions:
        yield paragraph(f"needs: {', '.join(map(str, probe.permissions))}", style=DIM)
    yield ""


def _argument(arg: ArgDeclaration) -> str:
    notes = [
        "required" if arg.required else "",
        f"one of {', '.join(arg.choices)}" if arg.choices else "",
        {"regex": "its named groups become keys", "mapping": "its keys become keys"}.get(arg.adds_keys, ""),
    ]
    said = "; ".join(note for note in notes if note)
    return f"{arg.says} ({said})" if said else arg.says
