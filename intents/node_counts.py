"""Count the nodes that a reason of the scheduler is about: `0/4 nodes are available: 1 …, 3 …`."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_MESSAGE: Final = re.compile(r"\b\d+/\d+ nodes are available: (.*?)(?=\.? preemption: |$)")
_REASON: Final = re.compile(r"(?:^|, )(\d+) .+?(?=, \d+ |$)")


def nodes_with(message: str, places: Collection[int]) -> int:
    """Return of how many nodes a reason of the scheduler's message tells that is at one of the places; 0 if none is."""
    found = _MESSAGE.search(message)
    if found is None:
        return 0
    inside = [place - found.start(1) for place in places]
    reasons = _REASON.finditer(found[1])
    counts = (int(each[1]) for each in reasons if any(each.start() <= place < each.end() for place in inside))
    return max(counts, default=0)
