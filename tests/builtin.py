"""Load the bundled catalog and its matcher once per process."""

from __future__ import annotations

from functools import cache

from intents.catalog.loader import Catalog, Loaded, builtin_directory, load
from intents.matcher import Matcher


@cache
def builtin_catalog() -> Loaded:
    """Return the catalog that is installed with Casebook."""
    return load((builtin_directory(),))


def matcher_for(catalog: Catalog) -> Matcher:
    """Return the matcher of a catalog; that of the bundled one is built once."""
    return _builtin_matcher() if catalog is builtin_catalog().catalog else Matcher(catalog)


@cache
def _builtin_matcher() -> Matcher:
    return Matcher(builtin_catalog().catalog)
