"""All probes by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import bot.probes
from bot.probes.contract import Probe
from intents.domain import ProbeDeclaration


@cache
def probes() -> Mapping[str, Probe]:
    """Every module of this package that has a PROBE, by the probe's name."""
    found: dict[str, Probe] = {}
    for module in pkgutil.iter_modules(bot.probes.__path__):
        probe = getattr(importlib.import_module(f"bot.probes.{module.name}"), "PROBE", None)
        if isinstance(probe, Probe):
            found[probe.declaration.name] = probe
    return MappingProxyType(dict(sorted(found.items())))


def declarations() -> Mapping[str, ProbeDeclaration]:
    """What the catalog may rely on, by probe name."""
    return {name: probe.declaration for name, probe in probes().items()}
