"""What people ask of an incident channel and say of it: by command, reaction, a message's menu, by closing it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.store import ChannelState
from bot.surfaces.slack.entry_points import PIN, UNPIN
from tests.end_to_end.workplace import Workplace, lines_of, workplace

REPORT = "checkout is down, customers cannot pay"


@pytest.fixture
async def at(tmp_path, engine) -> AsyncIterator[Workplace]:
    async with workplace(tmp_path, engine, summary_slot_s=0.1) as there:
        yield there


def read(shown: Mapping[str, Any]) -> str:
    return "\n".join(lines_of(shown)) if shown.get("blocks") else ""


async def asked(at: Workplace, user: str, channel: str, command: str) -> str:
    """What a command shows to who typed it."""
    return read((await at.slack.slash(user, channel, command)).body)


def pinned(at: Workplace, channel: str) -> list[str]:
    return [read(one) for one in at.ours(channel) if one.get("pinned_to")]


async def incident(at: Workplace, name: str, *said: str) -> str:
    """An incident channel where that was said."""
    channel = at.slack.add_channel(name)
    for each in said:
        await at.slack.say(at.alex, channel, each)
    await at.settled()
    return channel


async def state_of(at: Workplace, channel: str) -> ChannelState:
    known = await at.app.store.chronicles.get(channel)
    assert known is not None
    return known.state


async def whispered(at: Workplace, user: str, words: str) -> str:
    """What was shown to one person, once it says that."""
    found = await at.slack.wait_for(lambda: [read(one) for one in at.slack.ephemerals(user) if words in read(one)])
    return found[-1]


def direct(at: Workplace, user: str) -> list[dict[str, Any]]:
    """What we wrote to somebody directly, files included."""
    return at.ours(at.slack.open_im(user))


def attached(at: Workplace, channel: str) -> list[str]:
    """The text files that we put into a channel."""
    return [
        at.slack.file_content(file["id"]).decode() for message in at.ours(channel) for file in message.get("files", [])
    ]


async def test_what_was_missed_is_told_in_a_few_lines_since_one_last_read(at):
    channel = await incident(at, "inc-1", REPORT)

    first = await asked(at, at.bo, channel, "summary")
    await at.slack.say(at.alex, channel, "I'll take IC")
    second = await asked(at, at.bo, channel, "summary")
    again = await asked(at, at.bo, channel, "摘要")

    assert "What happened so far" in first
    assert REPORT in first
    assert "Since you last read this channel" in second
    assert f"@{at.alex}" in second
    assert REPORT not in second
    assert (
        "自您上次阅读以来" in again
    )  # Slack forgets what it shows to one person: the same is told until there is more
    assert f"@{at.alex}" in again
    assert at.slack.ephemerals(at.alex) == []


async def test_status_and_timeline_are_shown_to_who_asks_and_change_nothing(at):
    channel = await incident(at, "inc-2", REPORT)
    posted = len(at.ours(channel))

    status = await asked(at, at.bo, channel, "incident status")
    timeline = await asked(at, at.bo, channel, "故障时间线")

    assert "Investigating · #inc-2" in status
    assert "时间线 · #inc-2" in timeline
    assert REPORT in timeline
    assert len(at.ours(channel)) == posted


async def test_resolving_posts_the_final_summary_with_a_draft_and_reopening_takes_it_up_again(at):
    channel = await incident(at, "inc-3", REPORT)

    promised = await asked(at, at.bo, channel, "incident resolve")
    await at.slack.wait_for(lambda: attached(at, channel))
    await at.settled()
    finals = [read(one) for one in at.ours(channel) if "Resolved · #inc-3" in read(one) and not one.get("pinned_to")]
    again = await asked(at, at.alex, channel, "incident resolve")
    await at.slack.wait_for(lambda: "Resolved" in pinned(at, channel)[0])

    assert "final summary" in promised
    assert len(finals) == 1
    assert "A draft of the postmortem is attached as a file in the thread" in finals[0]
    assert "Resolved: not said" not in finals[0]
    assert REPORT in attached(at, channel)[0]
    assert "is already resolved" in again
    assert await state_of(at, channel) is ChannelState.RESOLVED

    await asked(at, at.alex, channel, "incident reopen")
    await at.slack.wait_for(lambda: "Reopened" in pinned(at, channel)[0])
    await at.settled()

    assert [f"By @{at.alex}" in read(one) for one in at.ours(channel) if read(one).startswith("🔁 Reopened")] == [True]
    assert await state_of(at, channel) is ChannelState.OPEN
    assert "incident of this channel is already open" in await asked(at, at.alex, channel, "incident reopen")


async def test_who_resolves_at_the_same_time_as_another_is_told_and_it_is_said_once(at):
    channel = await incident(at, "inc-4", REPORT)
    known = await at.app.store.chronicles.get(channel)
    payload = {
        "doing": "resolve", "channel": channel, "team": known.team, "language": "en", "response_url": "", "here": False,
        "anew": False,
    }  # fmt: skip
    for user in (at.alex, at.bo):
        # As two processes that have both seen it open.
        own = payload | {"user": user, "at": at.clock().isoformat()}
        await at.app.jobs.start("command", f"test.{user}", own)
    await at.slack.wait_for(lambda: attached(at, channel))
    await at.settled()

    assert len(attached(at, channel)) == 1


async def test_what_is_no_incident_loses_its_summary_and_is_left_alone_until_it_is_one(at):
    channel = await incident(at, "inc-5", REPORT)

    await asked(at, at.bo, channel, "incident dismiss")
    await at.slack.wait_for(lambda: at.ours(channel) and not pinned(at, channel))
    await at.settled()
    await at.slack.say(at.alex, channel, "payments are down as well, nobody can pay")
    await at.settled()

    assert [read(one).startswith("🙅 Dismissed") for one in at.ours(channel)] == [True]
    assert "was dismissed" in await asked(at, at.bo, channel, "summary")

    await asked(at, at.bo, channel, "incident open")
    shown = await at.slack.wait_for(lambda: [one for one in pinned(at, channel) if "payments are down" in one])

    assert REPORT in shown[0]  # what was said before and meanwhile is read


async def test_an_export_goes_to_who_asked_or_to_the_channel(at):
    channel = await incident(at, "inc-6", REPORT)

    await asked(at, at.bo, channel, "incident export")
    await at.slack.wait_for(lambda: attached(at, at.slack.open_im(at.bo)))
    in_channel = attached(at, channel)
    await asked(at, at.bo, channel, "incident export here")
    await at.slack.wait_for(lambda: attached(at, channel))

    assert in_channel == []
    assert REPORT in attached(at, at.slack.open_im(at.bo))[0]
    assert REPORT in attached(at, channel)[0]


async def test_elsewhere_each_command_says_so_and_how_to_make_it_an_incident_channel(at):
    commands = ["summary", *(f"incident {word}" for word in (
        "status", "timeline", "export", "resolve", "reopen", "dismiss",
    ))]  # fmt: skip
    told = {command: await asked(at, at.alex, at.channel, command) for command in commands}

    assert [command for command, says in told.items() if "/diagnose incident open" not in says] == []
    assert at.ours() == []

    await asked(at, at.alex, at.channel, "incident open")
    assert await at.slack.wait_for(lambda: pinned(at, at.channel))
    assert "a direct message cannot be one" in await asked(at, at.alex, at.slack.open_im(at.alex), "summary")


async def test_guests_are_told_why_they_may_neither_read_nor_change_it(at):
    channel = await incident(at, "inc-7", REPORT)
    ts = await at.slack.say(at.alex, channel, "lol")
    await at.slack.marks.react(at.guest, channel, ts, "pushpin")
    await at.slack.shortcut(at.guest, channel, ts, callback_id=PIN)
    await whispered(at, at.guest, "cannot change the record")
    await at.settled()

    assert len(at.slack.ephemerals(at.guest)) == 2  # once for each
    assert "Guests get answers based on the pasted text only" in await asked(at, at.guest, channel, "summary")
    for word in ("resolve", "dismiss"):
        assert "Ask a member" in await asked(at, at.guest, channel, f"incident {word}")
    assert await state_of(at, channel) is ChannelState.OPEN
    assert "lol" not in await asked(at, at.alex, channel, "incident timeline")


async def test_a_pin_puts_a_message_on_the_timeline_until_it_is_taken_off(at):
    channel = await incident(at, "inc-8", REPORT)
    ts = await at.slack.say(at.alex, channel, "the coffee machine hums in C minor &amp; <@U1> knows")

    async def timeline() -> str:
        await at.settled()
        return await asked(at, at.bo, channel, "incident timeline")

    assert "coffee" not in await timeline()
    await at.slack.marks.react(at.bo, channel, ts, "pushpin")
    assert "the coffee machine hums in C minor" in await timeline()
    await at.slack.marks.unreact(at.bo, channel, ts, "pushpin")
    assert "coffee" not in await timeline()
    await at.slack.marks.react(at.bo, channel, ts, "thumbsup")
    assert "coffee" not in await timeline()
    await at.slack.shortcut(at.alex, channel, ts, callback_id=PIN)
    await whispered(at, at.alex, "Added to the timeline")
    assert "coffee" in await timeline()
    await at.slack.shortcut(at.bo, channel, ts, callback_id=UNPIN)
    await whispered(at, at.bo, "Removed from")
    assert "coffee" not in await timeline()
    await at.slack.shortcut(at.bo, channel, ts, callback_id=UNPIN)
    await whispered(at, at.bo, "not on the timeline")


async def test_a_pinned_statement_stands_once(at):
    channel = await incident(at, "inc-9", REPORT)
    ts = await at.slack.say(at.alex, channel, "let's roll back checkout to v41")
    await at.settled()

    await at.slack.marks.react(at.bo, channel, ts, "pushpin")
    await at.settled()

    assert (await asked(at, at.bo, channel, "incident timeline")).count("roll back checkout to v41") == 1


async def test_a_pin_elsewhere_is_only_a_pin(at):
    ts = await at.slack.say(at.alex, at.channel, "lunch?")
    await at.settled()
    before = len(at.slack.calls)
    await at.slack.marks.react(at.bo, at.channel, ts, "pushpin")
    await at.settled()

    assert len(at.slack.calls) == before

    await at.slack.shortcut(at.alex, at.channel, ts, callback_id=PIN)
    assert "is not an incident channel" in await whispered(at, at.alex, "/diagnose incident open")


async def test_who_joins_late_is_told_what_happened_and_who_is_early_is_not(at):
    cy, dee = at.slack.add_user("cy"), at.slack.add_user("dee")
    channel = await at.slack.channel_actions.create(at.alex, "inc-10")
    await at.slack.wait_for(lambda: pinned(at, channel))
    await at.slack.channel_actions.join(cy, channel)
    await at.slack.say(at.alex, channel, REPORT)
    await at.settled()
    await at.slack.channel_actions.join(dee, channel)

    assert REPORT in await whispered(at, dee, "What happened so far")
    await at.settled()
    assert at.slack.ephemerals(cy) == []


async def test_whoever_archives_it_gets_how_it_ended_since_nothing_can_be_posted_there(at):
    channel = await incident(at, "inc-11", REPORT)

    await at.slack.channel_actions.archive(at.bo, channel)
    await at.slack.wait_for(lambda: attached(at, at.slack.open_im(at.bo)))
    await at.settled()

    assert "Archived · #inc-11" in read(direct(at, at.bo)[0])
    assert REPORT in attached(at, at.slack.open_im(at.bo))[0]
    assert await state_of(at, channel) is ChannelState.ARCHIVED


# --- aloud, by a mention ---


async def said_to_us(at: Workplace, user: str, channel: str, text: str, thread_ts: str = "") -> list[str]:
    """What we answer in the thread to a mention."""
    ts = await at.slack.say(user, channel, f"<@{at.slack.bot_user_id}> {text}", thread_ts=thread_ts)
    await at.settled()
    return [read(one) for one in at.answers(thread_ts or ts, channel)]


async def test_a_mention_asks_the_same_and_is_answered_once_in_its_thread_calling_nobody(at):
    channel = await incident(at, "inc-18", REPORT)
    await at.slack.say(at.alex, channel, "I'll take IC")

    (missed,) = await said_to_us(at, at.bo, channel, "summary")
    (status,) = await said_to_us(at, at.bo, channel, "incident status?")
    (timeline,) = await said_to_us(at, at.bo, channel, "故障时间线")
    (slip,) = await said_to_us(at, at.bo, channel, "incident tmieline")

    assert "What happened so far" in missed
    assert "Investigating · #inc-18" in status
    assert "时间线 · #inc-18" in timeline
    assert REPORT in timeline
    assert "/diagnose incident timeline" in slip
    assert at.slack.ephemerals() == []
    told = [one for one in at.ours(channel) if one.get("thread_ts")]
    assert len(told) == 4
    assert "'type': 'user'" not in str(told)


async def test_an_incident_is_resolved_aloud_once_however_often_that_is_heard(at):
    channel = await incident(at, "inc-19", REPORT)

    (promise,) = await said_to_us(at, at.bo, channel, "incident resolve")
    await at.slack.wait_for(lambda: attached(at, channel))
    await at.settled()

    assert "final summary" in promise
    assert len(attached(at, channel)) == 1
    assert await state_of(at, channel) is ChannelState.RESOLVED
    (again,) = await said_to_us(at, at.bo, channel, "incident resolve")
    assert "is already resolved" in again
    ts = await at.slack.say(at.bo, channel, f"<@{at.slack.bot_user_id}> incident status")
    await at.slack.edit(at.bo, channel, ts, f"<@{at.slack.bot_user_id}> incident reopen")
    await at.slack.wait_for(lambda: any(read(one).startswith("🔁 Reopened") for one in at.ours(channel)))
    await at.settled()
    assert await state_of(at, channel) is ChannelState.OPEN


async def test_aloud_nobody_may_more_than_by_command(at):
    channel = await incident(at, "inc-20", REPORT)

    (summary,) = await said_to_us(at, at.guest, channel, "summary")
    (dismissal,) = await said_to_us(at, at.guest, channel, "incident dismiss")
    (elsewhere,) = await said_to_us(at, at.alex, at.channel, "incident resolve")
    im = at.slack.open_im(at.alex)
    await at.slack.say(at.alex, im, "summary")
    await at.settled()

    assert "Guests get answers based on the pasted text only" in summary
    assert "Ask a member" in dismissal
    assert await state_of(at, channel) is ChannelState.OPEN
    assert "/diagnose incident open" in elsewhere
    assert "a direct message cannot be one" in read(direct(at, at.alex)[-1])


# --- what goes wrong ---


async def test_a_final_summary_whose_posting_was_cut_off_stands_once(at):
    channel = await incident(at, "inc-12", REPORT)
    at.slack.fail("chat.postMessage", reset=True, after_execution=True)

    await asked(at, at.bo, channel, "incident resolve")
    await at.slack.wait_for(lambda: attached(at, channel))
    await at.settled()

    assert ["Resolved · #inc-12" in read(one) for one in at.ours(channel) if not one.get("pinned_to")].count(True) == 1
    assert len(attached(at, channel)) == 1


async def test_where_the_bot_is_no_more_whoever_resolves_is_told_and_it_is_resolved_all_the_same(at):
    channel = await incident(at, "inc-13", REPORT)
    at.slack.remove_bot(channel)

    await asked(at, at.bo, channel, "incident resolve")

    assert "invite me first" in await whispered(at, at.bo, "not a member")
    assert await state_of(at, channel) is ChannelState.RESOLVED


async def test_where_files_may_not_be_uploaded_the_final_summary_says_so(at):
    channel = await incident(at, "inc-14", REPORT)
    at.slack.fail("files.getUploadURLExternal", error="missing_scope", needed="files:write", times=9)

    await asked(at, at.bo, channel, "incident resolve")

    assert await at.slack.wait_for(lambda: [one for one in at.ours(channel) if "files:write" in read(one)])


async def test_whoever_archives_what_they_may_not_be_shown_is_told_how_it_can_be_had(at):
    channel = await incident(at, "inc-15", REPORT)

    await at.slack.channel_actions.archive(at.guest, channel)
    await at.slack.wait_for(lambda: direct(at, at.guest))
    await at.settled()

    assert "unarchive the channel" in read(direct(at, at.guest)[0])
    assert REPORT not in read(direct(at, at.guest)[0])
    assert attached(at, at.slack.open_im(at.guest)) == []


async def test_while_slack_does_not_tell_who_asks_a_command_is_asked_for_again(at):
    channel = await incident(at, "inc-16", REPORT)
    at.slack.fail("users.info", status=503, times=9)

    assert "try again in a moment" in await asked(at, at.bo, channel, "incident resolve")
    assert await state_of(at, channel) is ChannelState.OPEN


async def test_a_summary_that_was_taken_away_by_hand_does_not_stop_a_dismissal(at):
    channel = await incident(at, "inc-17", REPORT)
    summary = next(one for one in at.ours(channel) if one.get("pinned_to"))
    await at.slack.remove(at.alex, channel, summary["ts"], admin=True)

    await asked(at, at.bo, channel, "incident dismiss")

    assert await at.slack.wait_for(lambda: [one for one in at.ours(channel) if "Dismissed" in read(one)])


async def test_what_does_not_work_for_want_of_scopes_is_said_once_below_the_summary_with_the_cure(at):
    missing = ("channels:history", "channels:join", "pins:write", "canvases:write", "files:write", "reactions:read")
    for scope in missing:
        at.slack.revoke_scope(scope)
    channel = at.slack.add_channel("checkout-scopes")

    await asked(at, at.bo, channel, "incident open")
    summary, said = await at.slack.wait_for(lambda: (found := at.ours(channel))[1:] and found)
    await at.slack.remove(at.alex, channel, summary["ts"], admin=True)
    await asked(at, at.bo, channel, "incident resolve")
    await at.slack.wait_for(lambda: "Resolved" in read(at.ours(channel)[-1]))
    await at.settled()

    assert said["thread_ts"] == summary["ts"]
    assert [words for words in (*missing, "OAuth & Permissions") if words not in read(said)] == []
    assert "groups:history" not in read(said)
    assert len([one for one in at.ours(channel) if "OAuth" in read(one)]) == 1
