"""Read the labelled snippets of incident channels and compare their summaries with the labels.

`snippets.yaml` describes the labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from bot.playground.slack.typed_text import stored_text
from intents.chronicle.facts import Fact
from intents.chronicle.statements import ChannelMessage, facts_of
from intents.chronicle.summary import NextKind, Summary, summary_of
from responses.safety import safe

ASKED: Final = ("impact", "cause", "next", "open", "undecided")

_FILE: Final = Path(__file__).with_suffix(".yaml")
_LINE: Final = re.compile(r"(?P<by>\w+)(?: \^(?P<thread>\d+))?: (?P<text>.+)")
_BEGAN: Final = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A labelled piece of a channel. `expected` has the right line numbers by question, 0 for none."""

    name: str
    language: str
    part: str
    messages: tuple[ChannelMessage, ...]
    expected: Mapping[str, frozenset[int]]


def load_snippets() -> tuple[Snippet, ...]:
    return tuple(_snippet(raw) for raw in yaml.safe_load(_FILE.read_text(encoding="utf-8"))["snippets"])


def load_harmless() -> Mapping[str, tuple[str, ...]]:
    """Return the harmless lines by language."""
    written = yaml.safe_load(_FILE.read_text(encoding="utf-8"))["harmless"]
    return {language: tuple(lines) for language, lines in written.items()}


def facts_in(messages: Iterable[ChannelMessage]) -> list[Fact]:
    return [fact for message in messages for fact in facts_of(message)]


def message(number: int, by: str, text: str, thread: int = 0) -> ChannelMessage:
    """Return the message as received from Slack; its number is its place in the channel, from 1."""
    at = _BEGAN + timedelta(minutes=2 * number)
    return ChannelMessage(
        ts=_ts(number), at=at, text=safe(stored_text(text), limit=40_000), user=by, bot="",
        thread_ts=_ts(thread) if thread else "",
    )  # fmt: skip


def summary_at_end(messages: Iterable[ChannelMessage]) -> Summary:
    every = tuple(messages)
    return summary_of(facts_in(every), name="inc-1", opened=_BEGAN, now=every[-1].at + timedelta(minutes=1))


def differences(snippet: Snippet) -> dict[str, str]:
    """Return the wrong answers by question."""
    found = _answers(snippet)
    return {
        asked: f"{sorted(found[asked])} instead of {sorted(right)}"
        for asked, right in snippet.expected.items()
        if not _is_right(asked, found[asked], right)
    }


def _is_right(asked: str, found: frozenset[int], right: frozenset[int]) -> bool:
    if asked == "open":
        return found == right
    if asked == "undecided":
        return not found & right
    return bool(found & right)


def _answers(snippet: Snippet) -> dict[str, frozenset[int]]:
    """Return the lines that the summary names by question; "undecided" are the decisions still standing."""
    summary = summary_at_end(snippet.messages)
    numbers = {message.ts: number for number, message in enumerate(snippet.messages, start=1)}
    cause = summary.cause
    step = summary.next_step
    return {
        "impact": frozenset({numbers[summary.impact.current.ts] if summary.impact.current else 0}),
        "cause": frozenset(numbers[fact.ts] for fact in (cause.fact, *cause.also)) if cause else frozenset({0}),
        "next": frozenset({numbers[step.fact.ts] if step and step.kind is not NextKind.QUESTION else 0}),
        "open": frozenset(numbers[fact.ts] for fact in summary.questions),
        "undecided": frozenset(
            numbers[fact.ts] for each in summary.tracked_actions if each.is_open for fact in each.facts
        ),
    }


def _snippet(raw: Mapping[str, Any]) -> Snippet:
    written = raw["lines"].splitlines()
    return Snippet(
        name=raw["name"],
        language=raw["language"],
        part=raw["part"],
        messages=tuple(_message(number, line) for number, line in enumerate(written, start=1)),
        expected={asked: _numbers(raw[asked]) for asked in ASKED if asked in raw},
    )


def _message(number: int, line: str) -> ChannelMessage:
    read = _LINE.fullmatch(line)
    assert read, f"{line!r} is no line of a snippet"
    return message(number, read["by"], read["text"], int(read["thread"] or 0))


def _numbers(written: int | list[int]) -> frozenset[int]:
    return frozenset([written] if isinstance(written, int) else written)


def _ts(number: int) -> str:
    return f"{(_BEGAN + timedelta(minutes=2 * number)).timestamp():.0f}.{number:06d}"
