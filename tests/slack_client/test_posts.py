"""Test posts: once, whatever happens to the connection; rejected content is sent in another form."""

import asyncio
from dataclasses import replace

import pytest

from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from bot.slack.errors import (
    Archived,
    ChannelGone,
    MissingScope,
    NotInChannel,
    SlackUnavailable,
    TokenRevoked,
)
from responses.slack.as_text import as_text
from responses.slack.blocks import line, rich, text
from responses.slack.message import Message, Snippet
from tests.slack_administration import remove_bot, revoke_token, set_archived
from tests.slack_client.scene import CHANNEL, section


def texts(far_end: SimulatedSlack) -> list[str]:
    return [message["text"] for message in far_end.messages(CHANNEL)]


async def test_post_carries_its_key_and_shows_no_previews(far_end: SimulatedSlack, slack: Slack):
    sent = await slack.post(channel=CHANNEL, message=Message(text="hi", blocks=(section("hi"),)), key="r1/answer")
    stored = far_end.message(CHANNEL, sent.ts)
    assert stored["metadata"] == {"event_type": "casebook", "event_payload": {"key": "r1/answer"}}
    posted = far_end.calls[-1].arguments
    assert (posted["unfurl_links"], posted["unfurl_media"]) == (False, False)


async def test_post_without_a_key_has_no_metadata(far_end: SimulatedSlack, slack: Slack):
    sent = await slack.post(channel=CHANNEL, message=Message(text="hi"))
    assert "metadata" not in far_end.message(CHANNEL, sent.ts)


@pytest.mark.parametrize(
    "fault",
    [
        {"reset": True},
        {"hang": True},
        {"reset": True, "after_execution": True},
        {"hang": True, "after_execution": True},
    ],
    ids=["cut before", "silent before", "cut after", "silent after"],
)
@pytest.mark.parametrize("in_thread", [False, True], ids=["channel", "thread"])
async def test_post_with_a_key_appears_once_whatever_happens_to_its_answer(
    far_end: SimulatedSlack, slack: Slack, fault: dict, in_thread: bool
):
    thread_ts = (await slack.post(channel=CHANNEL, message=Message(text="parent"))).ts if in_thread else ""
    far_end.fail("chat.postMessage", **fault)
    sent = await slack.post(channel=CHANNEL, message=Message(text="once"), thread_ts=thread_ts, key="r1/answer")
    assert texts(far_end).count("once") == 1
    assert far_end.message(CHANNEL, sent.ts)["text"] == "once"


@pytest.mark.parametrize("status", [500, 503])
async def test_post_that_failed_in_slack_is_looked_up_and_retried(far_end: SimulatedSlack, slack: Slack, status: int):
    far_end.fail("chat.postMessage", status=status)
    await slack.post(channel=CHANNEL, message=Message(text="once"), key="r1/answer")
    assert texts(far_end) == ["once"]
    assert [call.method for call in far_end.calls] == ["chat.postMessage", "conversations.history", "chat.postMessage"]


@pytest.mark.parametrize("error", ["internal_error", "fatal_error"])
async def test_ambiguous_errors_trigger_a_lookup(far_end: SimulatedSlack, slack: Slack, error: str):
    far_end.fail("chat.postMessage", error=error)
    await slack.post(channel=CHANNEL, message=Message(text="once"), key="r1/answer")
    assert "conversations.history" in [call.method for call in far_end.calls]
    assert texts(far_end) == ["once"]


