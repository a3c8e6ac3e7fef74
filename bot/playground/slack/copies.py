"""Copies of JSON, which everything that goes into the simulated Slack and comes out of it is."""

from __future__ import annotations

from typing import Any, Final, TypeVar

T = TypeVar("T")
_NESTED: Final = (dict, list)


def copied(value: T) -> T:
    """A copy of JSON that shares nothing which could be changed; several times quicker than `copy.deepcopy`."""
    copy: Any = value
    # Most of it are strings, for which a call each would take longest.
    if isinstance(value, dict):
        copy = {name: copied(each) if isinstance(each, _NESTED) else each for name, each in value.items()}
    elif isinstance(value, list):
        copy = [copied(each) if isinstance(each, _NESTED) else each for each in value]
    result: T = copy
    return result
