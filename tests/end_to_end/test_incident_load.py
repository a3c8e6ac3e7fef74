"""Test that the Slack calls of a busy incident channel are bounded by time, not by messages.

Messages are said as fast as they go, with the debounce interval of edits shortened: many fall into one interval.
`BUSY_MESSAGES=500` says those of a busy hour.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from bot.diagnosing import Engine
from bot.playground.slack import SimulatedSlack
from bot.workflows.chronicle.chronicle_jobs import SLOT_S
from bot.workflows.chronicle.pinned_summary import CANVAS_EVERY
from tests.end_to_end.workplace import GRANTED, HEARD, UNPACED_ONCE, Clock, Workplace, lines_of, workplace

_MESSAGES: Final = int(os.environ.get("BUSY_MESSAGES", "60"))
_SLOT_S: Final = 0.25
# Every second message matters; the rest is chat.
_SAID: Final = (
    "checkout is down, customers cannot pay",
    "lol",
    "decision: we fail over to region {}",
    "brb coffee",
    "ERROR {} connection refused by db-{}.internal:5432",
    "+1",
    "is the cache warm on pool {}?",
    "same here",
    "mitigated, error rate of pool {} is back to normal",
    "thanks",
)


async def test_many_messages_cost_one_edit_per_interval(tmp_path: Path, engine: Engine):
    # No rate limits on either side, so that the count shows what the app wants to do.
    async with workplace(tmp_path, engine, summary_slot_s=_SLOT_S, slack_limits=UNPACED_ONCE) as at:
        channel = at.slack.add_channel("inc-1-busy")
        people = [at.alex, at.bo, *(at.slack.add_user(f"p{number}") for number in range(8))]
        began = time.monotonic()
        for number, text in enumerate(islice(cycle(_SAID), _MESSAGES)):
            await at.slack.say(people[number % len(people)], channel, text.format(number, number % 7))
        slots = (time.monotonic() - began) / _SLOT_S
        await at.slack.say(at.alex, channel, "decision: the last word is cucumber")
        await _shown(at, channel, "cucumber")
        await at.settled()
        taken = Counter(call.method for call in at.slack.calls)
        facts = await at.app.store.chronicles.facts(channel)

    edits, persons = taken.pop("chat.update"), taken.pop("users.info", 0)
    assert len(facts) > _MESSAGES / 3  # most of them must be shown
    assert slots / 8 < edits <= slots + 3
    assert persons <= len(people)
    # All other calls belong to the start. Answers cost extra; there are none here.
    assert dict(taken) == {
        "auth.test": 1,
        "users.list": 1,
        "users.conversations": 1,
        "conversations.history": 1,
        "chat.postMessage": 1,
        "pins.add": 1,
        "conversations.canvases.create": 1,
    }
    # In real time: three edits a minute for one channel; Slack allows an app fifty.
    assert timedelta(minutes=1) / timedelta(seconds=SLOT_S) == 3


async def test_canvas_is_written_at_most_once_a_minute(tmp_path: Path, engine: Engine):
    clock = Clock()
    slack = SimulatedSlack(
        clock=lambda: clock().timestamp(), signature_clock=time.time, paced=False, events=HEARD, scopes=GRANTED
    )
    async with workplace(
        tmp_path, engine, slack=slack, clock=clock, summary_slot_s=0.05, slack_limits=UNPACED_ONCE
    ) as at:
        channel = at.slack.add_channel("inc-2-canvas")
        began = clock()
        for number in range(12):
            last = f"region {number}"
            await at.slack.say(at.alex, channel, f"decision: we fail over to {last}")
            await _shown(at, channel, last)
            await at.settled()
            clock.advance(timedelta(seconds=SLOT_S))
        minutes = (clock() - began) / CANVAS_EVERY
        taken = Counter(call.method for call in at.slack.calls)

    assert taken["chat.update"] >= 11
    assert 1 <= taken["canvases.edit"] <= minutes
    assert taken["conversations.canvases.create"] == 1


async def _shown(at: Workplace, channel: str, words: str) -> None:
    """Wait until the pinned summary contains this text."""

    def says() -> bool:
        pinned = [one for one in at.ours(channel) if one.get("pinned_to")]
        return any(words in line for one in pinned for line in lines_of(one))

    await at.slack.wait_for(says)
