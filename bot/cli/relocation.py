"""Move a case's objects to other namespaces, so that they fit next to a case with the same objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any


def namespaces_of(world: Mapping[str, Any]) -> frozenset[str]:
    """Return the namespaces of a world's objects, which must be written out in full."""
    return frozenset(str(obj["metadata"]["namespace"]) for obj in world["objects"] if obj["metadata"].get("namespace"))


def relocated(
    world: Mapping[str, Any], text: str, *, namespaces: Collection[str], suffix: str
) -> tuple[dict[str, Any], str]:
    """Return the world and its paste with `suffix` added to these namespaces wherever the name is a separate word.

    Of keys, only those that name an object as Kind/namespace/name are renamed.
    """
    names = sorted(map(re.escape, namespaces), key=len, reverse=True)
    if not names:
        return dict(world), text
    alone = re.compile(rf"(?<![\w.-])(?:{'|'.join(names)})(?![\w.-])")
    between = re.compile(rf"(?<=/)(?:{'|'.join(names)})(?=/)")

    def longer(found: re.Match[str]) -> str:
        return found.group() + suffix

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            return alone.sub(longer, value)
        if isinstance(value, Mapping):
            return {between.sub(longer, key): renamed(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [renamed(inner) for inner in value]
        return value

    return renamed(world), renamed(text)
