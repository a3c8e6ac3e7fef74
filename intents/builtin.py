"""The catalog that is installed with Casebook, and its matcher: read and built once in the life of a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from intents.catalog.loader import Catalog, Loaded, builtin_directory, load

if TYPE_CHECKING:
    from intents.matcher import Matcher


@cache
def builtin_catalog() -> Loaded:
    return load((builtin_directory(),))


def matcher_for(catalog: Catalog) -> Matcher:
    """The matcher of a catalog; that of the built-in one is built once."""
    return _builtin_matcher() if catalog is builtin_catalog().catalog else _matcher(catalog)


@cache
def _builtin_matcher() -> Matcher:
    return _matcher(builtin_catalog().catalog)


def _matcher(catalog: Catalog) -> Matcher:
    from intents.matcher import Matcher  # noqa: PLC0415 - whoever only reads the catalog is spared a third of its start

    return Matcher(catalog)
