"""Load a command's settings and catalog; report problems in the user's own files on stderr."""

from __future__ import annotations

import os
from collections.abc import Iterable

from bot.cli.console import note
from bot.cli.errors import CommandError
from bot.common.catalogs import load_catalog
from bot.remedies.names import unknown_actions
from bot.settings import Settings, SettingsError, load_settings
from intents.catalog.loader import Catalog, Loaded, Problem
from intents.domain import Language
from responses.safety import safe_line

_SHOWN = 3


def settings() -> Settings:
    """Return the settings. Raise CommandError for a malformed one."""
    try:
        return load_settings()
    except SettingsError as error:
        raise CommandError(str(error)) from error


def catalog(configured: Settings) -> Catalog:
    """Return the bundled catalog merged with the user's directories."""
    return loaded_catalog(configured).catalog


def loaded_catalog(configured: Settings) -> Loaded:
    """Return the same catalog as it was loaded: a matcher is made from that."""
    loaded = load_catalog(configured.catalog, check=unknown_actions)
    report(loaded.problems)
    return loaded


def report(problems: Iterable[Problem]) -> None:
    """Report problems of entries on stderr; a broken entry does not affect others."""
    listed = list(problems)
    for problem in listed[:_SHOWN]:
        note(safe_line(str(problem)))
    if len(listed) > _SHOWN:
        note(f"{len(listed) - _SHOWN} more problems in the catalog: casebook lint")


def chosen_language(option: str | None, configured: Settings) -> Language | None:
    """Return the language of the option, else of the setting."""
    return Language(option) if option else configured.lang


def locale() -> str:
    """Return the locale of messages by POSIX precedence."""
    return next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name, ""))), "")
