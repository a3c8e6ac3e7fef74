"""Run `casebook feedback`: print which entries people called wrong, and which texts no entry explains.

It changes nothing and is safe beside a running bot.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.cli.console import note
from bot.cli.errors import ExitCode, told
from bot.cli.inputs import settings, store_url
from bot.store import StoreUnavailable, open_feedback, place_of
from intents.feedback import NONE_OF_THEM, Candidate, FeedbackSummary, WrongEntry, summary_of
from intents.templates import counted
from responses.safety import safe_line, safe_value


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print the feedback since a time."""
    url, since = store_url(settings(), arguments.workspace), arguments.since
    with told(StoreUnavailable, what=f"cannot read the feedback in {place_of(url)}"):
        summary = safe_value(asyncio.run(_summary(url, since)))
    if arguments.output == "json":
        sys.stdout.write(f"{json.dumps(_fields(summary, since), ensure_ascii=False)}\n")
    elif summary:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(summary, since)))
    else:
        note(f"no feedback since {_time(since)}")
    return ExitCode.ANSWERED


async def _summary(url: str, since: datetime) -> FeedbackSummary:
    async with open_feedback(url) as reader:
        return summary_of(await reader.records(since))


def _fields(summary: FeedbackSummary, since: datetime) -> dict[str, object]:
    """Return the feedback as JSON; scripts rely on these keys."""
    return {
        "since": _time(since),
        "helpful": summary.helpful,
        "wrong": [
            {
                "entry": one.id,
                "wrong": one.wrong,
                "answers": one.answers,
                "verdicts": dict(one.verdicts),
                "instead": [{"entry": _named(entry), "count": count} for entry, count in one.instead],
                "remarks": list(one.remarks),
            }
            for one in summary.wrong
        ],
        "candidates": [
            {
                "template": one.template,
                "count": one.count,
                "first": _time(one.first),
                "last": _time(one.last),
                "channels": list(one.channels),
                "example": one.example,
            }
            for one in summary.candidates
        ],
    }


def _lines(summary: FeedbackSummary, since: datetime) -> Iterator[str]:
    if summary.helpful:
        yield f"{counted(summary.helpful, 'answers')} marked as helpful since {_time(since)}"
    if summary.wrong:
        yield f"Entries that people called wrong since {_time(since)}:"
        for one in summary.wrong:
            yield from _wrong(one)
    if summary.candidates:
        if summary.wrong:
            yield ""
        yield f"Texts that no entry explains since {_time(since)}, candidates for entries:"
        for candidate in summary.candidates:
            yield from _candidate(candidate)


def _wrong(one: WrongEntry) -> Iterator[str]:
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(one.verdicts.items()) if verdict)
    yield f"  {one.id}: {one.wrong} of {counted(one.answers, 'answers')}" + (f" ({verdicts})" if verdicts else "")
    if one.instead:
        named = ", ".join(f"{_named(entry) or 'none of the known entries'} ({count})" for entry, count in one.instead)
        yield f"    it was: {named}"
    for remark in one.remarks:
        yield f"    “{safe_line(remark)}”"


def _candidate(one: Candidate) -> Iterator[str]:
    yield f"  {counted(one.count, 'times')}: {safe_line(one.template)}"
    yield f"    last {_time(one.last)}, in {', '.join(one.channels)}"
    yield f"    such as: {safe_line(one.example)}"


def _named(entry: str) -> str:
    """Return the id of an entry, "" for none of them."""
    return "" if entry == NONE_OF_THEM else entry


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
