"""All actions by name, found in their package: a new action is a new module, and nothing else is edited.

A module of `bot.remedies.actions` holds an ACTION, or a DECLARATION alone: entries may then name the action, but no
code carries it out yet, so no button is shown.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import bot.remedies.actions
from bot.remedies.action import Action
from bot.remedies.names import action_names, name_of_module
from intents.catalog.actions import ActionDeclaration
from intents.domain import Text
from responses.words import LONGEST_VERB, ActionWords

_PACKAGE: Final = bot.remedies.actions.__name__


@cache
def actions() -> Mapping[str, Action]:
    """Return every action that can be carried out, by name. Raises TypeError for a module that holds none."""
    found = {name: _held(name) for name in action_names()}
    return MappingProxyType({name: each for name, each in found.items() if isinstance(each, Action)})


@cache
def declarations() -> Mapping[str, ActionDeclaration]:
    """Return what the catalog may rely on, by name; also of actions that no code carries out yet."""
    found = {name: _held(name) for name in action_names()}
    return MappingProxyType(
        {name: each.declaration if isinstance(each, Action) else each for name, each in found.items()}
    )


def words_of(name: str) -> ActionWords:
    """Return the words of an action; for one that no longer exists, its name."""
    action = actions().get(name)
    return action.words if action else ActionWords(verb=Text.same(name[:LONGEST_VERB]), does=Text.same(name))


def _held(name: str) -> Action | ActionDeclaration:
    module = importlib.import_module(f"{_PACKAGE}.{name.replace('-', '_')}")
    held = getattr(module, "ACTION", None) or getattr(module, "DECLARATION", None)
    if not isinstance(held, Action | ActionDeclaration) or held.name != name_of_module(
        module.__name__.rpartition(".")[2]
    ):
        raise TypeError(f"{module.__name__} must hold ACTION or DECLARATION, named {name!r} as the module is")
    return held
