"""Test continuations: overflow goes to the thread once and is deleted with its message."""

from dataclasses import replace

import pytest

from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from bot.slack.errors import SlackUnavailable
from bot.slack.posts import PostedMessage
from responses.slack.message import Message, Picture, Snippet
from tests.slack_client.scene import CHANNEL, section

FILE = Snippet(name="diagnosis.md", title="In full", content="much more")


def answer(text: str, overflow: Snippet | None = FILE) -> Message:
    return Message(text=text, blocks=(section(f"{text} one"), section(f"{text} two")), overflow=overflow)


def texts(far_end: SimulatedSlack, channel: str = CHANNEL) -> list[str]:
    """Return the texts in the channel and its threads; for a file its name without marks."""
    return [
        " ".join([message["text"], *(file["name"].partition("-")[0] for file in message.get("files", []))]).strip()
        for message in far_end.messages(channel)
    ]


async def in_two_parts_and_a_file(far_end: SimulatedSlack, slack: Slack, thread_ts: str, key: str) -> PostedMessage:
    far_end.fail("chat.postMessage", error="msg_blocks_too_long")
    return await slack.post(channel=CHANNEL, message=answer(key), thread_ts=thread_ts, key=key)


async def test_answer_edited_three_times_has_its_file_once(far_end, slack, client_with):
    sent = await slack.post(channel=CHANNEL, message=Message(text="looking"), key="r1/answer")
    for client in (slack, slack, client_with()):
        told = replace(answer("found"), text="found, again")
        await client.update(channel=CHANNEL, ts=sent.ts, message=told, final=True, key="r1/answer")
    assert texts(far_end) == ["found, again", "diagnosis"]
    assert len(far_end.files()) == 1


async def test_edit_with_another_file_uploads_it(far_end: SimulatedSlack, slack: Slack):
    sent = await slack.post(channel=CHANNEL, message=answer("found"), key="r1/answer")
    more = answer("found more", replace(FILE, content="even more"))
    await slack.update(channel=CHANNEL, ts=sent.ts, message=more, final=True)
    assert [far_end.file_content(file["id"]) for file in far_end.files()] == [b"much more", b"even more"]


