"""Write spans as leaves of rich text with a small link to the source message, and fit the sections of a summary.

The oldest entries of the least important sections go first, the newest never.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, TypeVar

from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary
from intents.domain import Language
from responses.chronicle import incident_words
from responses.chronicle.brief import BriefLine
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.markdown import Person, PostedLink, SourceLink, Span, Spans, Timestamp
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.message import Block, visible_length

# Returns the address of a fact's source message, "" if it has none.
Permalink = Callable[[Fact], str]
# Display names by user id.
Names = Mapping[str, str]
NO_NAMES: Final[Names] = MappingProxyType({})

# The digit distinguishes an id from a name in capitals.
_USER_ID: Final = re.compile(r"(?=[A-Z]*[0-9])[UW][A-Z0-9]{1,30}")
_NAME: Final = 80
# Keeps the arrow on the line of its last word: alone on the next line it links to nothing visible.
_UNBROKEN: Final = "\u00a0"
# Older times are shown with their date.
_TODAY: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafWriter:
    """Writes the lines of one message.

    `now` is when it is made. With `mention`, Slack shows the names of people who are not in `names`; this notifies them
    if the message is new and public. Without it, their ids are shown.
    """

    permalink: Permalink
    names: Names
    now: datetime
    mention: bool

    def line(self, spans: Spans) -> list[Leaf]:
        """Return the leaves of one line."""
        return [leaf for span in spans for leaf in self._leaves(span)]

    def with_link(self, spans: Spans, fact: Fact | None) -> list[Leaf]:
        """Return the line with a link to its source."""
        return [*self.line(spans), *self.source_link(fact)]

    def source_link(self, fact: Fact | None) -> list[Leaf]:
        """Return a link to a fact's source message; an empty list if it has no source."""
        address = self.permalink(fact) if fact else ""
        return [blocks.text(_UNBROKEN), blocks.link(address, incident_words.SOURCE_LINK)] if address else []

    def person(self, user: str) -> Leaf:
        """Return the name of a user, a mention, or the id."""
        if name := shown_line(self.names.get(user, ""), limit=_NAME):
            return blocks.text(name)
        if self.mention and _USER_ID.fullmatch(user):
            return blocks.user(user)
        return blocks.text(shown_line(user, limit=_NAME))

    def timestamp(self, at: datetime) -> Leaf:
        """Return the time in the reader's time zone; as text, in UTC."""
        is_today = abs(self.now - at) < _TODAY
        return blocks.time(at, "{time}" if is_today else "{date_short} {time}", dated=not is_today)

    def _leaves(self, span: Span) -> list[Leaf]:
        match span:
            case Person(user=user):
                return [self.person(user)]
            case Timestamp(at=at):
                return [self.timestamp(at)]
            case PostedLink(url=url, title=title):
                return [blocks.link(url, title)]
            case SourceLink(fact=fact):
                return self.source_link(fact)
            case _:
                if span.code:
                    return [blocks.code(span.text)]
                return [blocks.text(span.text, bold=span.bold, italic=span.italic)]


def headline(summary: Summary, formatter: FactFormatter) -> str:
    """Return the status and the channel of an incident."""
    sign, says = incident_words.STANDINGS[summary.status]
    return f"{sign} {formatter.text(says)} · #{line(summary.name, 80)}"


def brief_block(brief: Iterable[BriefLine], formatter: FactFormatter, leaves: LeafWriter) -> Block:
    """Return the lines that say how the incident stands."""
    return blocks.rich(
        *(blocks.line(blocks.bold(formatter.label(each.label)), *leaves.line(each.spans)) for each in brief)
    )


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
        elements.append(blocks.sentence(says, italic=True))
    return blocks.rich(*elements)


def _list_of(items: list[list[Leaf]]) -> list[Element]:
    return [blocks.bullets(items)] if items else []
