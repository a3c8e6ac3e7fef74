"""Fit the sections of a summary: the oldest entries of the least important sections go first, the newest never."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from intents.domain import Language
from responses.chronicle import incident_words
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.lengths import visible_length
from responses.slack.message import Block

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line with the elements below it, from a fact of `at`."""

    at: datetime
    leaves: list[Leaf]
    below: tuple[Element, ...] = ()

    @property
    def size(self) -> int:
        """Return how many characters a reader sees."""
        return visible_length(self.leaves) + visible_length(list(self.below))


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Lines under a title. Sections of rank 0 are always kept whole; those of the highest rank lose entries first.

    `left_out` counts what is not among the entries.
    """

    title: list[Leaf]
    entries: tuple[Entry, ...]
    rank: int = 0
    left_out: int = 0


def first_and_newest(items: Sequence[T], most: int, *, at: Callable[[T], datetime]) -> tuple[T, ...]:
    """Return the first `most` items; the newest of all replaces the last one if it is not among them."""
    kept = list(items[:most])
    newest = max(range(len(items)), key=lambda index: (at(items[index]), index), default=0)
    if newest >= most:
        kept[-1] = items[newest]
    return tuple(kept)


def fit_sections(sections: Iterable[Section], most: int) -> tuple[Section, ...]:
    """Return the sections, without their oldest and least important entries, within `most` characters.

    The newest entry of a section goes only when nothing else is left; the newest of all never does.
    """
    kept = [section for section in sections if section.entries]
    used = sum(visible_length(section.title) + sum(entry.size for entry in section.entries) for section in kept)
    newest = max((entry.at for section in kept for entry in section.entries), default=None)
    while used > most:
        going = min(
            (
                (entry is max(section.entries, key=lambda each: each.at), -section.rank, entry.at, place, index)
                for place, section in enumerate(kept)
                for index, entry in enumerate(section.entries)
                if section.rank and entry.at != newest
            ),
            default=None,
        )
        if going is None:
            break
        *_, place, index = going
        section = kept[place]
        used -= section.entries[index].size
        entries = (*section.entries[:index], *section.entries[index + 1 :])
        kept[place] = replace(section, entries=entries, left_out=section.left_out + 1)
    return tuple(section for section in kept if section.entries)


def section_block(section: Section, language: Language) -> Block:
    """Return the section as one block: its title, and a bullet or a line for each entry."""
    elements: list[Element] = [blocks.line(*section.title)]
    bulleted: list[list[Leaf]] = []
    for entry in section.entries:
        if entry.below:
            elements += [*_list_of(bulleted), blocks.line(*entry.leaves), *entry.below]
            bulleted = []
        else:
            bulleted.append(entry.leaves)
    elements += _list_of(bulleted)
    if section.left_out:
        says = incident_words.OLDER.in_(language).format(section.left_out)
        elements.append(blocks.line(blocks.text(says, italic=True)))
    return blocks.rich(*elements)


def _list_of(items: list[list[Leaf]]) -> list[Element]:
    return [blocks.bullets(items)] if items else []
