"""Load the catalog and its matcher for every command; unchanged files are taken from the cache of an earlier start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.common import start_cache
from intents.catalog.loader import Catalog, Check, Loaded, builtin_directory, load
from intents.catalog.schema import Incident

if TYPE_CHECKING:
    from intents.matcher import Matcher

# Size of the matcher cache: a reloaded catalog is usually unchanged.
_MOST: Final = 4
_MATCHERS: Final[dict[str, Matcher]] = {}


def load_catalog(
    directories: Sequence[Path] = (), *, last_good: Catalog | None = None, check: Check = lambda _incident: ()
) -> Loaded:
    """Return the bundled catalog with the user's directories over it; files that are unchanged are not parsed again.

    `check` yields what keeps an entry of a user from being used.
    """
    if not directories and last_good is None:
        return _bundled()
    return _load((builtin_directory(), *directories), last_good=last_good, check=check)


@cache
def _bundled() -> Loaded:
    return _load((builtin_directory(),))


def _load(
    directories: Sequence[Path], *, last_good: Catalog | None = None, check: Check = lambda _incident: ()
) -> Loaded:
    known: dict[str, Incident] = {}
    for directory in directories:
        known |= start_cache.read(_name_of(directory)) or {}
    loaded = load(directories, last_good=last_good, known=known, check=check)
    for directory in directories:
        _keep(directory, loaded.catalog, known)
    return loaded


def _keep(directory: Path, catalog: Catalog, known: Mapping[str, Incident]) -> None:
    parsed = {
        source.digest: catalog.incidents[name]
        for name, source in catalog.sources.items()
        if source.path.is_relative_to(directory)
    }
    if parsed.keys() - known.keys():
        start_cache.keep(_name_of(directory), parsed)


def _name_of(directory: Path) -> str:
    return f"incidents-{_digest([str(directory.absolute())])}"


def matcher_of(loaded: Loaded) -> Matcher:
    """Return the matcher of a loaded catalog."""
    catalog = loaded.catalog
    fingerprint = _digest(source.digest for _, source in sorted(catalog.sources.items()))
    if fingerprint not in _MATCHERS:
        if len(_MATCHERS) >= _MOST:
            _MATCHERS.clear()
        _MATCHERS[fingerprint] = _matcher(catalog, f"matcher-{fingerprint}")
    return _MATCHERS[fingerprint]


def _matcher(catalog: Catalog, name: str) -> Matcher:
    from intents.matcher import Matcher  # noqa: PLC0415 - commands that only read the catalog skip this import

    learned = start_cache.read(name)
    matcher = Matcher(catalog, learned=learned)
    if learned is None:
        start_cache.keep(name, matcher.learned)
    return matcher


def _digest(parts: Iterable[str]) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
