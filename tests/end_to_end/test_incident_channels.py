"""Replay recorded incident channels and compare the summary and timeline with golden files.

`REGENERATE_GOLDEN=1 pytest tests/end_to_end/test_incident_channels.py` rewrites `tests/chronicle/snapshots`: the pinned
summary at two times, the timeline, and where both miss what people expected. Review the diff.
"""

from __future__ import annotations

import os
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from bot.diagnosing import Engine
from intents.chronicle.facts import FactKind
from tests.chronicle.recorded import RECORDINGS, REPLAYED, Reading, Recording, judge, load
from tests.end_to_end.replaying import replaying

REGENERATE: Final = os.environ.get("REGENERATE_GOLDEN") == "1"
SNAPSHOTS: Final = RECORDINGS.parent / "snapshots"


@pytest.mark.parametrize("name", REPLAYED)
async def test_recorded_channel_gives_the_expected_timeline_without_noise(tmp_path: Path, engine: Engine, name: str):
    recording = load(name)
    async with replaying(tmp_path, engine, recording) as replay:
        await replay.until(_halfway(recording))
        halfway = replay.readable(replay.summary_blocks())
        await replay.until()
        facts = await replay.facts()
        reading = judge(recording, facts, labels=replay.labels, ids=replay.ids)
        at_the_end = replay.readable(replay.summary_blocks())
        timeline = replay.readable(await replay.timeline_blocks())
        page = _page(recording, halfway, at_the_end, timeline, reading)

        _agree(SNAPSHOTS / f"{name}.md", page)
        # One message is kept up to date; besides it only answers are posted, in threads.
        assert [one["ts"] for one in replay.at.ours(replay.channel) if not one.get("thread_ts")] == [
            replay.summary_ts()
        ]
        # Deleted text and text before an edit is neither stored nor shown.
        assert [words for words in recording.expected.nowhere if words in page or words in str(facts)] == []
        for label, words in recording.expected.reads.items():
            assert words["lacks"] not in page, label
        # Each fact is there once, in chronological order.
        assert len({fact.key for fact in facts}) == len(facts)
        assert all(one.at <= other.at for one, other in pairwise(facts))
        assert {fact.kind for fact in facts} >= {FactKind.REPORT, FactKind.HYPOTHESIS, FactKind.STATUS, FactKind.JOIN}


def _halfway(recording: Recording) -> datetime:
    """Return when the cause was known but not yet acted on."""
    return next(recording.began + after for after, status in recording.expected.statuses if status == "identified")


def _page(recording: Recording, halfway: str, at_the_end: str, timeline: str, reading: Reading) -> str:
    """Return everything as one readable page."""
    short = [
        *(f"missed: {label}" for label in reading.missed),
        *(f"mistaken: {line}" for line in reading.mistaken),
        *(f"noise: {line}" for line in reading.noise),
        *(f"otherwise: {line}" for line in reading.otherwise),
    ]
    parts = (
        f"{recording.channel}: {recording.messages} messages, of which {reading.wanted} matter",
        "The pinned summary once the cause was known",
        halfway,
        "The pinned summary at the end",
        at_the_end,
        "The timeline at the end",
        timeline,
        f"Told: {reading.found} of {reading.wanted} that matter; of {reading.shown} told, {reading.right} are right",
        "\n".join(short) + "\n" if short else "as expected\n",
    )
    title, *rest = parts
    sections = [f"## {heading}\n\n````text\n{text}````\n" for heading, text in zip(rest[::2], rest[1::2], strict=True)]
    return f"# {title}\n\n" + "\n".join(sections)


def _agree(file: Path, page: str) -> None:
    if REGENERATE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(page, encoding="utf-8")
    assert page == file.read_text(encoding="utf-8")
