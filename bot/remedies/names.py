"""The names of all actions, read from the names of their modules: no module is imported for them."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache

import bot.remedies.actions
from intents.catalog import actions
from intents.catalog.schema import Incident


@cache
def action_names() -> tuple[str, ...]:
    """Return the name of every action in the catalog, sorted: `restart-pod` for the module `restart_pod`."""
    found = pkgutil.iter_modules(bot.remedies.actions.__path__)
    return tuple(sorted(module.name.replace("_", "-") for module in found))


def unknown_actions(incident: Incident) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the actions of an entry that do not exist as (path within it, why): it cannot be used."""
    return actions.unknown_actions(incident, action_names())
