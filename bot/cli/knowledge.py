"""The settings and the catalog of a command, with what is wrong in the user's own files said on stderr."""

from __future__ import annotations

import os
from collections.abc import Iterable

from bot.catalogs import load_catalog
from bot.cli.console import note
from bot.cli.errors import CommandError
from bot.settings import Settings, SettingsError, load_settings
from intents.catalog.loader import Catalog, Loaded, Problem
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
    """Return the bundled catalog and the user's directories over it."""
    return loaded_catalog(configured).catalog


def loaded_catalog(configured: Settings) -> Loaded:
    """Return the same as it was loaded: what a matcher is made from."""
    loaded = load_catalog(configured.catalog)
    report(loaded.problems)
    return loaded


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
