"""Define the parts of a line, and write them as Markdown for files and canvases.

Pasted text never becomes markup, HTML or a mention. Only forms that every dialect reads alike are used. A surface that
knows fewer gets fewer: Slack's canvases refuse tables and quotes within lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from intents.chronicle.facts import Fact
from intents.languages import without_shortcodes
from responses.chronicle import incident_words
from responses.shown import shown_line


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSpan:
    """Text without markup that has passed `responses.safety`."""

    text: str
    bold: bool = False
    code: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack user by id."""

    user: str


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time (UTC); the surface chooses time zone and precision."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedLink:
    """A link that somebody posted, with its title."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class SourceLink:
    """A small link to a fact's source message; renders as nothing without a source."""

    fact: Fact


def plain(text: str, *, bold: bool = False, code: bool = False, italic: bool = False) -> TextSpan:
    """Return a piece of text."""
    return TextSpan(text=text, bold=bold, code=code, italic=italic)


Span = TextSpan | Person | Timestamp | PostedLink | SourceLink
Spans = tuple[Span, ...]


_NAME: Final = 80
_SPECIAL: Final = re.compile(r"[\\`*\[\]<>~$]|&(?=#?\w)|(?<!\w)_|_(?!\w)")
# Begins a heading or a list at the start of a line.
_AT_START: Final = re.compile(r"^(?:([#+\-=])|(\d{1,9})(?=[.)]))")
# Characters that stay in an address; brackets, quotes and bars would end it.
_IN_ADDRESS: Final = ":/?#@!$&'*+,;=%~-._"
_ADDRESS: Final = re.compile(r"((?:\b[a-z][a-z0-9+.-]*://|\bwww\.)[^\s`()\[\]<>\"”]+)", re.IGNORECASE)
_WEB: Final = re.compile(r"https?://\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Markdown:
    """Writes the lines of one document. Times are UTC with the date; people are shown by `names`, else by id."""

    permalink: Callable[[Fact], str]
    names: Mapping[str, str]

    def line(self, spans: Spans) -> str:
        """Return one line, which may begin a paragraph, an item or a cell."""
        return starting("".join(map(self._span, spans)).strip())

    def source_link(self, fact: Fact | None) -> str:
        """Return a link to a fact's source message, "" if it has no source."""
        return link(incident_words.SOURCE_LINK, self.permalink(fact)) if fact and self.permalink(fact) else ""

    def person(self, user: str) -> str:
        """Return the name of a user, else the id."""
        name = shown_line(self.names.get(user, ""), limit=_NAME)
        return escaped(name) if name else code(shown_line(user, limit=_NAME))

    def _span(self, span: Span) -> str:
        match span:
            case Person(user=user):
                return self.person(user)
            case Timestamp(at=at):
                return clock(at)
            case PostedLink(url=url, title=title):
                return link(title, url)
            case SourceLink(fact=fact):
                there = self.source_link(fact)
                return f" {there}" if there else ""
            case _:
                if span.code:
                    return code(span.text)
                return kept(span.text, mark="**" if span.bold else "*" if span.italic else "")


def starting(line: str) -> str:
    """Return a line of Markdown that may begin a paragraph: it begins no heading, list or quotation."""
    return _AT_START.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\", line)


def escaped(text: str) -> str:
    """Return words without markup on one line; they may also begin a list item or a table cell.

    Addresses are in a fixed-width font: many readers make a link of any other.
    """
    words = _ADDRESS.split(without_shortcodes(text.replace("\n", " ")))
    return starting("".join(f"`{each}`" if number % 2 else _escaped_words(each) for number, each in enumerate(words)))


def _escaped_words(text: str) -> str:
    # Some platforms turn @name into a mention: pasted text must not notify anybody.
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text).replace("@", "＠")


def code(text: str) -> str:
    """Return words in a fixed-width font; escaped words where they contain backticks."""
    shown = " ".join(text.split())
    return f"`{shown}`" if shown and "`" not in shown else escaped(shown)


def fenced(lines: Iterable[str], *, language: str = "sh") -> list[str]:
    """Return lines to copy as a code block; the fence is longer than any within."""
    held = list(lines)
    ticks = max((len(run) for one in held for run in re.findall("`+", one)), default=0)
    fence = "`" * max(3, ticks + 1)
    return [f"{fence}{language}", *held, fence]


def link(title: str, url: str) -> str:
    """Return a link, or its words alone if the address is not http or https."""
    if not _WEB.fullmatch(url):
        return escaped(": ".join(part for part in (title, url) if part))
    return f"[{escaped(title or url)}]({quote(url, safe=_IN_ADDRESS)})"


def clock(at: datetime) -> str:
    """Return month, day and time in UTC."""
    return f"{at.astimezone(UTC):%m-%d %H:%M}"


def dated(at: datetime) -> str:
    """Return date and time in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table of cells that are Markdown already; empty cells show a dash.

    Bars are escaped: they separate cells even in a fixed-width font.
    """
    body = (" | ".join(cell.replace("|", "\\|") or "–" for cell in row) for row in rows)
    return [f"| {' | '.join(head)} |", f"|{'|'.join(' --- ' for _ in head)}|", *(f"| {row} |" for row in body)]


def kept(text: str, *, mark: str = "") -> str:
    """Escape the words and keep the white space around them: around it marks would have no effect."""
    inner = text.strip()
    if not inner:
        return " " if text else ""
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{escaped(inner)}{mark}{after}"
