"""A case's world in other namespaces, so that it can lie beside one with the same objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def namespaces_of(world: Mapping[str, Any]) -> frozenset[str]:
    """Where the objects of a world are."""
    return frozenset(str(obj["metadata"]["namespace"]) for obj in world["objects"] if obj["metadata"].get("namespace"))


def relocated(world: Mapping[str, Any], text: str, *, suffix: str) -> tuple[dict[str, Any], str]:
    """The world and what is pasted of it, each of its namespaces renamed by `suffix` wherever its name stands alone."""
    names = sorted(map(re.escape, namespaces_of(world)), key=len, reverse=True)
    if not names:
        return dict(world), text
    alone = re.compile(rf"(?<![\w.-])(?:{'|'.join(names)})(?![\w.-])")

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            return alone.sub(lambda found: found.group() + suffix, value)
        if isinstance(value, Mapping):
            return {key: renamed(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [renamed(inner) for inner in value]
        return value

    return renamed(world), renamed(text)
