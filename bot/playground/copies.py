"""Copy JSON."""

from __future__ import annotations

from typing import Any, Final, TypeVar

T = TypeVar("T")
_NESTED: Final = (dict, list)


def copied(value: T) -> T:
    """Return a deep copy of JSON; several times faster than `copy.deepcopy`."""
    copy: Any = value
    # Most values are strings; a call for each would take most of the time.
    if isinstance(value, dict):
        copy = {name: copied(each) if isinstance(each, _NESTED) else each for name, each in value.items()}
    elif isinstance(value, list):
        copy = [copied(each) if isinstance(each, _NESTED) else each for each in value]
    result: T = copy
    return result
