"""All probes by name, and what entries of the catalog may rely on."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import bot.probes
from bot.probes.contract import Probe
from intents.catalog.fields import Complaint
from intents.catalog.key_uses import unreadable
from intents.catalog.schema import Incident
from intents.domain import ProbeDeclaration

# The modules of this package that are no probes.
_OTHERS: Final = {"contract", "registry", "shared"}


class _Probes(Mapping[str, Probe]):
    """The probe of each module by the module's name; it is imported when it is used, because most answers need few."""

    def __init__(self) -> None:
        names = sorted({module.name for module in pkgutil.iter_modules(bot.probes.__path__)} - _OTHERS)
        self._modules = {name.replace("_", "-"): f"bot.probes.{name}" for name in names}

    def __getitem__(self, name: str) -> Probe:
        found: Probe = importlib.import_module(self._modules[name]).read
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


@cache
def probes() -> Mapping[str, Probe]:
    """Return all probes by name."""
    return _Probes()


@cache
def declarations() -> Mapping[str, ProbeDeclaration]:
    """Return what the catalog may rely on, by probe name."""
    return MappingProxyType({name: probe.declaration for name, probe in probes().items()})


def unreadable_parts(incident: Incident) -> Iterator[Complaint]:
    """Yield why no probe can serve an entry, each with the path into its file; nothing for one that can be used."""
    return unreadable(incident, declarations())
