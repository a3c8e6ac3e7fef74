"""Fit an answer into one message: leave out the parts of the highest rank first, and report that some are missing.

Slack refuses messages above a size that it does not publish, and a refused answer reaches nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from responses.slack import limits
from responses.slack.blocks import Element
from responses.slack.lengths import visible_length
from responses.slack.message import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Blocks that are kept or left out together. Parts of rank 0 are always kept: they are short by construction."""

    rank: int
    blocks: tuple[Block, ...]


def fit_parts(
    parts: Sequence[Part], *, most_visible: int = limits.BUDGET_VISIBLE, most_blocks: int = limits.BUDGET_BLOCKS
) -> tuple[tuple[Block, ...], bool]:
    """Return the blocks of the parts that fit, in their order, and whether a part was left out."""
    kept: set[int] = set()
    room, left = most_visible, most_blocks
    for index, part in sorted(enumerate(parts), key=lambda pair: (pair[1].rank, pair[0])):
        size = visible_length(part.blocks)
        if part.rank and (size > room or len(part.blocks) > left):
            continue
        kept.add(index)
        room -= size
        left -= len(part.blocks)
    blocks = tuple(block for index, part in enumerate(parts) if index in kept for block in part.blocks)
    return blocks, len(kept) < len(parts)


def fit_groups(groups: Iterable[Sequence[Element]], most: int) -> tuple[list[Element], int]:
    """Return the elements of the first groups that fit into `most` characters, and how many groups are left out.

    A group is a sentence with its quote: neither is shown without the other. The first one is always kept.
    """
    kept: list[Element] = []
    used = left = 0
    for group in groups:
        size = visible_length(list(group))
        if left or (kept and used + size > most):
            left += 1
            continue
        kept += group
        used += size
    return kept, left
