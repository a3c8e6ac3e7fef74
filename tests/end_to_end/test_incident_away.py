"""Test that events during downtime or before the bot joined are not lost.

`AWAY_MESSAGES=10000` sets the number of messages before the bot joins (by default two pages); with
`--log-cli-level=INFO` the cost of reading them is logged.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from bot.diagnosing import Engine
from bot.playground.slack import SimulatedSlack
from bot.workflows.chronicle.backfill import PAGES_BEFORE
from bot.workflows.chronicle.facts import facts_in
from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import HEARD, UNPACED_ONCE, Clock, Workplace, lines_of, workplace
from tests.slack_administration import restrict_history
from tests.waiting import until

_MESSAGES: Final = int(os.environ.get("AWAY_MESSAGES", "250"))
_PAGE: Final = 200
# The missed messages fill one short page and part of the next.
_SHORT_PAGE: Final = 5
_MISSED: Final = 7
INCIDENTS: Final = {"CASEBOOK_INCIDENT_CHANNELS": "inc-*"}
LATER: Final = timedelta(minutes=30)
REPORT: Final = "checkout is down, customers cannot pay"


def summary(at: Premises | Workplace, channel: str) -> str:
    """Return the text of the pinned message."""
    ours = at.ours("", channel) if isinstance(at, Premises) else at.ours(channel)
    return "\n".join(line for one in ours if one.get("pinned_to") for line in lines_of(one))


async def timeline(at: Premises | Workplace, channel: str) -> str:
    return "\n".join(lines_of((await at.slack.slash(at.alex, channel, "incident timeline")).body))


def run_command(slack: SimulatedSlack, channel: str, since: int = 0) -> Counter[str]:
    """Return how often the history and the threads of a channel were read."""
    methods = ("conversations.history", "conversations.replies")
    calls = [call for call in slack.calls[since:] if call.arguments.get("channel") == channel]
    return Counter(call.method.partition(".")[2] for call in calls if call.method in methods)


@pytest.mark.timeout(75)
async def test_messages_edits_and_pins_during_downtime_are_caught_up(tmp_path: Path):
    async with premises(tmp_path, pace=False, **INCIDENTS) as at:
        slack, live, quiet = at.slack, at.slack.add_channel("inc-1-live"), at.slack.add_channel("inc-2-quiet")
        say = slack.say
        unnoted = slack.add_channel("inc-3-canvas")
        slack.fail(
            "conversations.canvases.create", hang=True, after_execution=True, times=9, given={"channel_id": unnoted}
        )
        serving = await at.start(summary_slot_s=0.2)
        root = await say(at.alex, live, REPORT)
        edited = await say(at.bo, live, "decision: we restart the blue pool")
        deleted = await say(at.bo, live, "decision: we drop the cache")
        reply = await say(at.bo, live, "decision: we fail over to region A", thread_ts=root)
        heads = await say(at.alex, live, "rolling back checkout to v41")
        below = await say(at.bo, live, "decision: we page the vendor", thread_ts=heads)
        noted = await say(at.alex, live, "the coffee machine blinked at noon")
        for channel in (quiet, unnoted):
            await say(at.alex, channel, REPORT)
        await slack.wait_for(lambda: slack.canvases.of(unnoted), timeout=20)
        await slack.wait_for(lambda: "page the vendor" in summary(at, live) and summary(at, quiet), timeout=20)
        await serving.kill()
        slack.clear_faults()

        await say(at.bo, live, "decision: we fail over to region B", thread_ts=root)
        await slack.edit(at.bo, live, edited, "never mind")
        await slack.remove(at.bo, live, deleted)
        await slack.remove(at.bo, live, reply)
        await slack.remove(at.bo, live, below)
        await slack.marks.react(at.alex, live, noted, "pushpin")
        for channel in (live, unnoted):
            await say(at.bo, channel, "I'll take IC")
        before = len(slack.calls)
        await at.start(summary_slot_s=0.2, clock=Clock(ahead=LATER))
        await slack.wait_for(
            lambda: "Commander" in summary(at, live) and "page the vendor" not in summary(at, live), timeout=20
        )
        canvas = slack.canvases.of(unnoted)
        assert canvas is not None
        await until(lambda: "Commander" in canvas.markdown)
        # First the page, then the thread.
        async with asyncio.timeout(20):
            while "region B" not in (told := await timeline(at, live)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

        for there in (REPORT, "region B", "Commander", "the coffee machine blinked", "rolling back checkout"):
            assert told.count(there) == 1
        for gone in ("blue pool", "drop the cache", "region A", "page the vendor"):
            assert gone not in told
        # One page each, and each thread with a new or deleted reply.
        assert run_command(slack, live, before) == {"history": 1, "replies": 1}
        assert run_command(slack, quiet, before) == {"history": 1}


async def test_catch_up_after_a_long_gap_uses_a_bounded_number_of_calls(tmp_path: Path, engine: Engine):
    clock = Clock()
    slack = SimulatedSlack(clock=lambda: clock().timestamp(), signature_clock=time.time, paced=False, events=HEARD)
    async with workplace(
        tmp_path, engine, slack=slack, clock=clock, summary_slot_s=0.1, beat_s=0.1, slack_limits=UNPACED_ONCE
    ) as at:
        restrict_history(slack, items=_SHORT_PAGE, per_minute=1_000)
        channel = slack.add_channel("inc-1-silence")
        await slack.say(at.alex, channel, REPORT)
        for number in range(_SHORT_PAGE * (PAGES_BEFORE + 2)):
            await slack.say(at.bo, channel, f"lol {number}")
        await slack.wait_for(lambda: REPORT in summary(at, channel))
        clock.advance(LATER)
        await slack.say(at.bo, channel, "good night")
        await at.settled()
        slack.deliver_to("http://127.0.0.1:1/")
        for number in range(_MISSED):
            await slack.say(at.bo, channel, f"decision: we restart pool {number}")
        clock.advance(timedelta(hours=2))
        slack.deliver_to(f"{at.app.url}/slack/events")
        before = len(slack.calls)
        await slack.say(at.alex, channel, "good morning")
        await slack.wait_for(lambda: f"pool {_MISSED - 1}" in summary(at, channel))
        await at.settled()
        facts = await at.app.store.chronicles.facts(channel)

    assert len([fact for fact in facts if "restart pool" in str(fact.document)]) == _MISSED
    assert run_command(slack, channel, before) == {"history": 1 + PAGES_BEFORE}


async def test_rate_limited_catch_up_reads_no_thread_twice(tmp_path: Path, engine: Engine):
    async with workplace(tmp_path, engine, summary_slot_s=0.1, slack_limits=replace(UNPACED_ONCE, patience=0.5)) as at:
        slack, channel = at.slack, at.slack.add_channel("inc-1-threads", bot=False)
        for number in range(2):
            root = await slack.say(at.alex, channel, f"lol {number}")
            await slack.say(at.bo, channel, f"decision: we restart pool {number}", thread_ts=root)
            if not number:
                slack.fail("conversations.replies", retry_after=1, given={"ts": root})  # it is read last
        await slack.channel_actions.invite(at.alex, channel)
        await slack.wait_for(lambda: all(f"pool {number}" in summary(at, channel) for number in range(2)))
        await at.settled()

    assert run_command(slack, channel) == {"history": 1, "replies": 3}


async def test_canvas_of_members_leaves_the_summary_in_the_message_with_one_notice(tmp_path: Path, engine: Engine):
    async with workplace(tmp_path, engine, summary_slot_s=0.1, slack_limits=UNPACED_ONCE) as at:
        channel = at.slack.add_channel("inc-1-canvas")
        theirs = at.slack.canvases.create(channel=channel, user=at.alex, markdown="who sits where")
        await at.slack.say(at.bo, channel, REPORT)
        await at.slack.wait_for(lambda: REPORT in summary(at, channel))
        at.clock.advance(timedelta(hours=7))
        await at.slack.say(at.bo, channel, "I'll take IC")
        await at.slack.wait_for(lambda: "Commander" in summary(at, channel))
        await at.settled()
        first, *notes = at.ours(channel)

    assert first["pinned_to"]
    assert [(one["thread_ts"], "no canvas was written" in one["text"]) for one in notes] == [(first["ts"], True)]
    assert theirs.markdown == "who sits where"


async def test_long_history_and_pins_before_joining_are_read(tmp_path: Path, engine: Engine):
    async with workplace(tmp_path, engine, summary_slot_s=0.1, slack_limits=UNPACED_ONCE) as at:
        slack, channel = at.slack, at.slack.add_channel("inc-1-long", bot=False)
        for number in range(_MESSAGES):
            text = f"decision: we restart pool {number}" if number % 5 == 0 else f"lol {number}"
            await slack.say(at.alex, channel, text)
        pinned = await slack.say(at.bo, channel, "the coffee machine blinked at noon")
        for user in (at.bo, at.guest):
            await slack.marks.react(user, channel, pinned, "pushpin")
        by_guest = await slack.say(at.bo, channel, "somebody sneezed")
        await slack.marks.react(at.guest, channel, by_guest, "round_pushpin")
        began, worked, most = time.monotonic(), time.process_time(), _memory()
        await slack.channel_actions.invite(at.alex, channel)
        await slack.wait_for(lambda: summary(at, channel), timeout=20)
        assert await at.app.jobs.idle(300)
        took = time.monotonic() - began, time.process_time() - worked, _memory() - most
        known = await at.app.store.chronicles.read(channel)
        taken = run_command(slack, channel)
    measured = f"{took[0]:.1f} s, {took[1]:.1f} s of CPU with both far ends, {took[2]:.0f} MiB more"
    logging.getLogger(__name__).info(measured)

    assert known is not None
    by_hand = [fact.says for fact in facts_in(known.facts, known.marks) if fact.by_hand]
    assert by_hand == ["the coffee machine blinked at noon"]
    assert len([fact for fact in known.facts if "restart pool" in str(fact.document)]) == -(-_MESSAGES // 5)
    assert taken == {"history": -(-(_MESSAGES + 3) // _PAGE)}
    # On any machine an hour of messages takes less than a second.
    assert took[1] < 5 + _MESSAGES / 200, measured


def _memory() -> float:
    """Return the peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
