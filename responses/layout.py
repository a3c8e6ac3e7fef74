"""Build the parts of a terminal page: headings, hanging paragraphs, commands to copy, tables.

Untrusted text only enters as `rich.text.Text`, which interprets no markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from intents.cluster_text import quoted
from intents.domain import Table
from responses.shown import shortened, shown_line
from responses.terminal_table import TerminalTable
from responses.wrapped_text import WrappedText

# JSON has the quote in full.
LONGEST_QUOTE: Final = 400
DIM: Final = "dim"


def heading(text: str) -> Text:
    """Return a heading."""
    return Text(text, style="bold")


def paragraph(text: str, *, indent: int = 2, style: str = "") -> RenderableType:
    """Return an indented paragraph."""
    return Padding(WrappedText(Text(text, style=style)), (0, 0, 0, indent), expand=False)


def marked(mark: str, text: str | Text, *, indent: int = 2, style: str = "", mark_style: str = "") -> RenderableType:
    """Return `mark text` with the further lines of the text hanging below its first."""
    return listed(
        [(mark, text if isinstance(text, Text) else Text(text, style=style))], indent=indent, style=mark_style
    )


def listed(pairs: Sequence[tuple[str, Text]], *, indent: int = 2, style: str = DIM) -> RenderableType:
    """Return pairs in two columns: marks or names, and the text of each hanging beside it."""
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for mark, text in pairs:
        grid.add_row(Text(mark, style=style), WrappedText(text))
    return Padding(grid, (0, 0, 0, indent), expand=False)


def command(text: str, *, indent: int = 4) -> list[Text]:
    """Return lines to copy. They are never wrapped: a broken command is another command."""
    return [
        Text(" " * indent + line, style="cyan", no_wrap=True, overflow="ignore") for line in text.rstrip().splitlines()
    ]


def link(title: str, url: str, *, indent: int = 2) -> Text:
    """Return an address on one line at any width, so that it can be clicked and copied."""
    return Text.assemble(
        " " * indent, f"{title}: " if title else "", (url, "underline"), no_wrap=True, overflow="ignore"
    )


def quote(text: str) -> str:
    """Return a quote on one line, in quotation marks; of a long one the beginning."""
    return quoted(shortened(shown_line(text), most=LONGEST_QUOTE))


def table(shown: Table, *, said: str = "", indent: int = 4) -> RenderableType:
    """Return rows below the sentence they prove; a single row does not repeat what the sentence `said`."""
    return Padding(TerminalTable(shown, said=said), (0, 0, 0, indent), expand=False)


def joined(parts: Sequence[str], by: str = " · ") -> str:
    """Join the parts that are not empty."""
    return by.join(part for part in parts if part)
