"""The catalog that is installed with Casebook, and its matcher: read and built once in the life of a process."""

from __future__ import annotations

from functools import cache

from intents.catalog.loader import Catalog, Loaded, builtin_directory, load
from intents.matching import Matcher


@cache
def builtin_catalog() -> Loaded:
    return load((builtin_directory(),))


def matcher_for(catalog: Catalog) -> Matcher:
    """The matcher of a catalog; that of the built-in one is built once."""
    return _builtin_matcher() if catalog is builtin_catalog().catalog else Matcher(catalog)


@cache
def _builtin_matcher() -> Matcher:
    return Matcher(builtin_catalog().catalog)
