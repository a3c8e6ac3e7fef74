"""Move a case's objects to other namespaces, so that they fit next to a case with the same objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def namespaces_of(world: Mapping[str, Any]) -> frozenset[str]:
    """Return the namespaces of a world's objects."""
    return frozenset(str(obj["metadata"]["namespace"]) for obj in world["objects"] if obj["metadata"].get("namespace"))


def relocated(world: Mapping[str, Any], text: str, *, suffix: str) -> tuple[dict[str, Any], str]:
    """Return the world and its paste with `suffix` added to each namespace wherever the name is a separate word."""
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
