"""Describe the sections of a document about an incident, and write them: with tables, or as lists for Slack's canvases.

Canvases refuse tables, quotes and code within lists, lists within lists, and headings below the third level. So a row
becomes an item there, and a block of commands a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from intents.domain import Text
from responses import words
from responses.chronicle import incident_words
from responses.chronicle.markdown import Markdown, Spans, code, escaped, fenced, table
from responses.shown import fitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Items of a list below a `title` of their own, oldest first; `todo` makes a checklist of them."""

    items: tuple[Spans, ...]
    title: Text | None = None
    todo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a table below a `title` of their own, oldest first. `roomy`: they get all the room that is left."""

    heads: tuple[Text | None, ...]
    items: tuple[tuple[Spans, ...], ...]
    title: Text | None = None
    roomy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Commands to copy."""

    items: tuple[str, ...]
    title: Text | None = None


Part = Lines | Rows | Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section; parts without content are left out."""

    title: Text
    parts: tuple[Part, ...]

    @property
    def held(self) -> tuple[Part, ...]:
        """Return the parts with content."""
        return tuple(part for part in self.parts if part.items)


_BETWEEN_CELLS: Final = " · "
# Without the head of its column nobody knows what such a cell says.
_EXPLAINED: Final = frozenset({incident_words.COLUMN_STEP, incident_words.COLUMN_TOOK})


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionWriter:
    """Writes sections as lines of Markdown.

    Of what exceeds its room in bytes (`room`, or `most` for roomy rows) the newest is kept, and `left_out` counts the
    rest.
    """

    markdown: Markdown
    text: Callable[[Text], str]
    tables: bool
    room: int
    most: int
    left_out: Text

    def lines(self, section: Section) -> Iterator[str]:
        """Yield a section; one without content says so."""
        yield from ("", f"## {self.text(section.title)}", "")
        if not section.held:
            yield self.text(incident_words.NONE)
        for number, part in enumerate(section.held):
            yield from [""] if number else []
            yield from (f"### {self.text(part.title)}", "") if part.title else ()
            yield from self._part(part)

    def _part(self, part: Part) -> Iterator[str]:
        match part:
            case Lines():
                sign = "- [ ]" if part.todo else "-"
                yield from self._listed([f"{sign} {self.markdown.line(item)}" for item in part.items], self.room)
            case Commands() if self.tables:
                yield from fenced(part.items)
            case Commands():
                yield from (f"- {code(line)}" for line in part.items)
            case Rows():
                yield from self._rows(part)

    def _rows(self, part: Rows) -> Iterator[str]:
        cells = [[self.markdown.line(cell) for cell in row] for row in part.items]
        room = self.most if part.roomy else self.room
        if self.tables:
            written = table(["" if head is None else self.text(head) for head in part.heads], cells)
            rows, left = self._kept(written[2:], room)
            yield from (*written[:2], *rows)
            yield from (line for note in left for line in ("", note))
        else:
            yield from self._listed([f"- {self._item(part, row)}" for row in cells], room)

    def _listed(self, items: list[str], room: int) -> Iterator[str]:
        kept, left = self._kept(items, room)
        yield from (*kept, *(f"- {note}" for note in left))

    def _item(self, part: Rows, row: list[str]) -> str:
        """Return the cells of a row as one item."""
        shown = ((head, cell) for head, cell in zip(part.heads, row, strict=True) if cell)
        return _BETWEEN_CELLS.join(
            f"{self.text(head)}{self.text(words.COLON)}{cell}" if head is not None and head in _EXPLAINED else cell
            for head, cell in shown
        )

    def _kept(self, written: list[str], room: int) -> tuple[list[str], list[str]]:
        """Return the newest lines that fit, and a line that counts the others."""
        kept = fitting(reversed(written), room, size=lambda line: len(line.encode()) + 1)
        left = len(written) - len(kept)
        return kept[::-1], [escaped(self.text(self.left_out).format(left))] if left else []
