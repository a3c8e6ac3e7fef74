"""Requests in words that no diagnosis answers: what is to be done, incidents, mutes, thanks, help."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from responses.slack.presses import Press
from tests.end_to_end.test_names_as_meant import mentioned
from tests.end_to_end.workplace import Workplace, Worlds, buttons_of, lines_of, words_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    return [WORLD]


WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/thumbs/web": {"replicas": 2, "containers": {"app": "web:7"}},
        "Deployment/shop/cart": {"pods": {"cart-7d9f8b6c54-k2x8q": {"age": "40m"}}, "containers": {"app": "cart:2"}},
        "Deployment/feeds/reader": {"replicas": 2, "containers": {"app": "reader:2"}},
        "CronJob/analytics/digest": {"schedule": "0 * * * *", "containers": {"app": "digest:1"}},
    },
    "faults": {
        "Pod/shop/cart-7d9f8b6c54-k2x8q": {"exited": 3, "restarts": 8, "waiting": "CrashLoopBackOff", "since": "20m"},
    },
}
HELP = ("hello", "what can you do?", "你能做什么")


def remedies(message: dict[str, Any]) -> list[str]:
    """Return the labels of the buttons that lead to a preview."""
    buttons = [one for one in buttons_of(message["blocks"]) if one["action_id"].startswith(str(Press.REMEDY))]
    return [button["text"]["text"] for button in buttons]


@pytest.mark.parametrize(
    ("text", "state", "label"),
    [
        ("restart deployment thumbs/web", "Deployment thumbs/web: 2 of 2 pods ready", "Restart all pods"),
        ("pls bounce web in thumbs", "Deployment thumbs/web: 2 of 2 pods ready", "Restart all pods"),
        ("scale web to 5", "Deployment thumbs/web: 2 of 2 pods ready", "Scale workload: 5"),
        ("drain worker-c", "Node worker-c: its status shows no trouble", "Drain node"),
        ("把 digest 停了", "CronJob analytics/digest", "暂停运行"),
    ],
)
async def test_an_action_is_offered_and_never_done(at, text, state, label):
    answer = await mentioned(at, text)

    assert lines_of(answer)[0].startswith(state)
    assert remedies(answer) == [label]
    assert at.writes() == []


async def test_a_confirmed_request_is_carried_out_told_and_undone(at):
    answer = await mentioned(at, "扩容 reader 到 3 个副本")
    await at.confirm(at.alex, answer)
    await at.settled()

    (stood,) = [one for one in at.answers(answer["thread_ts"]) if one["ts"] == answer["ts"]]
    assert any("已完成" in line for line in lines_of(stood))
    assert at.writes() == [("PATCH", "/apis/apps/v1/namespaces/feeds/deployments/reader")]
    assert [button["text"]["text"] for button in buttons_of(stood["blocks"])] == ["↩ 撤销"]
    audited = [(one.action, one.outcome) for one in await at.audited()]
    assert ("scale", "done") in audited, audited


async def test_why_there_is_no_button_is_told(at):
    gone = await mentioned(at, "delete deployment thumbs/web")
    assert lines_of(gone)[0] == "Deployment thumbs/web: 2 of 2 pods ready"
    assert "no such action for a Deployment" in words_of(gone["blocks"])
    assert "It can offer: Restart all pods, Roll back workload, Scale workload" in words_of(gone["blocks"])
    same = await mentioned(at, "scale web to 2")
    assert "already has 2 replicas" in words_of(same["blocks"])
    assert remedies(same) == []
    first = await mentioned(at, "roll back cart in shop")
    assert "keeps no earlier revision" in words_of(first["blocks"])
    nobody = await mentioned(at, "restart paymentz")
    assert lines_of(nobody)[0].startswith("Which object?")
    open_ = await mentioned(at, "scale web")
    await at.slack.click(at.alex, at.channel, open_["ts"], f"{Press.REMEDY}:0")
    form = await at.opened(at.alex)
    assert "wanted number of pods" in words_of(form["blocks"])
    assert at.writes() == []


async def muted(at: Workplace) -> list[tuple[str, timedelta]]:
    now = at.clock()
    kept = await at.app.store.mutes.list(at.channel, now)
    return [(one.muted, one.until - one.at) for one in kept if one.until]


async def test_a_mute_in_words_needs_a_subject(at):
    for text in ("mute everything", "mute for an hour", "全部静音一天"):
        assert "shop/web" in words_of((await mentioned(at, text))["blocks"]), text
        assert await muted(at) == [], text

    await mentioned(at, "mute thumbs/web for an hour because of the load test")
    await mentioned(at, "analytics 先屏蔽一个小时")
    await mentioned(at, "please silence image-pull-failed until tomorrow")
    hour = timedelta(hours=1)
    assert await muted(at) == [
        ("Deployment thumbs/web", hour),
        ("Namespace analytics", hour),
        ("image-pull-failed", timedelta(days=1)),
    ]
    listed = await mentioned(at, "muted")
    assert "the load test" in words_of(listed["blocks"])

    await mentioned(at, "unmute thumbs/web")
    await mentioned(at, "取消屏蔽 analytics")
    assert [one for one, _ in await muted(at)] == ["image-pull-failed"]


async def test_thanks_get_a_reaction_and_no_message(at):
    question = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> is web in thumbs ok?")
    await at.answer(question)
    before = len(at.answers(question))
    thanked = ("thanks!", "谢谢", "thx, that fixed it")
    for text, emoji in (*((one, "thumbsup") for one in thanked), ("hi", "wave")):
        ts = await at.slack.say(at.bo, at.channel, f"<@{at.slack.bot_user_id}> {text}", thread_ts=question)
        await at.settled()
        assert [one["name"] for one in at.slack.message(at.channel, ts)["reactions"]] == [emoji], text
    assert len(at.answers(question)) == before

    direct = at.slack.open_im(at.alex)
    ts = await at.slack.say(at.alex, direct, "thank you")
    await at.settled()
    assert [one["name"] for one in at.slack.message(direct, ts)["reactions"]] == ["thumbsup"]
    assert at.ours(direct) == []


@pytest.mark.parametrize("text", HELP)
async def test_help_has_examples_of_this_cluster(at, text):
    shown = lines_of(await mentioned(at, text))
    assert sum("shop/cart" in line for line in shown) == 2, shown
    assert "/diagnose help" in shown[-1]
    assert len(shown) == 5


async def test_incidents_are_listed_for_who_may_see_them(at):
    assert lines_of(await mentioned(at, "any open incidents?"))[0].startswith("No open incidents")
    public = at.slack.add_channel("inc-checkout")
    private = at.slack.add_channel("inc-secret", private=True)
    for channel in (public, private):
        await at.app.store.chronicles.open(channel, team=at.slack.team_id, name="inc-x", at=at.clock())
    shown = await mentioned(at, "any open incidents?")
    assert public in str(shown["blocks"])
    assert private not in str(shown["blocks"])


async def test_a_thread_keeps_what_is_to_be_changed(at):
    pasted = "pod shop/cart-7d9f8b6c54-k2x8q is in CrashLoopBackOff, back-off restarting failed container"
    root = await at.slack.say(at.alex, at.channel, pasted)
    await at.answer(root)

    async def then(text: str) -> dict[str, Any]:
        known = {one["ts"] for one in at.answers(root)}
        await at.slack.say(at.bo, at.channel, f"<@{at.slack.bot_user_id}> {text}", thread_ts=root)
        (new,) = await at.slack.wait_for(lambda: [one for one in at.answers(root) if one["ts"] not in known])
        await at.settled()
        return new

    assert remedies(await then("restart it")) == ["Restart pod"]
    assert lines_of(await then("scale it to 3"))[0].startswith("Deployment shop/cart: 0 of 1 pods ready")
    await then("mute it for 2 hours")
    assert await muted(at) == [("Deployment shop/cart", timedelta(hours=2))]


async def test_without_the_scope_thanks_get_nothing(at):
    at.slack.fail("reactions.add", error="missing_scope", needed="reactions:write", times=9)
    ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> thanks")
    await at.settled()
    assert at.answers(ts) == []
