"""Misuse incident channels, on purpose or by mistake. Each test has its own channels."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.diagnosing import Engine
from bot.policy import Policy
from bot.policy.model import AnswerLevel
from tests.channel_changes import channels_of
from tests.end_to_end.workplace import Workplace, broken_of, lines_of, words_of, workplace

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = "checkout is down, customers cannot pay"
MARK_AS = "casebook.mark_as"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> AsyncIterator[Workplace]:
    """Run with a policy that shows clusters to guests too; incident data must stay hidden from them."""
    usual = Policy.playground()
    generous = replace(usual, rules=usual.rules.model_copy(update={"guests": AnswerLevel.AS_OTHERS}))
    world = broken_of(engine, "run-as-nonroot-root-image").world
    data = tmp_path_factory.mktemp("attacks")
    async with workplace(data, engine, world, policy=generous, summary_slot_s=0.1) as there:
        yield there


def text_of(shown: Mapping[str, Any]) -> str:
    return "\n".join(lines_of(shown)) if shown.get("blocks") else str(shown.get("text") or "")


async def run_command(at: Workplace, user: str, channel: str, command: str) -> str:
    return text_of((await at.slack.slash(user, channel, command)).body)


async def incident(at: Workplace, name: str, *said: str) -> str:
    channel = at.slack.add_channel(name)
    for each in said or (REPORT,):
        await at.slack.say(at.alex, channel, each)
    await at.settled()
    return channel


async def test_guests_do_not_see_related_incidents(at, broken):
    await incident(at, "inc-1-elsewhere", broken.text)
    answers = {}
    for user in (at.bo, at.guest):
        room = at.slack.add_channel(f"room-of-{user.lower()}")
        ts = await at.slack.say(user, room, broken.text)
        await at.answer(ts, room)
        await at.settled()
        answers[user] = " ".join(text_of(one) for one in at.answers(ts, room))

    assert "#inc-1-elsewhere" in answers[at.bo]
    assert "CONFIRMED" in answers[at.guest]
    assert "inc-1-elsewhere" not in answers[at.guest]


async def test_pinning_the_summary_adds_no_timeline_entry(at):
    channel = await incident(at, "inc-2-own")
    summary = await at.slack.wait_for(lambda: next((one for one in at.ours(channel) if one.get("pinned_to")), None))

    await at.slack.marks.react(at.bo, channel, summary["ts"], "pushpin")
    before = {view["id"] for view in at.slack.views(at.alex)}
    await at.slack.shortcut(at.alex, channel, summary["ts"], callback_id=MARK_AS)
    refused = await at.opened(at.alex, before)
    await at.settled()

    told = [*(text_of(one) for one in at.slack.ephemerals(at.bo)), words_of(refused["blocks"])]
    assert ["this is casebook's summary" in one.lower() for one in told] == [True, True]
    assert "📌" not in await run_command(at, at.bo, channel, "incident timeline")


async def test_unarchived_channel_of_a_resolved_incident_stays_resolved(at):
    channel = await incident(at, "inc-3-archived")
    await at.resolve(at.bo, channel)
    await at.settled()
    before = await at.app.store.chronicles.get(channel)
    await channels_of(at.slack).archive(at.bo, channel)
    await at.settled()
    await channels_of(at.slack).unarchive(at.bo, channel)
    await at.slack.channel_actions.invite(at.bo, channel)
    await at.settled()

    assert (await at.app.store.chronicles.get(channel)).resolved == before.resolved
    assert "is already resolved" in await run_command(at, at.bo, channel, "incident resolve")
    assert "Reopened" in await run_command(at, at.bo, channel, "incident reopen")


async def test_channel_creator_is_told_once_how_to_invite_the_bot(at):
    at.slack.fail("conversations.join", error="missing_scope", needed="channels:join", times=9)
    channel = await channels_of(at.slack).create(at.bo, "inc-4-join")
    other = at.slack.add_channel("fire-4-join", bot=False)
    await run_command(at, at.bo, other, "incident open")
    await run_command(at, at.bo, other, "incident open")
    await at.settled()
    at.slack.clear_faults()
    told = [says for one in at.ours(at.slack.open_im(at.bo)) if "could not join" in (says := text_of(one))]

    assert [("#inc-4-join" in one, "#fire-4-join" in one) for one in told] == [(True, False), (False, True)]
    assert all("channels:join" in one and "/invite" in one for one in told)
    assert at.ours(channel) == []


async def sent(at: Workplace, event: Mapping[str, Any], **envelope: Any) -> int:
    """Send any event with Slack's signature and return the status of the answer."""
    whole = {"type": "event_callback", "event": event, "event_id": f"Ev{len(str(event))}", "event_time": 1, **envelope}
    body = json.dumps(whole).encode()
    return (await at.slack.send_raw(body, at.slack.sign(body) | {"Content-Type": "application/json"})).status


async def test_events_of_another_workspace_are_acknowledged_and_ignored(at):
    channel = await incident(at, "inc-5-theirs")
    said = {"type": "message", "channel": channel, "channel_type": "channel", "user": at.bo, "ts": "1790000000.000100"}
    theirs = {"team_id": "T0OTHER", "authorizations": [{"team_id": "T0OTHER", "is_enterprise_install": False}]}
    shared = {"team_id": "T0OTHER", "authorizations": [{"team_id": at.slack.team_id, "is_enterprise_install": False}]}

    statuses = [
        await sent(at, said | {"text": "decision: we format every disk"}, **theirs),
        await sent(at, {"type": "app_uninstalled"}, **theirs),
        await sent(at, said | {"text": "decision: we drain node seven", "ts": "1790000001.000100"}, **shared),
    ]
    await at.settled()

    assert statuses == [200, 200, 200]
    timeline = await run_command(at, at.bo, channel, "incident timeline")
    assert "format every disk" not in timeline
    assert "drain node seven" in timeline
    async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/readyz") as ready:
        assert ready.status == 200
