"""A told line as Markdown, for files and canvases: nothing pasted becomes markup, HTML, or a call to somebody.

What is written is what every dialect reads alike. A surface that knows fewer forms (Slack's canvases refuse tables and
quotes within lists) gets fewer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from intents.chronicle.facts import Fact
from responses.chronicle import incident_words
from responses.chronicle.spans import Person, PostedLink, SourceLink, Span, Spans, Timestamp
from responses.safety import safe_line

_NAME: Final = 80
_SPECIAL: Final = re.compile(r"[\\`*\[\]<>~$]|&(?=#?\w)|(?<!\w)_|_(?!\w)")
# What makes a heading or a list where a line begins with it.
_AT_START: Final = re.compile(r"^(?:([#+\-=])|(\d{1,9})(?=[.)]))")
# Of what is put into an address these stay; brackets, quotes and bars would end it.
_IN_ADDRESS: Final = ":/?#@!$&'*+,;=%~-._"
_WEB: Final = re.compile(r"https?://\S+", re.IGNORECASE)


class Markdown:
    """How one document writes lines. Times are UTC, with the date; people are those of `names`, else their ids."""

    def __init__(self, *, permalink: Callable[[Fact], str], names: Mapping[str, str]) -> None:
        self._permalink = permalink
        self._names = names

    def line(self, spans: Spans) -> str:
        """One line, which may stand at the beginning of a paragraph, an item or a cell."""
        line = "".join(map(self._span, spans)).strip()
        return _AT_START.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\", line)

    def with_link(self, spans: Spans, fact: Fact | None) -> str:
        """The line with what it rests on."""
        return " ".join(part for part in (self.line(spans), self.source_link(fact)) if part)

    def source_link(self, fact: Fact | None) -> str:
        return link(incident_words.SOURCE_LINK, self._permalink(fact)) if fact and self._permalink(fact) else ""

    def person(self, user: str) -> str:
        name = safe_line(self._names.get(user, ""), limit=_NAME)
        return escaped(name) if name else code(safe_line(user, limit=_NAME))

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
                return _styled(span.text, "**" if span.bold else "*" if span.italic else "")


def escaped(text: str) -> str:
    """Words as they are, on one line, behind something else on it."""
    shown = _SPECIAL.sub(lambda found: f"\\{found[0]}", text.replace("\n", " "))
    # Where people are called by @name, a name that somebody pasted must not call them.
    return shown.replace("@", "＠")


def code(text: str) -> str:
    """Words in a fixed-width font, where that can be written alike everywhere."""
    shown = " ".join(text.split())
    return f"`{shown}`" if shown and "`" not in shown else escaped(shown)


def fenced(lines: Iterable[str]) -> list[str]:
    """Lines to be copied as they are; the fence is longer than any in them."""
    held = list(lines)
    ticks = max((len(run) for one in held for run in re.findall("`+", one)), default=0)
    fence = "`" * max(3, ticks + 1)
    return [f"{fence}sh", *held, fence]


def link(title: str, url: str) -> str:
    """A link, or its words alone where the address is none of the web."""
    if not _WEB.fullmatch(url):
        return escaped(": ".join(part for part in (title, url) if part))
    return f"[{escaped(title or url)}]({quote(url, safe=_IN_ADDRESS)})"


def clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%m-%d %H:%M}"


def dated(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Cells are Markdown already; one that is empty shows a dash. Bars would part them, in a fixed-width font too."""
    body = (" | ".join(cell.replace("|", "\\|") or "–" for cell in row) for row in rows)
    return [f"| {' | '.join(head)} |", f"|{'|'.join(' --- ' for _ in head)}|", *(f"| {row} |" for row in body)]


def _styled(text: str, mark: str) -> str:
    """Marks stand at the words, not at the white space around them, or they are none."""
    inner = text.strip()
    if not mark or not inner:
        return _kept(text)
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{escaped(inner)}{mark}{after}"


def _kept(text: str) -> str:
    """Escaped, with the white space around it."""
    inner = text.strip()
    if not inner:
        return " " if text else ""
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{escaped(inner)}{after}"
