"""What is said when a written world is wrong: the key or object, the value found, and what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


class WorldError(ValueError):
    """A world that cannot be loaded; the message names the place and the expectation."""


def check_keys(item: Mapping[str, Any], *, where: str, known: Iterable[str]) -> None:
    """WorldError for a key that is not among `known`, with the closest one."""
    known = tuple(known)
    for key in item:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise WorldError(f"{where}: unknown key {key!r}: expected one of {', '.join(known)}{hint}")


def list_of_mappings(value: Any, *, where: str) -> list[dict[str, Any]]:
    """`value` as a list of mappings, empty if it is None. WorldError if it is anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise WorldError(f"{where}: expected a list, got {type(value).__name__}")
    for at, item in enumerate(value):
        if not isinstance(item, dict):
            raise WorldError(f"{where}[{at}]: expected a mapping, got {item!r}")
    return value
