"""Read which channel hears about which namespaces of which cluster, as several settings say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,}")
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_EVERYTHING: Final = "*"


def parts_of(text: str) -> list[list[str]]:
    """Return the words of each part of a setting whose parts are separated by semicolons or lines."""
    return [part.split() for part in re.split(r"[;\n]", text) if part.strip()]


def parse_place(words: Sequence[str], *, expected: str) -> tuple[str, tuple[str, ...], str]:
    """Return channel, namespaces (none for the whole cluster) and cluster ("" for the default one).

    Raises ValueError with what is expected.
    """
    channel, about = words[0] if words else "", words[1:]
    namespaces = tuple(filter(None, (about[0] if about else _EVERYTHING).split(",")))
    namespaces = () if namespaces == (_EVERYTHING,) else namespaces
    if not _CHANNEL.fullmatch(channel) or len(about) > 2 or not all(map(_NAMESPACE.fullmatch, namespaces)):
        raise ValueError(expected)
    return channel, namespaces, "".join(about[1:])
