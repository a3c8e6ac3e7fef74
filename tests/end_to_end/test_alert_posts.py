"""Alerts that other apps post: the object is diagnosed, quiet channels stay quiet, an end is said once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bot.diagnosing import Engine
from bot.policy.channel_defaults import AlertAnswers, ChannelDefault, ChannelDefaults
from tests.end_to_end.workplace import Workplace, lines_of, workplace

CONTAINERS = {"app": {"image": "web:1", "limits": {"memory": "64Mi"}}}
SCENE = {"scene": {"Deployment/shop/web": {"containers": CONTAINERS, "pods": {"web-0": {}}}}}
BROKEN = {**SCENE, "faults": {"Pod/shop/web-0": {"exited": "OOMKilled", "restarts": 9, "waiting": "CrashLoopBackOff"}}}
LABELS = {
    "alertname": "KubePodCrashLooping", "container": "app", "job": "kube-state-metrics", "namespace": "shop",
    "pod": "web-0", "severity": "warning",
}  # fmt: skip


def post(state: str) -> str:
    details = "\n".join(f" • *{key}:* `{value}`" for key, value in LABELS.items())
    return f"[{state}] KubePodCrashLooping\n*Details:*\n{details}"


async def said(at: Workplace, author: str, text: str, *, channel: str = "") -> str:
    return await at.slack.say(author, channel or at.channel, text, bot=True)


async def below(at: Workplace, ts: str, words: str, *, channel: str = "") -> None:
    await at.slack.wait_for(lambda: any(words in "\n".join(lines_of(one)) for one in at.answers(ts, channel)))


async def test_the_end_of_an_alert_is_said_once_until_it_fires_again_in_the_same_post(
    tmp_path: Path, engine: Engine
) -> None:
    async with workplace(tmp_path, engine, BROKEN) as at:
        author = at.slack.add_user("alertmanager")
        ts = await said(at, author, post("FIRING:1"))
        await below(at, ts, "CONFIRMED")

        for _ in range(2):
            await at.slack.edit(author, at.channel, ts, post("RESOLVED"))
        await at.slack.wait_for(lambda: len(at.answers(ts)) == 2)
        await below(at, ts, "Was:")
        assert [one for one in at.answers(ts) if "alert is over" not in "\n".join(lines_of(one))] == []

        await at.slack.edit(author, at.channel, ts, post("FIRING:1"))

        await at.slack.wait_for(lambda: "Was:" not in "\n".join(lines_of(at.answers(ts)[0])))
        await below(at, ts, "CONFIRMED")


async def test_the_answer_shows_the_address_of_the_runbook_of_an_alert(tmp_path: Path, engine: Engine) -> None:
    address = "https://wiki.example/alerts/crash-looping"
    async with workplace(tmp_path, engine, BROKEN) as at:
        for number, line in enumerate(("*Runbook:* <{}|:notebook:>", "<{}|Runbook>", "runbook_url: {}")):
            author, channel = at.slack.add_user(f"app-{number}"), at.slack.add_channel(f"alerts-{number}")
            ts = await said(at, author, f"{post('FIRING:1')}\n{line.format(address)}", channel=channel)
            await at.answer(ts, channel)
            shown = "\n".join(lines_of(at.answers(ts, channel)[0]))
            assert f"Read more: the alert's runbook {address}" in shown, line


async def test_an_alert_about_a_healthy_object_is_told_so(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, SCENE) as at:
        await below(at, await said(at, at.slack.add_user("alertmanager"), post("FIRING:1")), "NO KNOWN PROBLEM")


async def test_a_post_of_its_own_closes_the_answer(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, BROKEN) as at:
        author = at.slack.add_user("alertmanager")
        ts = await said(at, author, post("FIRING:1"))
        await below(at, ts, "CONFIRMED")

        other = post("RESOLVED").replace("web-0", "web-1")
        ends = [await said(at, author, text) for text in (other, post("RESOLVED"), post("RESOLVED"))]
        await at.slack.wait_for(lambda: len(at.answers(ts)) == 2)

        answer = "\n".join(lines_of(at.answers(ts)[0]))
        assert "is over" in answer
        assert "Raise memory limit" not in answer
        assert len(at.answers(ts)) == 2
        assert not any(map(at.answers, ends))

        again = await said(at, author, post("FIRING:1"))
        await below(at, again, "CONFIRMED")


async def test_a_channel_may_want_less(tmp_path: Path, engine: Engine) -> None:
    wanted = {"C0000000OFF": AlertAnswers.OFF, "C000PROVEN": AlertAnswers.PROVEN}
    entries = tuple(ChannelDefault(channels=(channel,), alerts=mode) for channel, mode in wanted.items())
    async with workplace(tmp_path, engine, SCENE, channel_defaults=ChannelDefaults(entries=entries)) as at:
        for channel, mode in wanted.items():
            at.slack.add_channel(mode.lower(), id=channel)
            ts = await said(at, at.slack.add_user(f"app-{channel}"), post("FIRING:1"), channel=channel)
            asked = await at.slack.say(at.alex, channel, f"<@{at.slack.bot_user_id}> pod shop/web-0")
            await at.slack.wait_for(partial(at.answers, asked, channel))

            assert at.answers(ts, channel) == [], mode
