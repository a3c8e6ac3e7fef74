"""Paths of fields as validation errors and manifests write them: spec.containers[0].env[1].name, metadata.labels[a/b].

Validation sometimes names a field differently than the manifest (an affinity term's `.namespace` is `namespaces[]`): so
a value is also looked for near the path that the error names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import re2

Step = str | int
Path = tuple[Step, ...]

_STEP: Final = re2.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_ABSENT: Final = object()
# Of a custom resource so many fields are searched.
_MOST_LEAVES: Final = 5000


def parse(path: str) -> Path:
    """Split a path into its steps: `a.b[0].c[k.ey]` → ("a", "b", 0, "c", "k.ey")."""
    steps: list[Step] = []
    for found in _STEP.finditer(path):
        inside, name = found.group(1), found.group(2)
        steps.append(name if name is not None else int(inside) if inside.isdecimal() else inside)
    return tuple(steps)


def text(path: Sequence[Step]) -> str:
    """Return a path as people write it: a.b[0].c, and a[k.ey] for a key with a dot."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int) or "." in step or "/" in step:
            parts.append(f"[{step}]")
        else:
            parts.append(f".{step}" if parts else step)
    return "".join(parts)


def pointer(path: Sequence[Step]) -> str:
    """Return a path as JSON patches take it (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def has(manifest: Any, path: Sequence[Step]) -> bool:
    """Tell whether a manifest has a field."""
    return get(manifest, path, _ABSENT) is not _ABSENT


def get(manifest: Any, path: Sequence[Step], default: Any = None) -> Any:
    """Return the value at a path, or `default`."""
    value = manifest
    for step in path:
        if isinstance(value, Mapping) and str(step) in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return default
    return value


def parent(manifest: Any, path: Path) -> Path:
    """Return the longest beginning of a path that the manifest has; () at worst."""
    for length in range(len(path), 0, -1):
        if has(manifest, path[:length]):
            return path[:length]
    return ()


def leaves(manifest: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every path to a value that is neither a mapping nor a list, in the manifest's order."""
    if isinstance(manifest, Mapping):
        for key, value in manifest.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(manifest, list):
        for index, value in enumerate(manifest):
            yield from leaves(value, (*path, index))
    else:
        yield path, manifest


def paths_holding(manifest: Any, value: str, *, under: Path = ()) -> tuple[Path, ...]:
    """Return the paths at or below `under` where the manifest has this value, as it would be printed."""
    found: list[Path] = []
    for count, (path, leaf) in enumerate(leaves(get(manifest, under), under)):
        if count >= _MOST_LEAVES:
            break
        if printed(leaf) == value:
            found.append(path)
    return tuple(found)


def most_similar(paths: Sequence[Path], to: Path, *, hint: str = "") -> Path | None:
    """Return the path whose end is most like that of `to`; among equals the one with a step called `hint`.

    None where several are equally alike: a guess could change a field that was not meant.
    """
    if not paths:
        return None
    wanted = [step for step in to if isinstance(step, str)]

    def likeness(path: Path) -> tuple[int, int, bool]:
        names = [step for step in path if isinstance(step, str)]
        # Indexes count less than names: an operator may put items of its own in front.
        return _common_end(names, wanted), _common_end(path, to), hint in names

    ranked = sorted(paths, key=likeness, reverse=True)
    if len(ranked) > 1 and likeness(ranked[0]) == likeness(ranked[1]):
        return None
    return ranked[0]


def _common_end(one: Sequence[Step], other: Sequence[Step]) -> int:
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((length for length, (mine, theirs) in enumerate(pairs) if mine != theirs), min(len(one), len(other)))


def printed(value: Any) -> str:
    """Return a scalar as a validation error prints it, without quotes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
