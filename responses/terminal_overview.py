"""Format the overview of a namespace or a cluster as a page for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from intents.domain import Language
from intents.overview import Overview
from responses import overview as words
from responses.layout import DIM, paragraph
from responses.overview import SafeOverview
from responses.shown import shown_value
from responses.wrapped_text import WrappedText


def overview_page(overview: SafeOverview, *, language: Language) -> RenderableType:
    """Return the page of an overview: every finding with the command that tells more."""
    return Group(*_lines(shown_value(overview), language))


def _lines(overview: Overview, language: Language) -> Iterator[RenderableType]:
    yield WrappedText(Text(words.heading(overview, language), style="bold"))
    for number, finding in enumerate(overview.findings, start=1):
        yield ""
        says = f"{number}. {words.verdict(finding, language)}  {words.cause(finding, language)}"
        yield WrappedText(Text(says, style="bold" if number == 1 else ""))
        if impact := words.impact(finding, overview, language):
            yield paragraph(impact, indent=3)
        asked = finding.asked
        name = f"{asked.namespace}/{asked.name}" if asked.namespace else asked.name
        yield paragraph(f"casebook diagnose {asked.kind.lower()} {name}", indent=3, style=DIM)
    yield ""
    if gaps := words.gaps(overview, language):
        yield WrappedText(Text(gaps))
    yield WrappedText(Text(words.read(overview, language), style=DIM))
