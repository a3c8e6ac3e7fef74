"""Run `casebook probes`: print what a catalog file may read, and the row keys it gets."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from bot.cli.console import show
from bot.cli.errors import CommandError, ExitCode, did_you_mean
from bot.probes.registry import declarations
from intents.domain import ArgDeclaration, ProbeDeclaration, RowType
from responses.layout import DIM, listed, paragraph


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print all probes, or one."""
    known = declarations()
    name = arguments.name
    if name and name not in known:
        raise CommandError(f'unknown probe "{name}"{did_you_mean(name, known, part=True)}', code=ExitCode.NOT_FOUND)
    chosen = [known[name]] if name else list(known.values())
    show(Group(*(line for probe in chosen for line in _probe(probe))))
    return ExitCode.ANSWERED


def _probe(probe: ProbeDeclaration) -> Iterator[RenderableType]:
    yield Text(probe.name, style="bold")
    yield paragraph(probe.says)
    if probe.args:
        yield paragraph("args:", style=DIM)
        yield listed([(name, Text(_argument(arg))) for name, arg in probe.args.items()], indent=4, style="cyan")
    yield from _rows("rows:", probe.rows)
    for name, arg in probe.args.items():
        for value, keys in arg.fills.items():
            yield from _rows(f"rows, with {name}: {value}, also:", keys)
    if probe.permissions:
        yield paragraph(f"needs: {', '.join(map(str, probe.permissions))}", style=DIM)
    yield ""


def _rows(title: str, keys: Mapping[str, RowType]) -> Iterator[RenderableType]:
    yield paragraph(title, style=DIM)
    yield listed([(name, Text(str(kind))) for name, kind in keys.items()], indent=4, style="cyan")


def _argument(arg: ArgDeclaration) -> str:
    notes = [
        "required" if arg.required else "",
        f"one of {', '.join(arg.choices)}" if arg.choices else "",
        f"default {arg.default}" if arg.default else "",
        {"regex": "its named groups become keys", "mapping": "its keys become keys"}.get(arg.adds_keys, ""),
    ]
    remarks = "; ".join(note for note in notes if note)
    return f"{arg.says} ({remarks})" if remarks else arg.says
