"""Copies of JSON, which everything that goes into the simulated Slack and comes out of it is."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def copied(value: T) -> T:
    """A copy of JSON that shares nothing which could be changed; several times quicker than `copy.deepcopy`."""
    copy: Any = value
    if isinstance(value, dict):
        copy = {name: copied(each) for name, each in value.items()}
    elif isinstance(value, list):
        copy = [copied(each) for each in value]
    result: T = copy
    return result
