"""Build the message of a sheet: its rows, and the questions to go on with as buttons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NewType

from intents.domain import Language, Text
from intents.sheets import Sheet, SheetRow
from intents.templates import duration
from responses import glance
from responses.safety import safe_value
from responses.shown import shown_line, shown_value
from responses.slack import blocks
from responses.slack.blocks import Part, fit_parts
from responses.slack.choices import ask_buttons, diagnose_row
from responses.slack.message import Block, Message, fallback

_QUOTE: Final = 300
_LONGEST: Final = 3_000

SafeSheet = NewType("SafeSheet", Sheet)
AGO: Final = Text(en="{} ago", zh="{}前")
_LEFT: Final = Text(en="{} more", zh="另有 {} 条")


def scrubbed_sheet(sheet: Sheet) -> SafeSheet:
    """Return the sheet as it may be shown: every string in it has passed `safe`."""
    return SafeSheet(safe_value(sheet))


def row_head(row: SheetRow, language: Language) -> str:
    """Return what stands before a row's quote: how long ago it was, and our sentence."""
    ago = "" if row.ago_s is None else AGO.in_(language).format(duration(row.ago_s))
    return " · ".join(filter(None, (ago, shown_line(row.says.in_(language)))))


def notes_below(sheet: Sheet, language: Language) -> Iterator[str]:
    """Yield what stands below the rows: how many are left out, and what could not be read."""
    if sheet.left:
        yield _LEFT.in_(language).format(sheet.left)
    if told := glance.listed_gaps([gap for gap in sheet.gaps if not gap.quiet], language):
        yield told


def sheet_message(sheet: SafeSheet, *, language: Language) -> Message:
    """Return the message of a sheet; rows that do not fit are left out, the last first."""
    shown: Sheet = shown_value(sheet)
    heading = shown_line(shown.heading.in_(language))
    parts = [Part(rank=0, blocks=(blocks.rich(blocks.sentence(heading, bold=True)),))]
    for index, row in enumerate(shown.rows):
        parts.append(Part(rank=index + 1, blocks=_row(row, index, shown.cluster, language)))
    fitted, _ = fit_parts(parts)
    last = [blocks.context(says) for says in notes_below(shown, language)]
    if shown.links:
        last.append(blocks.rich(blocks.line(*blocks.joined(blocks.link(one.url, one.title) for one in shown.links))))
    if shown.reproduce:
        last.append(blocks.rich(blocks.line(blocks.code(shown.reproduce))))
    if buttons := ask_buttons(shown.next, cluster=shown.cluster, language=language):
        last.append(blocks.actions(*buttons))
    first = row_head(shown.rows[0], language) if shown.rows else ""
    return Message(text=fallback(heading, first), blocks=(*fitted, *last))


def _row(row: SheetRow, index: int, cluster: str, language: Language) -> tuple[Block, ...]:
    head = row_head(row, language)
    quoted = blocks.cut(row.quote, _QUOTE) if row.quote else blocks.cut("\n".join(row.lines), _LONGEST)
    if row.about is not None:
        first = diagnose_row(head, row.about, index, cluster=cluster, language=language)
        return (first, blocks.rich(blocks.preformatted(quoted))) if quoted else (first,)
    elements = [*([blocks.sentence(head)] if head else []), *([blocks.preformatted(quoted)] if quoted else [])]
    elements += [blocks.preformatted(row.run)] if row.run else []
    return (blocks.rich(*elements),) if elements else ()
