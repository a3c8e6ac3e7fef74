"""Test that the difference of two objects suffices to make one from the other, and to undo it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.remedies.changes import changes_between, patch_of

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab/~", max_size=3)
KEYS = st.text("abc/~", min_size=1, max_size=2)
NAMED = st.dictionaries(KEYS, SCALARS, max_size=2).flatmap(
    lambda rest: st.builds(lambda name: {**rest, "name": name}, st.text("xyz", min_size=1, max_size=1))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(inner, max_size=3)
        | st.lists(NAMED, max_size=3, unique_by=lambda one: one["name"])
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def patched(obj: Any, operations: list[dict[str, Any]]) -> Any:
    """RFC 6902, as far as it is used."""
    obj = copy.deepcopy(obj)
    for each in operations:
        tokens = [one.replace("~1", "/").replace("~0", "~") for one in each["path"].split("/")[1:]]
        at = obj
        for token in tokens[:-1]:
            at = at[int(token)] if isinstance(at, list) else at[token]
        last = tokens[-1]
        if each["op"] == "remove":
            del at[int(last) if isinstance(at, list) else last]
        elif isinstance(at, list) and last == "-":
            at.append(each["value"])
        else:
            at[int(last) if isinstance(at, list) else last] = each["value"]
    return obj


def unordered(value: Any) -> Any:
    """Named elements come back at the end of their list: the API server gives their order no meaning."""
    if isinstance(value, dict):
        return {key: unordered(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted((unordered(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


@given(OBJECTS, OBJECTS)
def test_the_changes_lead_from_one_object_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes = changes_between(before, after)

    assert unordered(patched(before, patch_of(before, changes))) == unordered(after)
    assert all(change.holds(after) for change in changes)
    assert not any(change.holds(before) for change in changes)


@given(OBJECTS, OBJECTS)
def test_reversed_they_lead_back(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes = [change.reversed() for change in changes_between(before, after)]

    assert unordered(patched(after, patch_of(after, changes))) == unordered(before)


def test_an_element_is_found_by_its_name_wherever_it_stands() -> None:
    before = {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]}
    after = {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:2"}]}
    (change,) = changes_between(before, after)

    assert change.path == ("containers", "b", "image")
    moved = {"containers": [{"name": "b", "image": "y:2"}, {"name": "a", "image": "x:1"}]}
    assert change.holds(moved)
    assert patch_of(moved, [change.reversed()]) == [{"op": "replace", "path": "/containers/0/image", "value": "y:1"}]


def test_what_is_gone_cannot_be_taken_back() -> None:
    (change,) = changes_between({"containers": [{"name": "a", "image": "1"}]}, {"containers": [{"name": "a"}]})

    with pytest.raises(ValueError, match="no longer has 'a'"):
        patch_of({"containers": []}, [change.reversed()])
