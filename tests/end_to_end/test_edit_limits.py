"""Edits are Slack's scarcest calls: no repeat waits for one that counts it, and answers need none in a rush."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Final

from bot.playground.slack.records import RecordedCall
from tests.end_to_end.workplace import Workplace, is_final, words_of, workplace

# Slack counts edits against us for so long.
_HELD_S: Final = 4


def refuse_edits(at: Workplace) -> None:
    """Make Slack refuse edits for a while, from the next one on."""
    at.slack.fail("chat.update", retry_after=_HELD_S)


def edits(at: Workplace) -> list[RecordedCall]:
    return [call for call in at.slack.calls if call.method == "chat.update"]


async def test_repeat_is_told_without_waiting_for_the_edit_that_counts_it(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        refuse_edits(at)
        began = time.monotonic()
        await at.slack.say(at.bo, at.channel, broken.text)
        await at.slack.wait_for(lambda: at.slack.ephemerals(at.bo))
        assert time.monotonic() - began < _HELD_S / 2

        (answer,) = at.ours()
        await at.slack.wait_for(lambda: "2×" in words_of(at.slack.message(at.channel, answer["ts"])["blocks"]))


async def test_link_to_a_later_answer_waits_for_the_rate_limit_and_repeats_nothing(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        first = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        at.slack.fail("chat.update", status=503, times=20)
        # A mention is answered by itself, and linked with the answer about the same fault.
        mention = await at.slack.say(at.bo, at.channel, f"<@{at.slack.bot_user_id}> {broken.text}")
        later = await at.answer(mention)
        reads = await _reads_after_rest(at)
        at.slack.clear_faults()

        linked = f"p{later['ts'].replace('.', '')}"
        await at.slack.wait_for(lambda: linked in str(at.slack.message(at.channel, first["ts"])["blocks"]))
        await at.settled()
        assert {call.arguments["ts"] for call in edits(at)} == {first["ts"]}, "the later answer is edited for nothing"
        assert len(at.cluster.requests) == reads, "the cluster is read again for a link"
        assert [call.ok for call in edits(at)].count(True) == 1


async def _reads_after_rest(at: Workplace) -> int:
    """Return the requests to the cluster once the link could not be shown."""
    await at.slack.wait_for(lambda: len(edits(at)) > 3)
    return len(at.cluster.requests)


async def test_slow_answers_beyond_the_limit_of_edits_are_posted_without_a_placeholder(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, slack_limits=None) as at:
        at.cluster.latency = 1.5
        channels = [at.slack.add_channel(f"team-{number}") for number in range(12)]
        began = time.monotonic()
        asked = [
            await at.slack.say(at.slack.add_user(f"person-{channel}"), channel, broken.text) for channel in channels
        ]
        async with asyncio.timeout(60):
            for ts, channel in zip(asked, channels, strict=True):
                await at.answer(ts, channel)
        took = time.monotonic() - began

        posted = [call for call in at.slack.calls if call.method == "chat.postMessage"]
        begun = Counter(is_final(call.arguments) for call in posted)
        assert begun[True] >= 4, f"placeholders for all answers, which then wait for their edits: {took:.1f} s"
        assert begun[False] > 0, "no placeholder although edits were free"
        assert len(posted) == len(channels)
