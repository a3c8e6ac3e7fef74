"""Read tables as `kubectl get -o wide --show-labels` prints them: without the columns of what somebody wants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

from intents.pasted_objects.outline import NumberedLine
from intents.pasted_objects.section import Section

# These columns are the last ones.
_HEADER: Final = re.compile(r" *(?:[A-Z][A-Z-]+ +){2}[A-Z ()-]*?   (?=(?:CONTAINERS|IMAGES|LABELS)\b)")
_GAP: Final = "   "


def table_at(lines: Sequence[NumberedLine], start: int) -> Section | None:
    """Return the table whose header is at a line; None if none is, or it has none of these columns."""
    header = _HEADER.match(lines[start][1])
    if header is None:
        return None
    end = header.end()
    told = [header[0]]
    for _, line in islice(lines, start + 1, None):
        if line[end - len(_GAP) : end] != _GAP:
            break
        told.append(line[:end])
    return Section(told=told)
