"""Test failures around incident channels: handled, reported once where somebody can act, nothing lost.

All tests share one workplace; each has its own channel.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.diagnosing import Engine
from bot.playground.slack import RecordedCall, SimulatedSlack
from bot.store import ChannelState
from tests.channel_changes import channels_of
from tests.end_to_end.workplace import GRANTED, HEARD, UNPACED_ONCE, Clock, Workplace, lines_of, workplace
from tests.slack_administration import invite_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = "checkout is down, customers cannot pay"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> AsyncIterator[Workplace]:
    data, clock = tmp_path_factory.mktemp("mishaps"), Clock()
    slack = SimulatedSlack(
        clock=lambda: clock().timestamp(), signature_clock=time.time, paced=False, events=HEARD, scopes=GRANTED
    )
    audit = slack.add_channel("audit")
    # Both happened at one time: the order between them does not matter.
    async with workplace(
        data, engine, slack=slack, clock=clock, summary_slot_s=0.1, slack_limits=UNPACED_ONCE, audit_channel=audit
    ) as there:
        yield there


def text_of(shown: Mapping[str, Any]) -> str:
    return "\n".join(lines_of(shown)) if shown.get("blocks") else str(shown["text"])


def pinned(at: Workplace, channel: str) -> dict[str, Any] | None:
    found = [one for one in at.ours(channel) if one.get("pinned_to")]
    assert len(found) <= 1
    return found[0] if found else None


def summary(at: Workplace, channel: str) -> str:
    shown = pinned(at, channel)
    return text_of(shown) if shown else ""


def summary_ts(at: Workplace, channel: str) -> str:
    shown = pinned(at, channel)
    assert shown is not None
    return str(shown["ts"])


def posted_texts(at: Workplace, channel: str) -> list[str]:
    """Return our messages in the channel itself, without the summary."""
    return [text_of(one) for one in at.ours(channel) if not one.get("pinned_to")]


def calls(at: Workplace, method: str, channel: str) -> list[RecordedCall]:
    return [one for one in at.slack.calls if one.method == method and channel in str(one.arguments)]


async def wait_for_summary(at: Workplace, channel: str, *words: str) -> str:
    """Wait until the pinned summary contains all these texts and return it."""

    def says() -> str:
        text = summary(at, channel)
        return text if all(each in text for each in words) else ""

    return await at.slack.wait_for(says, timeout=20)


async def incident(at: Workplace, name: str) -> str:
    channel = at.slack.add_channel(name)
    await at.slack.say(at.alex, channel, REPORT)
    await wait_for_summary(at, channel, REPORT)
    await at.settled()
    return channel


async def wait_until_shown(at: Workplace, channel: str) -> None:
    """Wait until every change is shown."""
    for _ in range(500):
        known = await at.app.store.chronicles.get(channel)
        if known is not None and known.shown == known.revision:
            break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("the summary falls behind")
    await at.settled()


async def run_command(at: Workplace, user: str, channel: str, command: str) -> str:
    return text_of((await at.slack.slash(user, channel, command)).body)


async def test_messages_during_removal_are_read_after_reinvitation(at):
    channel = await incident(at, "inc-1-removed")
    await channels_of(at.slack).remove(at.alex, channel)
    await at.slack.say(at.alex, channel, "decision: we fail over to region B")
    # Meanwhile it gets a change that it cannot show.
    known = await at.app.store.chronicles.get(channel)
    await at.app.store.chronicles.rename(channel, "inc-1-renamed", at.clock())
    await at.app.jobs.start("summary", f"test.{channel}", {"channel": channel})
    await at.slack.wait_for(lambda: [one for one in calls(at, "chat.update", channel) if one.error == "not_in_channel"])
    await at.settled()

    await at.slack.channel_actions.invite(at.alex, channel)
    says = await wait_for_summary(at, channel, "fail over to region B", "inc-1-renamed")
    await at.settled()

    assert REPORT in says
    assert summary_ts(at, channel) == known.summary_ts
    assert posted_texts(at, channel) == []


async def test_user_who_removes_the_bot_is_told_once_how_to_reinvite_it(at):
    audit = next(one["id"] for one in at.slack.channels() if one["name"] == "audit")
    live, over = await incident(at, "inc-1c-live"), await incident(at, "inc-1d-over")
    secret = at.slack.add_channel("inc-1e-secret", private=True, members=[at.bo])
    invite_bot(at.slack, secret)
    await at.slack.say(at.bo, secret, REPORT)
    await wait_for_summary(at, secret, REPORT)
    await at.resolve(at.bo, over)
    await at.settled()

    for channel in (live, over, secret):
        await channels_of(at.slack).remove(at.bo, channel)
    event = next(one for one in reversed(at.slack.deliveries) if "channel_left" in str(one.payload))
    await at.slack.redeliver(event.payload["event_id"])
    await at.settled()

    told = [text_of(one) for one in at.ours(at.slack.open_im(at.bo))]
    heard = [says for one in at.ours(audit) if "by bo." in (says := text_of(one))]
    assert [("#inc-1c-live" in one, "#inc-1e-secret" in one) for one in told] == [(True, False), (False, True)]
    assert all("/invite" in one for one in told)
    assert len(heard) == 2
    assert "#inc-1c-live" in heard[0]
    assert "secret" not in heard[1]


async def test_reinvited_bot_updates_the_summary_without_new_messages(at):
    channel = await incident(at, "inc-1b-removed")
    await channels_of(at.slack).remove(at.alex, channel)
    await at.app.store.chronicles.rename(channel, "inc-1b-renamed", at.clock())
    await at.app.jobs.start("summary", f"test.{channel}", {"channel": channel})
    await at.slack.wait_for(lambda: [one for one in calls(at, "chat.update", channel) if one.error == "not_in_channel"])
    await at.settled()

    await at.slack.channel_actions.invite(at.alex, channel)

    assert await wait_for_summary(at, channel, "inc-1b-renamed")


async def test_summary_without_the_pin_scope_names_it_once(at):
    channel = at.slack.add_channel("inc-2-pins")
    at.slack.fail("pins.add", error="missing_scope", needed="pins:write", times=99, given={"channel": channel})
    for text in (REPORT, "I'll take IC", "mitigated, error rate is back to normal"):
        await at.slack.say(at.alex, channel, text)
    await at.slack.wait_for(lambda: any("Mitigated" in each for each in posted_texts(at, channel)))
    await at.settled()

    first, *others = at.ours(channel)
    assert "Mitigated" in text_of(first)
    assert [("pins:write" in text_of(one), one["thread_ts"]) for one in others] == [(True, first["ts"])]


async def test_unavailable_canvases_are_not_requested_again(at):
    channel = at.slack.add_channel("inc-3-canvas")
    scope = {"channel_id": channel}
    at.slack.fail(
        "conversations.canvases.create", error="missing_scope", needed="canvases:write", times=99, given=scope
    )
    await at.slack.say(at.alex, channel, REPORT)
    await wait_for_summary(at, channel, REPORT)
    at.clock.advance(timedelta(minutes=2))
    await at.slack.say(at.alex, channel, "I'll take IC")
    await wait_for_summary(at, channel, "Commander")
    await at.settled()

    assert posted_texts(at, channel) == []
    assert len(calls(at, "conversations.canvases.create", channel)) == 1


async def test_bot_that_cannot_join_starts_after_invitation(at):
    at.slack.fail("conversations.join", error="missing_scope", needed="channels:join", times=9)
    channel = await channels_of(at.slack).create(at.alex, "inc-4-join", members=[at.bo])
    await at.slack.say(at.bo, channel, REPORT)
    await at.settled()
    at.slack.clear_faults()
    before = (await at.app.store.chronicles.get(channel), at.ours(channel))

    await at.slack.channel_actions.invite(at.alex, channel)

    assert before == (None, [])
    assert await wait_for_summary(at, channel, REPORT)


async def test_manually_deleted_summary_is_reposted_once_with_the_next_change(at):
    channel = await incident(at, "inc-5-deleted")
    first = summary_ts(at, channel)
    await at.slack.remove(at.alex, channel, first, admin=True)
    await at.settled()
    nothing_changed = at.ours(channel)

    await at.slack.say(at.bo, channel, "I'll take IC")
    says = await wait_for_summary(at, channel, "Commander")
    await at.settled()
    second = summary_ts(at, channel)
    await at.slack.say(at.bo, channel, "mitigated, error rate is back to normal")
    await wait_for_summary(at, channel, "Mitigated")
    await at.settled()

    assert nothing_changed == []
    assert REPORT in says
    assert summary_ts(at, channel) == second != first
    assert len(at.ours(channel)) == 1
    known = await at.app.store.chronicles.get(channel)
    assert known.shown == known.revision


async def test_a_change_is_shown_while_an_update_that_slack_failed_waits_for_its_retry(at):
    channel = await incident(at, "inc-5b-failed")
    updates = len(calls(at, "chat.update", channel))
    # The retries follow after 2 and 5 seconds.
    at.slack.fail("chat.update", status=503, times=2, given={"channel": channel})
    await at.slack.say(at.bo, channel, "I'll take IC")
    await at.slack.wait_for(lambda: len(calls(at, "chat.update", channel)) == updates + 2)
    began = time.monotonic()

    await at.slack.say(at.bo, channel, "mitigated, error rate is back to normal")
    await wait_for_summary(at, channel, "Commander", "Mitigated")

    assert time.monotonic() - began < 3
    await wait_until_shown(at, channel)
    assert len(at.ours(channel)) == 1


async def test_manually_deleted_canvas_is_not_created_again(at):
    channel = await incident(at, "inc-6-canvas")
    made = await at.slack.wait_for(lambda: at.slack.canvases.of(channel))
    await at.settled()
    at.slack.canvases.delete(made.id)
    for after, text, says in (
        (timedelta(minutes=2), "I'll take IC", "Commander"),
        (timedelta(minutes=2), "mitigated, error rate is back to normal", "Mitigated"),
        (timedelta(hours=7), "all good again, resolved", "Resolved"),
    ):
        at.clock.advance(after)
        await at.slack.say(at.bo, channel, text)
        await wait_for_summary(at, channel, says)
        await at.settled()

    assert at.slack.canvases.of(channel) is None
    assert len(calls(at, "conversations.canvases.create", channel)) == 1
    assert posted_texts(at, channel) == []


async def test_channel_renamed_during_an_update_stays_an_incident_with_its_new_name(at):
    channel = await incident(at, "inc-7-rename")
    at.slack.latency = 0.1
    try:
        await at.slack.say(at.bo, channel, "I'll take IC")
        await at.slack.wait_for(lambda: at.app.jobs.running)
        await channels_of(at.slack).rename(at.alex, channel, "checkout-fire")
    finally:
        at.slack.latency = 0.0
    await at.slack.say(at.bo, channel, "mitigated, error rate is back to normal")

    says = await wait_for_summary(at, channel, "Mitigated", "#checkout-fire", "Commander")

    assert "inc-7-rename" not in says.splitlines()[0]
    assert posted_texts(at, channel) == []


async def test_channel_archived_during_an_update_loses_nothing_and_resumes(at):
    channel = await incident(at, "inc-8-archive")
    at.slack.latency = 0.1
    try:
        await at.slack.say(at.bo, channel, "decision: we fail over to region B")
        await channels_of(at.slack).archive(at.alex, channel)
    finally:
        at.slack.latency = 0.0
    await at.slack.wait_for(lambda: [one for one in calls(at, "chat.postMessage", at.alex) if one.ok])
    await at.settled()
    known = await at.app.store.chronicles.get(channel)
    kept = str(await at.app.store.chronicles.facts(channel))

    assert known.state is ChannelState.ARCHIVED
    assert "region B" in kept

    await channels_of(at.slack).unarchive(at.alex, channel)
    await at.slack.channel_actions.invite(at.alex, channel)
    await at.slack.say(at.bo, channel, "mitigated, error rate is back to normal")

    assert await wait_for_summary(at, channel, REPORT, "region B", "Mitigated")


async def test_edited_or_deleted_decision_is_removed_everywhere(at):
    channel = await incident(at, "inc-9-edited")
    edited = await at.slack.say(at.bo, channel, "decision: we fail over to region B")
    deleted = await at.slack.say(at.bo, channel, "decision: we restart the blue pool")
    await wait_for_summary(at, channel, "region B", "blue pool")

    await at.slack.edit(at.bo, channel, edited, "never mind")
    await at.slack.remove(at.bo, channel, deleted)
    await at.slack.wait_for(lambda: not any(each in summary(at, channel) for each in ("region B", "blue pool")))

    told = await run_command(at, at.alex, channel, "incident timeline")
    assert REPORT in told
    assert "region B" not in told
    assert "blue pool" not in told


async def test_message_of_40000_characters_gives_one_timeline_line(at):
    channel = await incident(at, "inc-10-long")
    line = "2026-01-01T00:00:00Z checkout E dial tcp 10.0.0.1:5432: connect: connection refused <!channel> *x* `\n"
    await at.slack.say(at.bo, channel, (line * 500)[:39_000] + "\nWe decided to roll back checkout to v41", bot=True)
    await at.slack.say(at.alex, channel, "mitigated, error rate is back to normal")

    says = await wait_for_summary(at, channel, "Mitigated")

    assert REPORT in says
    assert len(says) < 9_000
    facts = await at.app.store.chronicles.facts(channel)
    assert any("connection refused" in str(fact.document) for fact in facts)
    assert max(len(str(fact.document)) for fact in facts) < 9_000


async def test_dismissed_incident_stops_recording_with_one_notice(at):
    channel = await incident(at, "inc-11-lunch")
    said = await at.slack.say(at.bo, channel, "decision: pizza for everybody")
    await wait_for_summary(at, channel, "pizza")
    canvas = await at.slack.wait_for(lambda: at.slack.canvases.of(channel))

    for _ in range(2):
        await run_command(at, at.bo, channel, "incident dismiss")
    await at.slack.wait_for(lambda: len(posted_texts(at, channel)) == 1 and pinned(at, channel) is None)
    await at.settled()
    before = await at.app.store.chronicles.facts(channel)
    await at.slack.edit(at.bo, channel, said, "decision: sushi for everybody")
    await at.slack.say(at.bo, channel, "payments are down as well, nobody can pay")
    await at.slack.marks.react(at.bo, channel, said, "pushpin")
    await channels_of(at.slack).rename(at.alex, channel, "inc-12-lunch")
    await at.settled()

    assert [each.startswith("🙅 Dismissed") for each in posted_texts(at, channel)] == [True]
    assert await at.app.store.chronicles.facts(channel) == before
    assert (await at.app.store.chronicles.get(channel)).state is ChannelState.DISMISSED
    assert "pizza" not in canvas.markdown
    assert "was dismissed" in canvas.markdown


async def test_shared_channel_cannot_be_an_incident_and_the_requester_is_told_why(at):
    channel = at.slack.add_channel("inc-13-shared", external=True)
    await at.slack.say(at.alex, channel, REPORT)
    await at.settled()

    assert "shared with another organisation" in await run_command(at, at.alex, channel, "incident open")
    assert await at.app.store.chronicles.get(channel) is None
    assert at.ours(channel) == []


async def test_channel_that_became_shared_stops_recording_with_one_notice(at):
    channel = at.slack.add_channel("inc-14-shared", external=True)
    # As if it had been opened before it was shared; channel properties are cached for ten minutes.
    await at.app.store.chronicles.open(channel, team=at.slack.team_id, name="inc-14-shared", at=at.clock())
    for text in ("decision: we fail over to region B", "I'll take IC"):
        await at.slack.say(at.bo, channel, text)
        await wait_until_shown(at, channel)

    assert ["shared with another organisation" in each for each in posted_texts(at, channel)] == [True]
    assert "region B" not in summary(at, channel)


async def test_incident_opened_in_a_closed_channel_starts_after_invitation(at):
    channel = at.slack.add_channel("checkout-war-room", bot=False)
    at.slack.fail("conversations.join", error="missing_scope", needed="channels:join", times=9)
    await at.slack.say(at.alex, channel, REPORT)
    told = await run_command(at, at.alex, channel, "incident open")
    await at.settled()
    at.slack.clear_faults()

    await at.slack.channel_actions.invite(at.alex, channel)

    assert "/invite" in told
    assert await wait_for_summary(at, channel, "#checkout-war-room", REPORT)


async def test_channel_renamed_to_an_incident_name_becomes_an_incident(at):
    channel = at.slack.add_channel("checkout-noise")
    await run_command(at, at.alex, channel, "incident status")  # the name is cached from now on
    await at.slack.say(at.alex, channel, REPORT)
    await at.settled()
    await channels_of(at.slack).rename(at.alex, channel, "inc-15-checkout")

    assert await wait_for_summary(at, channel, "#inc-15-checkout", REPORT)
