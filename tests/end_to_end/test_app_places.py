"""The app's own places in Slack: prompts and threads of the agent view, the Home tab, feedback buttons."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.cli.rehearsal import stage
from bot.playground.slack import SimulatedSlack
from bot.policy import Policy
from bot.policy.model import Rules
from intents.feedback import summary_of
from responses.slack.presses import Press
from tests.end_to_end.test_alerts_webhook import TILL, TO_CHANNEL, TOKEN, alert, deliver, group, posts, resolved
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.watched_place import WELL, breaks, watching
from tests.end_to_end.workplace import (
    GRANTED,
    HEARD,
    Workplace,
    buttons_of,
    lines_of,
    pressable,
    words_of,
    workplace,
)

POD = "ledger/db-tikv-0"
GENERAL = ["Is the cluster ok?", "What does OOMKilled mean?", "What can you do?"]


def reading(*namespaces: str, **others: Any) -> Policy:
    area = {"clusters": ["*"], "namespaces": list(namespaces), "cluster_scoped": False}
    return Policy(rules=Rules.model_validate({"reading": [area], **others}))


def called(at: Workplace, method: str) -> int:
    return sum(each.method == method and each.ok for each in at.slack.calls)


async def home_of(at: Workplace, user: str) -> str:
    """Open the Home tab and return what it shows."""
    await at.slack.open_app(user)
    await at.settled()
    view = at.slack.home(user)
    return "\n".join(lines_of(view)) if view else ""


async def prompts_of(at: Workplace, user: str) -> list[str]:
    """Open the agent view and return the messages of its prompts."""
    await at.slack.open_app(user, "messages")
    await at.settled()
    shown = at.slack.prompts(at.slack.open_im(user)) or {"prompts": []}
    return [each["message"] for each in shown["prompts"]]


async def asked(at: Workplace, user: str, text: str, thread_ts: str = "") -> dict[str, Any]:
    """Ask in the agent view and return the answer."""
    direct = at.slack.open_im(user)
    ts = await at.slack.say(user, direct, text, thread_ts=thread_ts)
    await at.slack.wait_for(lambda: [one for one in at.answers(thread_ts or ts, direct) if one["ts"] > ts])
    await at.settled()
    return at.answers(thread_ts or ts, direct)[-1]


@pytest.mark.parametrize(
    ("locale", "why", "again"), [("en-US", "Why is pod", "and its events?"), ("zh-CN", "为什么不正常", "它的事件呢？")]
)
async def test_a_prompt_asks_about_what_is_unhealthy_and_its_thread_keeps_the_subject(
    tmp_path, engine, broken, locale, why, again
):
    async with workplace(tmp_path, engine, broken.world) as at:
        user = at.slack.add_user("ada", locale=locale)
        direct = at.slack.open_im(user)
        first, *general = await prompts_of(at, user)
        assert why in first
        assert POD in first
        assert len(general) == 2

        answer = await asked(at, user, first)
        assert "runAsNonRoot" in words_of(answer["blocks"])
        (session,) = at.slack.sessions(direct)
        assert (session["status"], session["title"]) == ("active", first)
        statuses = [one.arguments["status"] for one in at.slack.calls if one.method == "agents.sessions.setStatus"]
        assert statuses == ["processing", "active"]

        events = await asked(at, user, again, session["thread_ts"])
        assert POD in words_of(events["blocks"])
        assert "Failed" in words_of(events["blocks"])


async def test_of_several_clusters_a_prompt_names_its_own_and_one_that_is_away_is_named(tmp_path, engine, broken):
    away = {"away": "http://127.0.0.1:9"}
    others = {"staging": stage(broken.world)}
    async with workplace(tmp_path, engine, others=others, addresses=away) as at:
        first = (await prompts_of(at, at.alex))[0]
        assert "in cluster staging" in first
        answer = words_of((await asked(at, at.alex, first))["blocks"])
        assert "runAsNonRoot" in answer
        assert "cluster staging" in answer

        home = await home_of(at, at.alex)
        assert "1 problem in cluster staging" in home
        assert "Nothing unhealthy found in cluster simulated" in home
        assert "cluster away could not be queried" in home


async def test_prompts_and_the_home_tab_show_only_what_the_policy_allows(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, policy=reading("shop")) as at:
        assert await prompts_of(at, at.alex) == GENERAL
        home = await home_of(at, at.alex)
        assert "Nothing unhealthy found" in home
        assert "ledger" not in home
        assert "Missing permissions" not in home

        # A guest sees no cluster, and no read is made.
        at.cluster.requests.clear()
        assert await prompts_of(at, at.guest) == GENERAL
        assert "guests" in await home_of(at, at.guest)
        assert [sent for sent in at.cluster.requests if POD.partition("/")[0] in sent.path] == []


async def test_the_home_tab_is_rebuilt_when_it_is_opened_and_at_most_once_a_minute(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        assert f"Pod {POD}" in await home_of(at, at.alex)
        for _ in range(3):
            await home_of(at, at.alex)
        assert called(at, "views.publish") == 1
        assert await home_of(at, at.bo)
        assert called(at, "views.publish") == 2

        at.clock.advance(timedelta(seconds=61))
        await home_of(at, at.alex)
        assert called(at, "views.publish") == 3


async def test_the_home_tab_diagnoses_in_the_direct_message_and_lists_what_the_person_asked(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        await home_of(at, at.alex)
        button = pressable(at.slack.home(at.alex) or {}, Press.DIAGNOSE)
        await at.slack.click_home(at.alex, button["action_id"], value=button["value"])
        direct = at.slack.open_im(at.alex)
        (answer,) = await at.slack.wait_for(lambda: [one for one in at.ours(direct) if "⏳" not in one["text"]])
        assert "runAsNonRoot" in words_of(answer["blocks"])
        await at.settled()

        at.clock.advance(timedelta(minutes=2))
        home = await home_of(at, at.alex)
        assert "Your recent diagnoses" in home
        assert f"/archives/{direct}/p{answer['ts'].replace('.', '')}" in home
        assert "Your recent diagnoses" not in await home_of(at, at.bo)


async def test_a_button_of_the_home_tab_shows_the_places_that_it_has_no_room_for(tmp_path, engine, broken):
    one = json.dumps([each for each in broken.world["objects"] if each["kind"] == "Pod"])
    several = [pod for number in range(7) for pod in json.loads(one.replace("ledger", f"ledger-{number}"))]
    async with workplace(tmp_path, engine, {"objects": several}) as at:
        assert "ledger-6" not in await home_of(at, at.alex)
        (button,) = [one for one in buttons_of(at.slack.home(at.alex) or {}) if one["action_id"].startswith(Press.ASK)]
        await at.slack.click_home(at.alex, button["action_id"], value=button["value"])
        direct = at.slack.open_im(at.alex)
        (answer,) = await at.slack.wait_for(lambda: [one for one in at.ours(direct) if "⏳" not in one["text"]])
        assert "ledger-6" in words_of(answer["blocks"])


async def test_open_posts_incidents_and_mutes_are_shown_from_public_channels_to_whom_the_policy_allows(
    tmp_path, engine
):
    async with watching(tmp_path, engine, WELL) as at:
        await breaks(at)
        at.clock.advance(timedelta(minutes=3))
        await at.slack.wait_for(at.ours)
        await at.slack.slash(at.alex, at.channel, "mute namespace till 7d known")
        incident, secret = at.slack.add_channel("inc-1"), at.slack.add_channel("inc-2", private=True, members=[at.bo])
        for user, channel in ((at.alex, incident), (at.bo, secret)):
            await at.slack.slash(user, channel, "incident open")
        await at.settled()

        home = await home_of(at, at.bo)
        (post,) = at.ours()
        assert f"/archives/{at.channel}/p{post['ts'].replace('.', '')}" in home
        assert f"#{incident}" in home
        assert secret not in home
        assert "Namespace till" in home

        # A guest of the workspace sees none of it.
        assert "till" not in await home_of(at, at.guest)


async def test_firing_alerts_are_listed_until_they_are_resolved_for_whom_their_namespace_is_shown(tmp_path, engine):
    firing = group(*map(alert, TILL))
    policy = reading("till")
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN, policy=policy) as at:
        await deliver(at, firing)
        await posts(at, 1)
        assert "6 alerts firing" in await home_of(at, at.alex)
        assert "alerts firing" not in await home_of(at, at.guest)

        await deliver(at, group(*map(resolved, map(alert, TILL))))
        await at.settled()
        at.clock.advance(timedelta(minutes=2))
        assert "alerts firing" not in await home_of(at, at.alex)


async def test_operators_see_what_is_not_granted(tmp_path, engine, broken):
    scopes = [scope for scope in GRANTED if scope not in ("pins:write", "assistant:write")]
    slack = SimulatedSlack(paced=False, events=HEARD, scopes=scopes)
    async with workplace(tmp_path, engine, broken.world, slack=slack) as at:
        assert "pins:write" in await home_of(at, at.alex)
        # Without its scope the agent view has no prompts, and its questions are answered.
        assert await prompts_of(at, at.alex) == []
        assert "runAsNonRoot" in words_of((await asked(at, at.alex, broken.text))["blocks"])


async def test_a_direct_message_that_is_gone_gets_nothing_and_no_error(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        direct = at.slack.open_im(at.alex)
        for method in ("agents.sessions.setStatus", "chat.postMessage", "assistant.threads.setSuggestedPrompts"):
            at.slack.fail(method, error="channel_not_found", times=20)
        await at.slack.say(at.alex, direct, broken.text)
        await prompts_of(at, at.alex)
        await at.settled()
        assert at.ours(direct) == []
        posts = [one for one in at.slack.calls if one.method == "chat.postMessage"]
        assert {one.arguments["channel"] for one in posts} <= {direct}


async def test_feedback_buttons_mark_an_answer_as_wrong_or_helpful(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {broken.text}")
        answer = await at.answer(ts)
        (thumbs,) = [one for one in buttons_of(answer["blocks"]) if one["type"] == "feedback_buttons"]
        good, bad = (thumbs[half]["value"] for half in ("positive_button", "negative_button"))

        before = {view["id"] for view in at.slack.views(at.bo)}
        await at.slack.click(at.bo, at.channel, answer["ts"], thumbs["action_id"], value=bad)
        assert "The answer said" in words_of((await at.opened(at.bo, before))["blocks"])
        await at.slack.wait_for(lambda: "Marked as wrong" in words_of(at.answers(ts)[0]["blocks"]))
        await at.slack.click(at.alex, at.channel, answer["ts"], thumbs["action_id"], value=good)
        await at.settled()
        found = summary_of(await at.app.store.feedback_reader.records(at.clock().replace(year=2000)))
        assert (found.helpful, [one.wrong for one in found.wrong]) == (1, [1])

        # Who changes their mind takes the mark back.
        await at.slack.click(at.bo, at.channel, answer["ts"], thumbs["action_id"], value=good)
        await at.slack.wait_for(lambda: "Marked as wrong" not in "\n".join(lines_of(at.answers(ts)[0])))
        await at.settled()
        found = summary_of(await at.app.store.feedback_reader.records(at.clock().replace(year=2000)))
        assert (found.helpful, found.wrong) == (2, ())

        # Nobody asked for the answer to a pasted error: below it there is only the menu.
        other = at.slack.add_channel("other")
        pasted = await at.answer(await at.slack.say(at.alex, other, broken.text), other)
        assert [one for one in buttons_of(pasted["blocks"]) if one["type"] == "feedback_buttons"] == []
