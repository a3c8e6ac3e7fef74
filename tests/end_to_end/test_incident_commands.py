"""Use incident channels by command, mention, reaction, message shortcut and by archiving.

All tests share one workplace; each has its own channel and people.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from bot.diagnosing import Engine
from bot.store import ChannelState
from intents.chronicle.news import UNKNOWN
from responses.slack.presses import Press
from tests.channel_changes import channels_of
from tests.end_to_end.workplace import Workplace, lines_of, root_cause, workplace
from tests.slack_administration import remove_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = "checkout is down, customers cannot pay"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> AsyncIterator[Workplace]:
    async with workplace(tmp_path_factory.mktemp("commands"), engine, summary_slot_s=0.1) as there:
        yield there


@pytest.fixture
def at(place: Workplace) -> Iterator[Workplace]:
    """Return a room of the shared app; remove faults and restore scopes afterwards."""
    scopes = place.slack.state.scopes
    yield place.room()
    place.slack.clear_faults()
    place.slack.state.scopes = scopes


def text_of(shown: Mapping[str, Any]) -> str:
    return "\n".join(lines_of(shown)) if shown.get("blocks") else ""


async def run_command(at: Workplace, user: str, channel: str, command: str) -> str:
    """Send a command and return its ephemeral answer."""
    return text_of((await at.slack.slash(user, channel, command)).body)


def pinned_texts(at: Workplace, channel: str) -> list[str]:
    return [text_of(one) for one in at.ours(channel) if one.get("pinned_to")]


async def incident(at: Workplace, name: str, *said: str) -> str:
    """Create an incident channel with these messages."""
    channel = at.slack.add_channel(name)
    for each in said:
        await at.slack.say(at.alex, channel, each)
    await at.settled()
    return channel


async def state_of(at: Workplace, channel: str) -> ChannelState:
    known = await at.app.store.chronicles.get(channel)
    assert known is not None
    return known.state


async def wait_for_ephemeral(at: Workplace, user: str, words: str) -> str:
    """Wait for an ephemeral message with this text and return it."""
    found = await at.slack.wait_for(
        lambda: [text_of(one) for one in at.slack.ephemerals(user) if words in text_of(one)]
    )
    return found[-1]


def direct_messages(at: Workplace, user: str) -> list[dict[str, Any]]:
    """Return our direct messages to a user, including files."""
    return at.ours(at.slack.open_im(user))


def uploaded_texts(at: Workplace, channel: str) -> list[str]:
    """Return the text files that we uploaded to a channel."""
    return [
        at.slack.file_content(file["id"]).decode() for message in at.ours(channel) for file in message.get("files", [])
    ]


async def test_status_timeline_and_catch_up_are_ephemeral_and_change_nothing(at):
    channel = await incident(at, "inc-1", REPORT)
    posted = len(at.ours(channel))

    status = await run_command(at, at.bo, channel, "incident status")
    timeline = await run_command(at, at.bo, channel, "故障时间线")
    first = await run_command(at, at.bo, channel, "summary")
    await at.slack.say(at.alex, channel, "I'll take IC")
    second = await run_command(at, at.bo, channel, "summary")
    again = await run_command(at, at.bo, channel, "摘要")

    assert "Investigating · #inc-1" in status
    assert "时间线 · #inc-1" in timeline
    assert REPORT in timeline
    assert "What happened so far" in first
    assert REPORT in first
    assert "Since you last read this channel" in second
    assert f"@{at.alex}" in second
    assert f"Impact: “{REPORT}”" in second
    assert REPORT not in second.partition("Since you last read")[2]
    assert (
        "自您上次阅读以来" in again
    )  # Ephemeral messages are not kept by Slack: the same is shown until there is news
    assert f"@{at.alex}" in again
    assert at.slack.ephemerals(at.alex) == []
    assert len(at.ours(channel)) == posted


async def test_resolve_posts_the_final_summary_with_a_draft_and_reopen_resumes(at):
    channel = await incident(at, "inc-3", REPORT)

    await at.resolve(at.bo, channel)
    await at.slack.wait_for(lambda: uploaded_texts(at, channel))
    await at.settled()
    finals = [
        text_of(one) for one in at.ours(channel) if "Resolved · #inc-3" in text_of(one) and not one.get("pinned_to")
    ]
    again = await run_command(at, at.alex, channel, "incident resolve")
    await at.slack.wait_for(lambda: "Resolved" in pinned_texts(at, channel)[0])

    assert len(finals) == 1
    assert "A draft of the postmortem is attached as a file in the thread" in finals[0]
    assert "Resolved: not said" not in finals[0]
    assert REPORT in uploaded_texts(at, channel)[0]
    assert "is already resolved" in again
    assert await state_of(at, channel) is ChannelState.RESOLVED

    await run_command(at, at.alex, channel, "incident reopen")
    await at.slack.wait_for(lambda: "Reopened" in pinned_texts(at, channel)[0])
    await at.settled()

    assert [f"By @{at.alex}" in text_of(one) for one in at.ours(channel) if text_of(one).startswith("🔁 Reopened")] == [
        True
    ]
    assert await state_of(at, channel) is ChannelState.OPEN
    assert "incident of this channel is already open" in await run_command(at, at.alex, channel, "incident reopen")


async def test_concurrent_resolves_post_one_final_summary(at):
    channel = await incident(at, "inc-4", REPORT)
    known = await at.app.store.chronicles.get(channel)
    payload = {"doing": "resolve", "channel": channel, "team": known.team, "language": "en"}
    for user in (at.alex, at.bo):
        # Like two processes that have both read the state as open.
        own = payload | {"user": user, "at": at.clock().isoformat()}
        await at.app.jobs.start("command", f"test.{user}", own)
    await at.slack.wait_for(lambda: uploaded_texts(at, channel))
    await at.settled()

    assert len(uploaded_texts(at, channel)) == 1


async def test_dismissed_incident_loses_its_summary_until_opened_again(at):
    channel = await incident(at, "inc-5", REPORT)

    await run_command(at, at.bo, channel, "incident dismiss")
    await at.slack.wait_for(lambda: at.ours(channel) and not pinned_texts(at, channel))
    await at.settled()
    await at.slack.say(at.alex, channel, "payments are down as well, nobody can pay")
    await at.settled()

    assert [text_of(one).startswith("🙅 Dismissed") for one in at.ours(channel)] == [True]
    assert "was dismissed" in await run_command(at, at.bo, channel, "summary")

    await run_command(at, at.bo, channel, "incident open")
    shown = await at.slack.wait_for(lambda: [one for one in pinned_texts(at, channel) if "payments are down" in one])

    assert REPORT in shown[0]  # messages from before and meanwhile are read


async def test_export_goes_to_the_requester_or_the_channel(at):
    channel = await incident(at, "inc-6", REPORT)

    await run_command(at, at.bo, channel, "incident export")
    await at.slack.wait_for(lambda: uploaded_texts(at, at.slack.open_im(at.bo)))
    in_channel = uploaded_texts(at, channel)
    await run_command(at, at.bo, channel, "incident export here")
    await at.slack.wait_for(lambda: uploaded_texts(at, channel))

    assert in_channel == []
    assert REPORT in uploaded_texts(at, at.slack.open_im(at.bo))[0]
    assert REPORT in uploaded_texts(at, channel)[0]


async def test_commands_outside_an_incident_explain_how_to_open_one_and_pins_do_nothing(at):
    commands = ["summary", *(f"incident {word}" for word in (
        "status", "timeline", "export", "resolve", "reopen", "dismiss",
    ))]  # fmt: skip
    told = {command: await run_command(at, at.alex, at.channel, command) for command in commands}

    assert [command for command, says in told.items() if "/diagnose incident open" not in says] == []
    assert at.ours() == []

    ts = await at.slack.say(at.alex, at.channel, "lunch?")
    await at.settled()
    before = len(at.slack.calls)
    await at.slack.marks.react(at.bo, at.channel, ts, "pushpin")
    await at.settled()
    assert [call.method for call in at.slack.calls[before:] if at.channel in str(call.arguments)] == []

    await run_command(at, at.alex, at.channel, "incident open")
    assert await at.slack.wait_for(lambda: pinned_texts(at, at.channel))
    assert "a direct message cannot be one" in await run_command(at, at.alex, at.slack.open_im(at.alex), "summary")


async def test_guests_cannot_read_or_change_the_incident_and_are_told_why(at):
    channel = await incident(at, "inc-7", REPORT)
    ts = await at.slack.say(at.alex, channel, "lol")
    await at.slack.marks.react(at.guest, channel, ts, "pushpin")
    await at.slack.marks.react(at.guest, channel, ts, "boom")
    await wait_for_ephemeral(at, at.guest, "cannot change the record")
    await at.settled()

    assert len(at.slack.ephemerals(at.guest)) == 1
    assert "Guests get answers based on the pasted text only" in await run_command(at, at.guest, channel, "summary")
    for word in ("resolve", "dismiss"):
        assert "Ask a member" in await run_command(at, at.guest, channel, f"incident {word}")
    assert await state_of(at, channel) is ChannelState.OPEN
    assert "lol" not in await run_command(at, at.alex, channel, "incident timeline")

    # A mention grants no more rights than the command.
    (summary,) = await mention_answer(at, at.guest, channel, "summary")
    (dismissal,) = await mention_answer(at, at.guest, channel, "incident dismiss")
    (elsewhere,) = await mention_answer(at, at.alex, at.channel, "incident resolve")
    im = at.slack.open_im(at.alex)
    await at.slack.say(at.alex, im, "summary")
    await at.settled()

    assert "Guests get answers based on the pasted text only" in summary
    assert "Ask a member" in dismissal
    assert await state_of(at, channel) is ChannelState.OPEN
    assert "/diagnose incident open" in elsewhere
    assert "a direct message cannot be one" in text_of(direct_messages(at, at.alex)[-1])


async def test_pinned_message_is_on_the_timeline_once_until_unpinned(at):
    channel = await incident(at, "inc-8", REPORT)
    ts = await at.slack.say(at.alex, channel, "the coffee machine hums in C minor &amp; D")

    async def timeline() -> str:
        await at.settled()
        return await run_command(at, at.bo, channel, "incident timeline")

    assert "coffee" not in await timeline()
    await at.slack.marks.react(at.bo, channel, ts, "pushpin")
    assert "the coffee machine hums in C minor" in await timeline()
    await at.slack.marks.unreact(at.bo, channel, ts, "pushpin")
    assert "coffee" not in await timeline()
    await at.slack.marks.react(at.bo, channel, ts, "thumbsup")
    assert "coffee" not in await timeline()
    statement = await at.slack.say(at.alex, channel, "let's roll back checkout to v41")
    await at.settled()
    await at.slack.marks.react(at.bo, channel, statement, "pushpin")
    assert (await timeline()).count("roll back checkout to v41") == 1


async def test_late_joiner_gets_a_catch_up_and_an_early_one_does_not(at):
    cy, dee = at.slack.add_user("cy"), at.slack.add_user("dee")
    channel = await channels_of(at.slack).create(at.alex, "inc-10")
    await at.slack.wait_for(lambda: pinned_texts(at, channel))
    await channels_of(at.slack).join(cy, channel)
    await at.slack.say(at.alex, channel, REPORT)
    await at.settled()
    await channels_of(at.slack).join(dee, channel)

    assert REPORT in await wait_for_ephemeral(at, dee, "Impact:")
    await at.settled()
    assert at.slack.ephemerals(cy) == []


async def test_archiving_member_gets_the_final_summary_directly(at):
    channel = await incident(at, "inc-11", REPORT)

    await channels_of(at.slack).archive(at.bo, channel)
    await at.slack.wait_for(lambda: uploaded_texts(at, at.slack.open_im(at.bo)))
    await at.settled()

    assert "Archived · #inc-11" in text_of(direct_messages(at, at.bo)[0])
    assert REPORT in uploaded_texts(at, at.slack.open_im(at.bo))[0]
    assert await state_of(at, channel) is ChannelState.ARCHIVED


# --- aloud, by a mention ---


async def mention_answer(at: Workplace, user: str, channel: str, text: str, thread_ts: str = "") -> list[str]:
    """Mention the bot and return its answer in the thread."""
    ts = await at.slack.say(user, channel, f"<@{at.slack.bot_user_id}> {text}", thread_ts=thread_ts)
    await at.settled()
    return [text_of(one) for one in at.answers(thread_ts or ts, channel)]


async def test_mention_command_is_answered_once_in_its_thread_without_mentions(at):
    channel = await incident(at, "inc-18", REPORT)
    await at.slack.say(at.alex, channel, "I'll take IC")

    (missed,) = await mention_answer(at, at.bo, channel, "summary")
    (status,) = await mention_answer(at, at.bo, channel, "incident status?")
    (timeline,) = await mention_answer(at, at.bo, channel, "故障时间线")
    (slip,) = await mention_answer(at, at.bo, channel, "incident tmieline")

    assert "What happened so far" in missed
    assert "Investigating · #inc-18" in status
    assert "时间线 · #inc-18" in timeline
    assert REPORT in timeline
    assert "/diagnose incident timeline" in slip
    assert at.slack.ephemerals(at.bo) == []
    told = [one for one in at.ours(channel) if one.get("thread_ts")]
    assert len(told) == 4
    assert "'type': 'user'" not in str(told)


async def test_mention_resolves_by_a_button_that_opens_the_dialog(at):
    channel = await incident(at, "inc-19", REPORT)

    ts = await at.slack.say(at.bo, channel, f"<@{at.slack.bot_user_id}> incident resolve")
    await at.settled()
    (offer,) = at.answers(ts, channel)
    assert "nothing is resolved yet" in text_of(offer).lower()
    assert await state_of(at, channel) is ChannelState.OPEN
    await at.slack.click(at.bo, channel, offer["ts"], Press.RESOLVE.value)
    view = await at.opened(at.bo)
    await at.submit(at.bo, view["id"], root_cause(UNKNOWN))
    await at.slack.wait_for(lambda: uploaded_texts(at, channel))
    await at.settled()

    assert len(uploaded_texts(at, channel)) == 1
    assert await state_of(at, channel) is ChannelState.RESOLVED
    (again,) = await mention_answer(at, at.bo, channel, "incident resolve")
    assert "is already resolved" in again
    ts = await at.slack.say(at.bo, channel, f"<@{at.slack.bot_user_id}> incident status")
    await at.slack.edit(at.bo, channel, ts, f"<@{at.slack.bot_user_id}> incident reopen")
    await at.slack.wait_for(lambda: any(text_of(one).startswith("🔁 Reopened") for one in at.ours(channel)))
    await at.settled()
    assert await state_of(at, channel) is ChannelState.OPEN


# --- failures ---


async def test_interrupted_final_summary_is_posted_once(at):
    channel = await incident(at, "inc-12", REPORT)
    at.slack.fail("chat.postMessage", reset=True, after_execution=True, given={"channel": channel})

    await at.resolve(at.bo, channel)
    await at.slack.wait_for(lambda: uploaded_texts(at, channel))
    await at.settled()

    assert ["Resolved · #inc-12" in text_of(one) for one in at.ours(channel) if not one.get("pinned_to")].count(
        True
    ) == 1
    assert len(uploaded_texts(at, channel)) == 1


async def test_resolve_after_the_bot_was_removed_succeeds_and_tells_the_requester(at):
    channel = await incident(at, "inc-13", REPORT)
    remove_bot(at.slack, channel)

    await at.resolve(at.bo, channel)

    told = await at.slack.wait_for(lambda: [text_of(one) for one in direct_messages(at, at.bo)])
    assert "not a member" in told[0]
    assert "invite me first" in told[0]
    assert await state_of(at, channel) is ChannelState.RESOLVED


async def test_final_summary_mentions_a_forbidden_upload(at):
    channel = await incident(at, "inc-14", REPORT)
    at.slack.fail("files.getUploadURLExternal", error="missing_scope", needed="files:write", times=9)

    await at.resolve(at.bo, channel)

    assert await at.slack.wait_for(lambda: [one for one in at.ours(channel) if "files:write" in text_of(one)])


async def test_archiving_user_without_access_is_told_how_to_get_the_summary(at):
    channel = await incident(at, "inc-15", REPORT)

    await channels_of(at.slack).archive(at.guest, channel)
    await at.slack.wait_for(lambda: direct_messages(at, at.guest))
    await at.settled()

    assert "unarchive the channel" in text_of(direct_messages(at, at.guest)[0])
    assert REPORT not in text_of(direct_messages(at, at.guest)[0])
    assert uploaded_texts(at, at.slack.open_im(at.guest)) == []


async def test_command_from_an_unidentified_user_asks_to_retry(at):
    channel = await incident(at, "inc-16", REPORT)
    # Others are known from the list of users that was read at the start.
    newcomer = at.slack.add_user("newcomer")
    for method in ("users.info", "users.list"):
        at.slack.fail(method, status=503, times=9)

    assert "try again in a moment" in await run_command(at, newcomer, channel, "incident resolve")
    assert await state_of(at, channel) is ChannelState.OPEN


async def test_manually_deleted_summary_does_not_block_dismissal(at):
    channel = await incident(at, "inc-17", REPORT)
    summary = next(one for one in at.ours(channel) if one.get("pinned_to"))
    await at.slack.remove(at.alex, channel, summary["ts"], admin=True)

    await run_command(at, at.bo, channel, "incident dismiss")

    assert await at.slack.wait_for(lambda: [one for one in at.ours(channel) if "Dismissed" in text_of(one)])


async def test_missing_scopes_are_reported_once_below_the_summary_with_a_fix(at):
    missing = ("channels:history", "channels:join", "pins:write", "canvases:write", "files:write", "reactions:read")
    at.slack.state.scopes = at.slack.state.scopes - {*missing}
    channel = at.slack.add_channel("checkout-scopes")

    await run_command(at, at.bo, channel, "incident open")
    summary, said = await at.slack.wait_for(lambda: (found := at.ours(channel))[1:] and found)
    await at.slack.remove(at.alex, channel, summary["ts"], admin=True)
    await at.resolve(at.bo, channel)
    await at.slack.wait_for(lambda: "Resolved" in text_of(at.ours(channel)[-1]))
    await at.settled()

    assert said["thread_ts"] == summary["ts"]
    assert [words for words in (*missing, "OAuth & Permissions") if words not in text_of(said)] == []
    assert "groups:history" not in text_of(said)
    assert len([one for one in at.ours(channel) if "OAuth" in text_of(one)]) == 1
