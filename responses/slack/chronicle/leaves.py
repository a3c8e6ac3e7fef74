"""Write spans as leaves of rich text, with a small link to the source message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from intents.chronicle.facts import Fact
from responses.chronicle import incident_words
from responses.chronicle.spans import Person, PostedLink, SourceLink, Span, Spans, Timestamp
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Leaf

# Returns the address of a fact's source message, "" if it has none.
Permalink = Callable[[Fact], str]
# Display names by user id.
Names = Mapping[str, str]
NO_NAMES: Final[Names] = MappingProxyType({})

_USER_ID: Final = re.compile(r"[UW][A-Z0-9]{1,30}")
_NAME: Final = 80
# Keeps the arrow on the line of its last word: alone on the next line it links to nothing visible.
_UNBROKEN: Final = "\u00a0"
# Older times are shown with their date.
_TODAY: Final = timedelta(hours=12)


class LeafWriter:
    """Writes the lines of one message.

    `now` is when it is made. With `mention`, Slack shows the names of people who are not in `names`; this notifies them
    if the message is new and public. Without it, their ids are shown.
    """

    def __init__(self, *, permalink: Permalink, names: Names, now: datetime, mention: bool) -> None:
        self._permalink = permalink
        self._names = names
        self._now = now
        self._mention = mention

    def line(self, spans: Spans) -> list[Leaf]:
        """Return the leaves of one line."""
        return [leaf for span in spans for leaf in self._leaves(span)]

    def with_link(self, spans: Spans, fact: Fact | None) -> list[Leaf]:
        """Return the line with a link to its source."""
        return [*self.line(spans), *self.source_link(fact)]

    def source_link(self, fact: Fact | None) -> list[Leaf]:
        """Return a link to a fact's source message; an empty list if it has no source."""
        address = self._permalink(fact) if fact else ""
        return [blocks.text(_UNBROKEN), blocks.link(address, incident_words.SOURCE_LINK)] if address else []

    def person(self, user: str) -> Leaf:
        """Return the name of a user, a mention, or the id."""
        if name := shown_line(self._names.get(user, ""), limit=_NAME):
            return blocks.text(name)
        if self._mention and _USER_ID.fullmatch(user):
            return blocks.user(user)
        return blocks.text(shown_line(user, limit=_NAME))

    def timestamp(self, at: datetime) -> Leaf:
        """Return the time in the reader's time zone; as text, in UTC."""
        is_today = abs(self._now - at) < _TODAY
        form = "{time}" if is_today else "{date_short} {time}"
        return blocks.moment(max(0, int(at.timestamp())), form=form, fallback=utc(at, dated=not is_today))

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


def utc(at: datetime, *, dated: bool = False) -> str:
    """Return the time in UTC, with the date if asked."""
    there = at.astimezone(UTC)
    return f"{there:%Y-%m-%d %H:%M} UTC" if dated else f"{there:%H:%M} UTC"
