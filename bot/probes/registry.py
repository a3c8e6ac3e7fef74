"""All probes by name, and what entries of the catalog may rely on."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

import bot.probes
from bot.probes.contract import Probe
from intents.catalog.key_uses import Path, unreadable
from intents.catalog.schema import Incident
from intents.domain import ProbeDeclaration


@cache
def probes() -> Mapping[str, Probe]:
    """Return the PROBE of every module of this package that has one, by the probe's name."""
    found: dict[str, Probe] = {}
    for module in pkgutil.iter_modules(bot.probes.__path__):
        probe = getattr(importlib.import_module(f"bot.probes.{module.name}"), "PROBE", None)
        if isinstance(probe, Probe):
            found[probe.declaration.name] = probe
    return MappingProxyType(dict(sorted(found.items())))


@cache
def declarations() -> Mapping[str, ProbeDeclaration]:
    """Return what the catalog may rely on, by probe name."""
    return MappingProxyType({name: probe.declaration for name, probe in probes().items()})


def unreadable_parts(incident: Incident) -> Iterator[tuple[Path, str]]:
    """Yield why no probe can serve an entry, each with the path into its file; nothing for one that can be used."""
    return unreadable(incident, declarations())
