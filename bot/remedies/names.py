"""The names of all actions, read from the names of their modules: no module is imported for them."""

from __future__ import annotations

import pkgutil
from functools import cache

import bot.remedies.actions


@cache
def action_names() -> tuple[str, ...]:
    """Return the name of every action in the catalog, sorted: `restart-pod` for the module `restart_pod`."""
    return tuple(sorted(name_of_module(module.name) for module in pkgutil.iter_modules(bot.remedies.actions.__path__)))


def name_of_module(module: str) -> str:
    """Return the name of the action that a module of this name holds."""
    return module.replace("_", "-")
