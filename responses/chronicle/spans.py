"""The pieces of a told line, before a surface writes them: as leaves of rich text, or as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intents.chronicle.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSpan:
    """Text as it is; nothing in it is markup. It has passed `responses.safety`."""

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
    """A moment (UTC); a surface knows in which zone and how exact its readers want it."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedLink:
    """A link that somebody posted, as they wrote it."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class SourceLink:
    """A small link to the message that a fact rests on; nothing where there is none."""

    fact: Fact


Span = TextSpan | Person | Timestamp | PostedLink | SourceLink
Spans = tuple[Span, ...]
