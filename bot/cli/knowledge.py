"""The settings and the catalog of a command, with what is wrong in the user's own files said on stderr."""

from __future__ import annotations

import os
from collections.abc import Iterable

from bot.cli.console import note
from bot.cli.errors import CommandError
from bot.remedies.names import action_names
from bot.settings import Settings, SettingsError, load_settings
from intents.builtin import builtin_catalog
from intents.catalog.loader import Catalog, Problem, builtin_directory, load
from intents.domain import Language
from responses.safety import safe_line

_SHOWN = 3


def settings() -> Settings:
    """Raises CommandError for a malformed setting."""
    try:
        return load_settings()
    except SettingsError as error:
        raise CommandError(str(error)) from error


def catalog(configured: Settings) -> Catalog:
    """The built-in catalog and the user's directories over it."""
    directories = (builtin_directory(), *configured.catalog)
    loaded = load(directories, actions=action_names()) if configured.catalog else builtin_catalog()
    report(loaded.problems)
    return loaded.catalog


def report(problems: Iterable[Problem]) -> None:
    """A broken entry takes nothing else down, but is not passed over in silence either."""
    listed = list(problems)
    for problem in listed[:_SHOWN]:
        note(safe_line(str(problem)))
    if len(listed) > _SHOWN:
        note(f"{len(listed) - _SHOWN} more problems in the catalog: casebook lint")


def told_language(option: str | None, configured: Settings) -> Language | None:
    return Language(option) if option else configured.lang


def locale() -> str:
    """The locale of messages, as POSIX orders its variables."""
    return next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name, ""))), "")
