"""One module for each action, named as it is: its declaration, words, permissions and behaviour.

`bot.remedies.action` finds the modules. `tests/remedies/actions` has a test file for each action, or each family. The
names of all actions are those of the modules: no module is imported for them.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache

from intents.catalog import actions
from intents.catalog.schema import Incident


@cache
def action_names() -> tuple[str, ...]:
    """Return the name of every action in the catalog, sorted: `restart-pod` for the module `restart_pod`."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def unknown_actions(incident: Incident) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the actions of an entry that do not exist as (path within it, why): it cannot be used."""
    return actions.unknown_actions(incident, action_names())
