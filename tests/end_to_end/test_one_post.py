"""Test that a quick answer is one post, and that only a slow one has a placeholder and updates."""

from __future__ import annotations

import asyncio

import pytest

from tests.end_to_end.workplace import Workplace, is_final, words_of, workplace

pytestmark = pytest.mark.timeout(75)


async def test_quick_answer_is_posted_once_and_never_updated(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, slack_limits=None) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        await at.settled()
        assert "CONFIRMED" in words_of(answer)
        assert writing_calls(at) == ["chat.postMessage"]


async def test_slow_answer_replaces_its_placeholder(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, slack_limits=None) as at:
        at.cluster.latency = 0.4
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        (placeholder,) = await at.slack.wait_for(lambda: at.answers(ts))
        assert not is_final(placeholder)
        assert "CONFIRMED" in words_of(await at.answer(ts))
        await at.settled()
        assert len(at.ours()) == 1


async def test_repetition_while_the_answer_is_posted_is_counted_in_it(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, slack_limits=None) as at:
        at.slack.latency = 0.3
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        await at.slack.wait_for(lambda: at.answers(ts))
        await at.slack.say(at.bo, at.channel, broken.text)
        await at.slack.wait_for(lambda: [one for one in at.answers(ts) if "2" in words_of(one["blocks"])])
        await at.settled()
        assert len(at.ours()) == 1


async def test_placeholder_is_left_out_while_posts_are_queued(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, slack_limits=None) as at:
        at.cluster.latency = 0.4
        at.slack.fail("chat.postMessage", retry_after=3)
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        assert "CONFIRMED" in words_of(await asyncio.wait_for(at.answer(ts), 30))
        await at.settled()
        posted = [call.status for call in at.slack.calls if call.method == "chat.postMessage"]
        assert posted == [429, 200]
        assert "chat.update" not in writing_calls(at)


def writing_calls(at: Workplace) -> list[str]:
    """Return the accepted calls that post or change messages."""
    return [call.method for call in at.slack.calls if call.method.startswith("chat.") and call.ok]