async def test_post_without_a_key_is_not_retried(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postMessage", reset=True, after_execution=True)
    with pytest.raises(SlackUnavailable) as raised:
        await slack.post(channel=CHANNEL, message=Message(text="once"))
    assert raised.value.maybe_done
    assert texts(far_end) == ["once"]


async def test_refused_connection_is_retried_without_a_lookup(far_end: SimulatedSlack, slack: Slack):
    await far_end.stop()
    with pytest.raises(SlackUnavailable) as raised:
        await slack.post(channel=CHANNEL, message=Message(text="once"), key="r1/answer")
    assert not raised.value.maybe_done


async def test_existing_post_is_found_and_not_repeated(far_end: SimulatedSlack, slack: Slack):
    first = await slack.post(channel=CHANNEL, message=Message(text="once"), key="r1/answer")
    again = await slack.post(channel=CHANNEL, message=Message(text="once"), key="r1/answer", sought=True)
    assert again == replace(first, earlier=True)
    assert texts(far_end) == ["once"]


async def test_missing_post_is_posted_after_the_lookup(far_end: SimulatedSlack, slack: Slack):
    await slack.post(channel=CHANNEL, message=Message(text="other"), key="r2/answer")
    await slack.post(channel=CHANNEL, message=Message(text="mine"), key="r1/answer", sought=True)
    assert texts(far_end) == ["other", "mine"]


async def test_existing_reply_is_found_on_a_later_page(far_end: SimulatedSlack, slack: Slack):
    parent = await slack.post(channel=CHANNEL, message=Message(text="parent"))
    for number in range(210):
        await far_end.say("U0ANA", CHANNEL, f"chat {number}", thread_ts=parent.ts)
    first = await slack.post(channel=CHANNEL, message=Message(text="once"), thread_ts=parent.ts, key="r1/answer")
    again = await slack.post(
        channel=CHANNEL, message=Message(text="once"), thread_ts=parent.ts, key="r1/answer", sought=True
    )
    assert again == replace(first, earlier=True)


async def test_message_with_another_key_is_not_taken_for_this_one(far_end: SimulatedSlack, slack: Slack):
    first = await slack.post(channel=CHANNEL, message=Message(text="one"), key="r1/answer")
    other = await slack.post(channel=CHANNEL, message=Message(text="other"), key="r1/other", sought=True)
    assert other != first
    assert texts(far_end) == ["one", "other"]


async def test_unreadable_history_prefers_a_duplicate_to_a_loss(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("conversations.history", error="missing_scope", needed="channels:history", provided="chat:write")
    await slack.post(channel=CHANNEL, message=Message(text="said"), key="r1/answer", sought=True)
    assert texts(far_end) == ["said"]


async def test_temporarily_failing_lookup_posts_nothing(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("conversations.history", status=503, times=10)
    with pytest.raises(SlackUnavailable):
        await slack.post(channel=CHANNEL, message=Message(text="said"), key="r1/answer", sought=True)
    assert texts(far_end) == []


async def test_lost_post_with_a_failing_lookup_is_reported_as_possibly_done(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postMessage", reset=True, after_execution=True)
    far_end.fail("conversations.history", status=503, times=10)
    with pytest.raises(SlackUnavailable) as raised:
        await slack.post(channel=CHANNEL, message=Message(text="said"), key="r1/answer")
    assert raised.value.maybe_done
    assert texts(far_end) == ["said"]


async def test_cancelled_post_leaves_the_client_usable(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postMessage", hang=True)
    posting = asyncio.create_task(slack.post(channel=CHANNEL, message=Message(text="never"), key="r1/answer"))
    await far_end.wait_for(lambda: far_end.calls)
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting
    await slack.post(channel=CHANNEL, message=Message(text="next"), key="r2/answer")
    assert texts(far_end) == ["next"]


async def test_blocks_that_fail_our_validation_are_sent_as_text(far_end: SimulatedSlack, slack: Slack):
    too_many = tuple(section(f"block {number}") for number in range(60))
    sent = await slack.post(channel=CHANNEL, message=Message(text="the answer", blocks=too_many), key="r1/answer")
    stored = far_end.message(CHANNEL, sent.ts)
    assert stored["text"] == "\n\n".join(f"block {number}" for number in range(60))
    assert not stored.get("blocks")


@pytest.mark.parametrize("error", ["msg_blocks_too_long", "invalid_blocks", "msg_too_long"])
async def test_too_long_message_is_split_within_one_thread(far_end: SimulatedSlack, slack: Slack, error: str):
    far_end.fail("chat.postMessage", error=error)
    blocks = tuple(section(f"block {number}") for number in range(4))
    sent = await slack.post(channel=CHANNEL, message=Message(text="the answer", blocks=blocks), key="r1/answer")
    first, second = far_end.messages(CHANNEL)
    assert first["ts"] == sent.ts
    assert [block["text"]["text"] for block in first["blocks"]] == ["block 0", "block 1"]
    assert [block["text"]["text"] for block in second["blocks"]] == ["block 2", "block 3"]
    assert second["thread_ts"] == sent.ts


async def test_single_rich_text_block_is_split_inside(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postMessage", error="msg_blocks_too_long")
    block = rich(line(text("one")), line(text("two")))
    await slack.post(channel=CHANNEL, message=Message(text="the answer", blocks=(block,)), key="r1/answer")
    assert [as_text(each["blocks"]) for each in far_end.messages(CHANNEL)] == ["one", "two"]


async def test_asterisks_in_plain_text_are_not_formatting(far_end: SimulatedSlack, slack: Slack):
    alone = await slack.post(channel=CHANNEL, message=Message(text="no match for *_test.go"))
    assert far_end.message(CHANNEL, alone.ts)["mrkdwn"] is False
    with_blocks = await slack.post(channel=CHANNEL, message=Message(text="a", blocks=(section("a"),)))
    assert "mrkdwn" not in far_end.message(CHANNEL, with_blocks.ts)


async def test_message_too_long_in_halves_is_sent_as_text(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postMessage", error="msg_blocks_too_long", times=2)
    blocks = tuple(section(f"block {number}") for number in range(4))
    await slack.post(channel=CHANNEL, message=Message(text="the answer", blocks=blocks), key="r1/answer")
    (only,) = far_end.messages(CHANNEL)
    assert only["text"] == "block 0\n\nblock 1\n\nblock 2\n\nblock 3"


async def test_truncated_text_is_sent_with_a_file(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postMessage", error="msg_blocks_too_long", times=2)
    blocks = tuple(section(f"block {number} {'x' * 2000}") for number in range(4))
    answer = Message(text="the answer", blocks=blocks, overflow=OVERFLOW.overflow)
    sent = await slack.post(channel=CHANNEL, message=answer, key="r1/answer")
    first, second = far_end.messages(CHANNEL)
    assert first["ts"] == sent.ts
    assert first["text"].startswith("block 0 x")
    assert second["thread_ts"] == sent.ts
    content = far_end.file_content(second["files"][0]["id"]).decode()
    assert [said in content for said in ("block 0", "block 3", "much more")] == [True, True, True]


async def test_second_half_lost_in_a_crash_is_posted_when_the_first_is_found(far_end, slack, client_with):
    answer = Message(text="the answer", blocks=tuple(section(f"block {number}") for number in range(4)))
    far_end.fail("chat.postMessage", error="msg_blocks_too_long")
    sent = await slack.post(channel=CHANNEL, message=answer, key="r1/answer")
    (second,) = far_end.messages(CHANNEL, thread_ts=sent.ts)
    await slack.delete(channel=CHANNEL, ts=second["ts"])
    # Another process without memory of the first.
    assert await client_with().post(channel=CHANNEL, message=answer, key="r1/answer", sought=True) == replace(
        sent, earlier=True
    )
    (again,) = far_end.messages(CHANNEL, thread_ts=sent.ts)
    assert again["blocks"][0]["text"]["text"] == "block 2"
    assert await client_with().post(channel=CHANNEL, message=answer, key="r1/answer", sought=True) == replace(
        sent, earlier=True
    )
    assert far_end.messages(CHANNEL, thread_ts=sent.ts) == [again]


OVERFLOW = Message(text="the answer", overflow=Snippet(name="answer.md", title="All of it", content="much more"))


async def test_overflow_is_uploaded_to_the_thread_once(far_end, slack, client_with):
    sent = await slack.post(channel=CHANNEL, message=OVERFLOW, key="r1/answer")
    for client in (slack, client_with()):
        await client.post(channel=CHANNEL, message=OVERFLOW, key="r1/answer", sought=True)
    (reply,) = far_end.messages(CHANNEL, thread_ts=sent.ts)
    assert far_end.file_content(reply["files"][0]["id"]) == b"much more"
    assert reply["files"][0]["title"] == "All of it"


async def test_answer_mentions_a_forbidden_upload(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("files.getUploadURLExternal", error="missing_scope", needed="files:write", provided="chat:write")
    sent = await slack.post(channel=CHANNEL, message=OVERFLOW, key="r1/answer")
    (note,) = far_end.messages(CHANNEL, thread_ts=sent.ts)
    assert "files:write" in note["text"]
    assert note["text"].endswith(".")
    assert as_text(note["blocks"]) == note["text"]


async def test_note_uses_the_language_of_the_answer(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("files.getUploadURLExternal", error="missing_scope", needed="files:write", provided="chat:write")
    answer = Message(text="镜像拉取失败：仓库拒绝访问", overflow=OVERFLOW.overflow)
    sent = await slack.post(channel=CHANNEL, message=answer, key="r1/answer")
    (note,) = far_end.messages(CHANNEL, thread_ts=sent.ts)
    assert "缺少权限范围 files:write" in note["text"]


async def test_upload_with_a_lost_last_answer_is_not_posted_twice(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("files.completeUploadExternal", reset=True, after_execution=True)
    sent = await slack.post(channel=CHANNEL, message=OVERFLOW, key="r1/answer")
    assert len(far_end.messages(CHANNEL, thread_ts=sent.ts)) == 1


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (lambda far: remove_bot(far, CHANNEL), NotInChannel),
        (lambda far: set_archived(far, CHANNEL), Archived),
        (revoke_token, TokenRevoked),
        (
            lambda far: far.fail("chat.postMessage", error="missing_scope", needed="chat:write", provided="commands"),
            MissingScope,
        ),
    ],
    ids=["not in channel", "archived", "revoked", "missing scope"],
)
async def test_rejections_are_our_errors_with_readable_text(far_end, slack, prepare, expected):
    prepare(far_end)
    with pytest.raises(expected) as raised:
        await slack.post(channel=CHANNEL, message=Message(text="hi"), key="r1/answer")
    assert raised.value.says.en
    assert raised.value.says.zh
    assert not raised.value.maybe_done


async def test_missing_scope_is_named(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postMessage", error="missing_scope", needed="chat:write", provided="commands,users:read")
    with pytest.raises(MissingScope) as raised:
        await slack.post(channel=CHANNEL, message=Message(text="hi"))
    assert (raised.value.needed, raised.value.provided) == ("chat:write", "commands,users:read")
    assert "chat:write" in raised.value.says.en


async def test_unknown_channel_is_reported_as_gone(slack: Slack):
    with pytest.raises(ChannelGone):
        await slack.post(channel="C0NOWHERE", message=Message(text="hi"))
