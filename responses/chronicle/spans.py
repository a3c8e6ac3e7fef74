"""Define the parts of a line before a surface writes them as rich text or as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intents.chronicle.facts import Fact


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


Span = TextSpan | Person | Timestamp | PostedLink | SourceLink
Spans = tuple[Span, ...]
