"""All probes by name, the names of the release before included, and what entries of the catalog may rely on."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import bot.probes
from bot.probes.contract import Look, Probe
from intents.catalog.key_uses import Path
from intents.catalog.readable import unreadable
from intents.catalog.schema import Incident
from intents.declarations import NamedProbe, named_probes
from intents.domain import ProbeDeclaration, ProbeResult, Row


@cache
def probes() -> Mapping[str, Probe]:
    """Return the PROBE of every module of this package that has one, by the probe's name."""
    found: dict[str, Probe] = {}
    for module in pkgutil.iter_modules(bot.probes.__path__):
        probe = getattr(importlib.import_module(f"bot.probes.{module.name}"), "PROBE", None)
        if isinstance(probe, Probe):
            found[probe.declaration.name] = probe
    return MappingProxyType(dict(sorted(found.items())))


def declarations() -> Mapping[str, ProbeDeclaration]:
    """Return what the catalog may rely on, by probe name."""
    return {name: probe.declaration for name, probe in probes().items()}


@cache
def known_probes() -> Mapping[str, Probe]:
    """Return all probes by the names of now and of the release before, each answering as it did under that name."""
    current = probes()
    return MappingProxyType({
        name: as_named(current[named.declaration.name], named) for name, named in _known_names().items()
    })  # fmt: skip


def as_named(probe: Probe, named: NamedProbe) -> Probe:
    """Return the probe as it answers under a name: arguments and row keys of the release before are taken as well."""
    if named.former == type(named.former)():
        return probe
    read = _translating(probe.read, named)
    return Probe(declaration=replace(probe.declaration, args=named.args), read=read)


def unreadable_parts(incident: Incident) -> Iterator[tuple[Path, str]]:
    """Yield why no probe can serve an entry, each with the path into its file; nothing for one that can be used."""
    return unreadable(incident, _known_names())


@cache
def _known_names() -> Mapping[str, NamedProbe]:
    return named_probes(declarations())


def _translating(
    read: Callable[[Look], Awaitable[ProbeResult]], named: NamedProbe
) -> Callable[[Look], Awaitable[ProbeResult]]:
    async def translated(look: Look) -> ProbeResult:
        reading = await read(replace(look, args=named.translated(look.args)))
        return replace(reading, rows=tuple(_with_former_keys(row, named.former.keys) for row in reading.rows))

    return translated


def _with_former_keys(row: Row, keys: Mapping[str, str]) -> Row:
    former = {old: row.values[new] for old, new in keys.items() if new in row.values}
    return replace(row, values={**row.values, **former}) if former else row
