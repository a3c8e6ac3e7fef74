"""Reminders in incident channels: off by default, one post an hour, nothing twice, and a button that ends them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.diagnosing import Engine
from bot.playground.slack import SimulatedSlack
from bot.settings import Settings
from bot.workflows.chronicle.nudges import NudgeJobs
from responses.slack.presses import Press
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.workplace import GRANTED, HEARD, Clock, Workplace, lines_of, pressable, words_of, workplace

QUESTION = "did search deploy anything today?"


@asynccontextmanager
async def place(tmp_path: Path, engine: Engine, **options: Any) -> AsyncIterator[Workplace]:
    """Run everything with a clock that Slack and the app share."""
    clock = Clock()
    slack = SimulatedSlack(
        clock=lambda: clock().timestamp(), signature_clock=time.time, paced=False, events=HEARD, scopes=GRANTED
    )
    async with workplace(
        tmp_path, engine, slack=slack, clock=clock, beat_s=0.05, summary_slot_s=0.1, **options
    ) as there:
        yield there


async def report(at: Workplace, name: str) -> str:
    """Begin an incident and return its channel."""
    channel = at.slack.add_channel(name)
    await at.slack.say(at.alex, channel, "search is down, customers get 503s")
    await at.slack.wait_for(lambda: at.ours(channel), timeout=20)
    return channel


async def later(at: Workplace, minutes: int) -> None:
    """Let time pass, and wait until the upkeep has looked at the channels."""
    await at.settled()
    before = await looked(at)
    at.clock.advance(timedelta(minutes=minutes))
    async with asyncio.timeout(20):
        while await looked(at) == before:
            await at.settled()
    await at.settled()


async def looked(at: Workplace) -> float:
    return (await scraped(at)).of("casebook_jobs_total", kind="nudge", outcome="done")


def reminders(at: Workplace, channel: str) -> list[dict[str, Any]]:
    return [one for one in at.ours(channel) if "Still open" in one["text"]]


async def test_open_things_are_named_once_an_hour_until_somebody_has_enough(tmp_path: Path, engine: Engine) -> None:
    async with place(tmp_path, engine, nudges="inc-*") as at:
        channel, other = await report(at, "inc-7-search"), await report(at, "incident-8")
        await at.slack.say(at.alex, channel, "I'll take IC")
        asked = await at.slack.say(at.bo, channel, QUESTION)
        await later(at, 8)
        assert reminders(at, channel) == []

        await later(at, 4)
        (first,) = reminders(at, channel)
        says = "\n".join(lines_of(first))
        assert "thread_ts" not in first
        assert "Not answered for 12 min" in says
        assert QUESTION in says
        assert f"/archives/{channel}/p{asked.replace('.', '')}" in str(first["blocks"])
        # The commander is notified, who asked is not.
        assert f"'user_id': '{at.alex}'" in str(first["blocks"])
        assert at.bo not in str(first["blocks"])

        await later(at, 20)
        assert len(reminders(at, channel)) == 1
        await at.slack.say(at.bo, channel, "hm")
        await later(at, 45)
        _, second = reminders(at, channel)
        assert "No status for 1 h 17 min" in "\n".join(lines_of(second))
        assert QUESTION not in "\n".join(lines_of(second))

        await at.slack.click(at.bo, channel, second["ts"], pressable(second, Press.NUDGES_OFF)["action_id"])
        await at.settled()
        (told,) = at.slack.ephemerals(at.bo)
        assert "reminders of what is open in the incident" in words_of(told["blocks"])
        await at.slack.say(at.bo, channel, "question: did ledger deploy anything today?")
        await later(at, 30)
        await at.slack.say(at.bo, channel, "hm")
        await later(at, 31)
        assert len(reminders(at, channel)) == 2
        again = pressable(told, Press.ANSWER_AGAIN)
        await at.slack.click(at.bo, channel, told["ts"], again["action_id"], value=again["value"])
        await later(at, 2)
        assert len(reminders(at, channel)) == 3
        assert reminders(at, other) == []


async def test_a_mitigation_ends_the_reminders(tmp_path: Path, engine: Engine) -> None:
    async with place(tmp_path, engine, nudges="inc-*") as at:
        channel = await report(at, "inc-7-search")
        await at.slack.say(at.bo, channel, QUESTION)
        await at.slack.say(at.alex, channel, "status: mitigated")
        await later(at, 25)

        assert reminders(at, channel) == []


async def test_they_are_off_by_default_and_then_nothing_is_read() -> None:
    nothing: Any = None

    await NudgeJobs(store=nothing, start=nothing, patterns=Settings().nudges, clock=Clock()).look()
