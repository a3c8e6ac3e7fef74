"""Word sheets, on every surface: their rows, what is left out and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NewType

from intents.domain import Language, Text
from intents.sheets import Sheet, SheetRow
from intents.templates import duration
from responses import glance
from responses.safety import safe_value
from responses.shown import shown_line

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
