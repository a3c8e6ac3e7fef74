"""A text that names an object leads to that object, whether or not a signature matches."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.workplace import lines_of, workplace

WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/shop/web": {"containers": {"app": "web:7"}, "pods": {"web-6c9f7d8b54-k2x8q": {"age": "40m"}}},
        "Deployment/shop/api": {"containers": {"app": "api:2"}, "pods": {"api-7d9f8b6c54-x2x4z": {"age": "40m"}}},
    },
    "faults": {
        "Pod/shop/web-6c9f7d8b54-k2x8q": {"exited": 3, "waiting": "CrashLoopBackOff", "previous": "ERROR no licence"}
    },
}


@pytest.mark.parametrize(
    "text",
    [
        "error rate of deployment/web -n shop is through the roof",
        'alert: HighErrorRate namespace="shop", pod="web-6c9f7d8b54-k2x8q"',
        "pod web-6c9f7d8b54-k2x8q -n shop 报错很多",
    ],
)
async def test_trouble_said_of_a_broken_object_is_answered_by_its_state(tmp_path, engine, text):
    async with workplace(tmp_path, engine, WORLD) as at:
        ts = await at.slack.say(at.alex, at.channel, text)
        lines = lines_of(await at.answer(ts))

    assert "no licence" in lines[0]
    assert any(word in line for line in lines[:2] for word in ("CONFIRMED", "已证实"))


async def test_other_chat_about_objects_stays_unanswered(tmp_path, engine):
    """A deployment, trouble of a healthy object, and trouble that is over draw no answer."""
    async with workplace(tmp_path, engine, WORLD) as at:
        for text in (
            "deployed deployment/web -n shop",
            "error rate of deployment/api -n shop is through the roof",
            '[RESOLVED] HighErrorRate namespace="shop", pod="web-6c9f7d8b54-k2x8q"',
        ):
            ts = await at.slack.say(at.alex, at.channel, text)
            await at.settled()
            assert at.answers(ts) == [], text


@pytest.mark.parametrize(
    "question", ["why is web crashing?", "web in shop 为什么起不来", "what is wrong with web-6c9f7d8b54-k2x8q"]
)
async def test_a_plain_question_finds_the_object_by_its_name(tmp_path, engine, question):
    async with workplace(tmp_path, engine, WORLD) as at:
        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {question}")
        lines = lines_of(await at.answer(ts))

    assert "no licence" in lines[0]


async def test_a_question_about_a_healthy_object_says_that_nothing_is_known_to_be_wrong(tmp_path, engine):
    async with workplace(tmp_path, engine, WORLD) as at:
        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> is api ok?")
        shown = "\n".join(lines_of(await at.answer(ts)))

    assert "NO KNOWN PROBLEM" in shown.upper()
    assert "shop/api" in shown
