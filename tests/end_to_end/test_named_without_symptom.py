"""A text that names an object leads to that object, whether or not a signature matches."""

from __future__ import annotations

from typing import Any

from bot.cli.rehearsal import stage
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


async def test_an_object_named_without_a_symptom_is_answered_by_its_state(tmp_path, engine):
    """Also a question that names it; a deployment, trouble of a healthy object or trouble that is over gets nothing."""
    async with workplace(tmp_path, engine, WORLD) as at:
        bot = f"<@{at.slack.bot_user_id}>"
        for text in (
            "error rate of deployment/web -n shop is through the roof",
            'alert: HighErrorRate namespace="shop", pod="web-6c9f7d8b54-k2x8q"',
            "pod web-6c9f7d8b54-k2x8q -n shop 报错很多",
            f"{bot} why is web crashing?",
            f"{bot} web in shop 为什么起不来",
            f"{bot} what is wrong with web-6c9f7d8b54-k2x8q",
        ):
            # In channels of their own, because a repeated question is linked to its answer.
            channel = at.slack.add_channel(f"room-{len(at.slack.channels())}")
            lines = lines_of(await at.answer(await at.slack.say(at.alex, channel, text), channel))
            assert "no licence" in lines[0], text
            assert any(word in line for line in lines[:2] for word in ("CONFIRMED", "已证实")), text

        for text in (
            "deployed deployment/web -n shop",
            "error rate of deployment/api -n shop is through the roof",
            '[RESOLVED] HighErrorRate namespace="shop", pod="web-6c9f7d8b54-k2x8q"',
        ):
            ts = await at.slack.say(at.alex, at.channel, text)
            await at.settled()
            assert at.answers(ts) == [], text

        ts = await at.slack.say(at.alex, at.channel, f"{bot} is api ok?")
        shown = "\n".join(lines_of(await at.answer(ts)))
        assert "NO KNOWN PROBLEM" in shown.upper()
        assert "shop/api" in shown


async def test_other_cluster_that_has_the_object_is_named(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, others={"prod": stage(broken.world)}) as at:
        pasted = await at.slack.say(at.alex, at.channel, f"{broken.text}\ncluster=simulated")
        lines = lines_of(await at.answer(pasted))
        assert "Pod ledger/db-tikv-0 does not exist in cluster simulated" in lines[0]
        assert "It exists in cluster prod" in lines[0]
        asked = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> pod ledger/db-tikv-0 @simulated")
        assert any("but in cluster prod" in line for line in lines_of(await at.answer(asked)))