async def test_person_is_messaged_by_user_id(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postMessage", error="msg_blocks_too_long")
    sent = await slack.post(channel="U0ANA", message=answer("a word to you"), key="r1/word")
    assert sent.channel == far_end.open_im("U0ANA")
    assert texts(far_end, sent.channel) == ["a word to you", "… a word to you", "diagnosis"]
    assert [message.get("thread_ts") for message in far_end.messages(sent.channel)] == [sent.ts] * 3


@pytest.mark.parametrize("in_thread", [True, False])
async def test_deleting_an_answer_deletes_only_its_continuations(
    far_end: SimulatedSlack, slack: Slack, client_with, in_thread: bool
):
    question = await far_end.say("U0ANA", CHANNEL, "why?")
    thread_ts = question if in_thread else ""
    first = await in_two_parts_and_a_file(far_end, slack, thread_ts, "r1/answer")
    await in_two_parts_and_a_file(far_end, slack, question, "r10/answer")
    await far_end.say("U0ANA", CHANNEL, "thanks", thread_ts=thread_ts or first.ts, files=[("diagnosis.md", "mine")])
    assert len(texts(far_end)) == 8

    # Another process without memory of the first.
    await client_with().delete(channel=CHANNEL, ts=first.ts, key="r1/answer", thread_ts=thread_ts)

    left = ["why?", "r10/answer", "… r10/answer", "diagnosis", "thanks diagnosis.md"]
    if not in_thread:
        left.insert(1, "This message was deleted.")
    assert texts(far_end) == left
    assert [file["user"] for file in far_end.files()] == [far_end.bot_user_id, "U0ANA"]


async def test_deleting_an_answer_deletes_the_note_about_its_file(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("files.getUploadURLExternal", error="missing_scope", needed="files:write", provided="chat:write")
    sent = await slack.post(channel=CHANNEL, message=answer("found"), key="r1/answer")
    assert len(texts(far_end)) == 2
    await slack.delete(channel=CHANNEL, ts=sent.ts)
    assert texts(far_end) == []


@pytest.mark.parametrize("method", ["conversations.replies", "files.delete", "chat.delete"])
async def test_interrupted_deletion_is_completed_by_the_next(far_end: SimulatedSlack, slack: Slack, method: str):
    sent = await in_two_parts_and_a_file(far_end, slack, "", "r1/answer")
    far_end.fail(method, status=503, times=4)
    with pytest.raises(SlackUnavailable):
        await slack.delete(channel=CHANNEL, ts=sent.ts)
    assert far_end.message(CHANNEL, sent.ts)["text"] == "r1/answer"

    await slack.delete(channel=CHANNEL, ts=sent.ts)

    assert texts(far_end) == []
    assert far_end.files() == []


async def test_message_with_a_deleted_file_is_deleted(far_end: SimulatedSlack, slack: Slack):
    sent = await slack.post(channel=CHANNEL, message=answer("found"), key="r1/answer")
    far_end.fail("chat.delete", status=503, times=4)
    with pytest.raises(SlackUnavailable):
        await slack.delete(channel=CHANNEL, ts=sent.ts)
    assert far_end.files() == []
    await slack.delete(channel=CHANNEL, ts=sent.ts)
    assert texts(far_end) == []


@pytest.mark.parametrize("code", ["cant_delete_file", "missing_scope"])
async def test_file_that_cannot_be_deleted_is_no_longer_shown(far_end: SimulatedSlack, slack: Slack, code: str):
    sent = await slack.post(channel=CHANNEL, message=answer("found"), key="r1/answer")
    far_end.fail("files.delete", error=code)
    await slack.delete(channel=CHANNEL, ts=sent.ts)
    assert texts(far_end) == []


@pytest.mark.parametrize("code", ["missing_scope", "thread_not_found"])
async def test_answer_is_deleted_even_if_its_thread_is_unreadable(far_end: SimulatedSlack, slack: Slack, code: str):
    sent = await slack.post(channel=CHANNEL, message=answer("found", overflow=None), key="r1/answer")
    far_end.fail("conversations.replies", error=code)
    await slack.delete(channel=CHANNEL, ts=sent.ts)
    assert texts(far_end) == []


async def test_answer_posted_again_has_its_file_again(far_end: SimulatedSlack, slack: Slack):
    question = await far_end.say("U0ANA", CHANNEL, "why?")
    for _ in range(2):
        sent = await slack.post(channel=CHANNEL, message=answer("found"), thread_ts=question, key="r1/answer")
        assert texts(far_end) == ["why?", "found", "diagnosis"]
        await slack.delete(channel=CHANNEL, ts=sent.ts, thread_ts=question)
        assert texts(far_end) == ["why?"]


async def test_picture_is_attached_once_by_any_process_and_deleted_with_its_message(far_end, slack, client_with):
    picture = Picture(name="plot.png", title="Commits", alt="two members are slow", content=b"\x89PNG drawn")
    sent = await slack.post(channel=CHANNEL, message=Message(text="found"), key="r1/answer")
    far_end.fail("files.completeUploadExternal", reset=True, after_execution=True)
    for client in (slack, slack, client_with()):
        await client.attach(channel=CHANNEL, ts=sent.ts, picture=picture, key="r1/answer")

    assert texts(far_end) == ["found", "plot"]
    (file,) = far_end.files()
    assert (file["title"], file["alt_txt"], file["mimetype"]) == ("Commits", "two members are slow", "image/png")
    assert far_end.file_content(file["id"]) == b"\x89PNG drawn"

    await slack.delete(channel=CHANNEL, ts=sent.ts, key="r1/answer")
    assert far_end.files() == []
