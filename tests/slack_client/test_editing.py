"""Test edits: the newest content wins, whatever is slow, refused or lost; progress is coalesced."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from bot.slack.errors import MessageGone, NotInChannel, SlackError, SlackUnavailable
from bot.slack.pacer import Limits, Rate
from bot.slack.posts import PostedMessage
from responses.slack.message import Message, Snippet
from tests.clocks import Stopwatch
from tests.slack_administration import remove_bot
from tests.slack_client.scene import CHANNEL, FAST, section, serving


def message(text: str, *, blocks: int = 0) -> Message:
    return Message(text=text, blocks=tuple(section(f"{text} {number}") for number in range(blocks)))


def edits(far_end: SimulatedSlack) -> list[str]:
    """Return the texts of the applied edits in order."""
    return [call.arguments["text"] for call in far_end.calls if call.method == "chat.update" and call.ok]


@pytest.fixture
async def sent(slack: Slack) -> PostedMessage:
    return await slack.post(channel=CHANNEL, message=message("looking", blocks=1), key="r1/answer")


async def test_edit_replaces_text_and_blocks_and_keeps_the_key(
    far_end: SimulatedSlack, slack: Slack, sent: PostedMessage
):
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)
    stored = far_end.message(CHANNEL, sent.ts)
    assert stored["text"] == "found"
    assert not stored.get("blocks")
    assert stored["metadata"]["event_payload"] == {"key": "r1/answer"}


async def test_only_the_newest_waiting_progress_edit_is_sent(far_end, client_with, sent):
    slack = client_with(between_edits=0.1)
    await asyncio.gather(
        *(slack.update(channel=CHANNEL, ts=sent.ts, message=message(f"step {number}")) for number in range(30))
    )
    assert edits(far_end)[-1] == "step 29"
    assert len(edits(far_end)) <= 2


@pytest.mark.simulated_time
async def test_progress_edits_of_one_message_are_debounced(far_end, client_with, sent):
    slack = client_with(between_edits=0.1)
    watch = Stopwatch()
    for number in range(3):
        await slack.update(channel=CHANNEL, ts=sent.ts, message=message(f"step {number}"))
    assert watch.seconds == pytest.approx(0.2, abs=0.01)


async def test_final_edit_is_not_debounced(far_end, client_with, sent):
    slack = client_with(between_edits=30)
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("step"))
    waiting = asyncio.create_task(slack.update(channel=CHANNEL, ts=sent.ts, message=message("later step")))
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)
        await waiting
    assert edits(far_end) == ["step", "found"]


async def test_final_edits_precede_progress_of_other_messages(far_end, client_with, slack):
    messages = [await slack.post(channel=CHANNEL, message=message(f"looking {number}")) for number in range(12)]
    slow = client_with(methods={"chat.update": Rate(every=0.03, burst=1)})
    progress = [
        asyncio.create_task(slow.update(channel=CHANNEL, ts=each.ts, message=message("step"))) for each in messages[:-1]
    ]
    await far_end.wait_for(lambda: edits(far_end))
    await slow.update(channel=CHANNEL, ts=messages[-1].ts, message=message("found"), final=True)
    assert edits(far_end).index("found") <= 2
    await asyncio.gather(*progress)


@pytest.mark.simulated_time
async def test_edits_after_429_wait_as_long_as_slack_asks(far_end, client_with, sent):
    far_end.fail("chat.update", retry_after=1)
    watch = Stopwatch()
    await client_with().update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)
    assert watch.seconds == pytest.approx(1, abs=0.01)
    assert edits(far_end) == ["found"]


async def test_rate_limit_longer_than_we_wait_is_an_error(far_end, client_with, sent):
    far_end.fail("chat.update", retry_after=3600)
    with pytest.raises(SlackUnavailable):
        await client_with().update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)


@pytest.mark.parametrize("fault", [{"reset": True}, {"hang": True}, {"status": 503}], ids=["cut", "silent", "503"])
async def test_failed_edit_is_retried(far_end: SimulatedSlack, slack: Slack, sent: PostedMessage, fault: dict):
    far_end.fail("chat.update", **fault)
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)
    assert far_end.message(CHANNEL, sent.ts)["text"] == "found"


async def test_edit_that_keeps_failing_is_given_up(far_end: SimulatedSlack, slack: Slack, sent: PostedMessage):
    far_end.fail("chat.update", status=503, times=100)
    with pytest.raises(SlackUnavailable):
        await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)
    assert len([call for call in far_end.calls if call.method == "chat.update"]) <= 5


async def test_failed_edit_is_not_retried_after_a_newer_one(far_end: SimulatedSlack, slack: Slack, sent: PostedMessage):
    far_end.fail("chat.update", hang=True)
    first = asyncio.create_task(slack.update(channel=CHANNEL, ts=sent.ts, message=message("step")))
    await far_end.wait_for(lambda: [call for call in far_end.calls if call.method == "chat.update"])
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)
    await first
    assert set(edits(far_end)) == {"found"}


async def test_edit_of_a_deleted_message_is_reported(far_end: SimulatedSlack, slack: Slack, sent: PostedMessage):
    await slack.delete(channel=CHANNEL, ts=sent.ts)
    with pytest.raises(MessageGone):
        await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)


async def test_edit_after_removal_fails_for_all_waiters(far_end, slack, sent):
    remove_bot(far_end, CHANNEL)
    results = await asyncio.gather(
        *(slack.update(channel=CHANNEL, ts=sent.ts, message=message(f"step {number}")) for number in range(3)),
        return_exceptions=True,
    )
    assert all(isinstance(result, NotInChannel) for result in results)


async def test_deletion_drops_waiting_edits(far_end, client_with, sent):
    slack = client_with(between_edits=30)
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("step"))
    waiting = asyncio.create_task(slack.update(channel=CHANNEL, ts=sent.ts, message=message("later step")))
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await slack.delete(channel=CHANNEL, ts=sent.ts)
        await waiting
    assert far_end.messages(CHANNEL) == []
    assert edits(far_end) == ["step"]


async def test_deleting_a_deleted_message_succeeds(slack: Slack, sent: PostedMessage):
    await slack.delete(channel=CHANNEL, ts=sent.ts)
    await slack.delete(channel=CHANNEL, ts=sent.ts)


async def test_cancelled_edit_withdraws_its_content(far_end, client_with, sent):
    slack = client_with(between_edits=0.2)
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("step"))
    withdrawn = asyncio.create_task(slack.update(channel=CHANNEL, ts=sent.ts, message=message("withdrawn")))
    await asyncio.sleep(0)
    withdrawn.cancel()
    await asyncio.gather(withdrawn, return_exceptions=True)
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)
    assert edits(far_end) == ["step", "found"]


async def test_closing_fails_waiting_edits(client_with, sent):
    slack = client_with(between_edits=30)
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("step"))
    waiting = asyncio.create_task(slack.update(channel=CHANNEL, ts=sent.ts, message=message("later step")))
    await asyncio.sleep(0)
    await slack.aclose()
    with pytest.raises(SlackUnavailable):
        await waiting


async def test_too_long_edit_keeps_its_ts_and_continues_in_the_thread(
    far_end: SimulatedSlack, slack: Slack, sent: PostedMessage
):
    far_end.fail("chat.update", error="msg_blocks_too_long")
    await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found", blocks=4), final=True)
    first, second = far_end.messages(CHANNEL)
    assert first["ts"] == sent.ts
    assert [block["text"]["text"] for block in first["blocks"]] == ["found 0", "found 1"]
    assert second["thread_ts"] == sent.ts
    assert [block["text"]["text"] for block in second["blocks"]] == ["found 2", "found 3"]


async def test_too_long_reply_continues_in_its_own_thread(far_end: SimulatedSlack, slack: Slack, sent: PostedMessage):
    reply = await slack.post(channel=CHANNEL, message=message("reply"), thread_ts=sent.ts, key="r2/answer")
    far_end.fail("chat.update", error="msg_blocks_too_long")
    await slack.update(channel=CHANNEL, ts=reply.ts, message=message("found", blocks=4), final=True, thread_ts=sent.ts)
    assert [each["thread_ts"] for each in far_end.messages(CHANNEL)] == [sent.ts] * 3


async def test_repeated_final_edit_repeats_no_parts_or_file(far_end, client_with, sent):
    answer = Message(
        text="found",
        blocks=message("found", blocks=4).blocks,
        overflow=Snippet(name="answer.md", title="All of it", content="much more"),
    )
    for _ in range(2):
        far_end.fail("chat.update", error="msg_blocks_too_long")
        await client_with().update(channel=CHANNEL, ts=sent.ts, message=answer, final=True, key="r1/answer")
    replies = far_end.messages(CHANNEL, thread_ts=sent.ts)
    assert len([reply for reply in replies if reply.get("files")]) == 1
    assert len([reply for reply in replies if reply.get("blocks")]) == 1


# --- the order, whatever happens ------------------------------------------------------------------------------------

FAULTS = st.sampled_from(
    [
        None,
        {"reset": True},
        {"reset": True, "after_execution": True},
        {"hang": True},
        {"hang": True, "after_execution": True},
        {"status": 503},
        {"error": "msg_blocks_too_long"},
    ]
)
STEP = st.tuples(st.booleans(), st.sampled_from([0.0, 0.0, 0.004]), FAULTS)


@given(steps=st.lists(STEP, min_size=1, max_size=10))
@settings(max_examples=12)
def test_edits_apply_in_request_order(steps):
    # Three rejections in a row leave no other form to try.
    assume(sum(fault is not None and "error" in fault for _, _, fault in steps) <= 2)

    async def run(far_end: SimulatedSlack, slack: Slack) -> None:
        sent = await slack.post(channel=CHANNEL, message=message("-1"), key="r/a")
        tasks = []
        for number, (final, pause, fault) in enumerate(steps):
            if fault:
                far_end.fail("chat.update", **fault)
            said = message(str(number), blocks=2)
            tasks.append(asyncio.create_task(slack.update(channel=CHANNEL, ts=sent.ts, message=said, final=final)))
            await asyncio.sleep(pause)
        assert await asyncio.gather(*tasks) == [None] * len(steps)
        # As plain text a message has the content of its two blocks, which begin with the number.
        assert far_end.message(CHANNEL, sent.ts)["text"].split()[0] == str(len(steps) - 1)
        order = [int(text.split()[0]) for text in edits(far_end)]
        assert order == sorted(order)

    async def with_slack() -> None:
        far_end = SimulatedSlack(paced=False)
        await far_end.start()
        far_end.add_channel("general", id=CHANNEL)
        limits = Limits(
            methods={}, other=FAST, channel=FAST, call=0.05, patience=20, between_edits=0.005, first_pause=0.001,
            repetitions=20,
        )  # fmt: skip
        try:
            web_client = AsyncWebClient(token=far_end.bot_token, base_url=far_end.api_url)
            async with Slack(web_client, limits=limits) as slack:
                await run(far_end, slack)
        finally:
            await far_end.stop()

    asyncio.run(with_slack())


class LateSlack:
    """A Slack that applies its first edit only after the client's timeout, which SimulatedSlack cannot do."""

    def __init__(self) -> None:
        self.stands: list[str] = []
        self.changed = asyncio.Event()
        self.release = asyncio.Event()
        self.calls = 0

    async def update(self, request: web.Request) -> web.Response:
        self.calls += 1
        text = (await request.json())["text"]
        if self.calls == 1:
            self.changed.set()
            await self.release.wait()
        self.stands.append(text)
        self.changed.set()
        return web.json_response({"ok": True})

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def late() -> AsyncIterator[tuple[LateSlack, str]]:
    far_end = LateSlack()
    async with serving(far_end.update) as url:
        yield far_end, f"{url}/api/"
        far_end.release.set()


async def test_late_edit_does_not_replace_a_newer_one(late: tuple[LateSlack, str]):
    far_end, address = late
    limits = Limits(methods={}, other=FAST, call=0.1, patience=5, between_edits=0.2, first_pause=0.001)
    async with Slack(AsyncWebClient(token="xoxb-test", base_url=address), limits=limits) as slack:
        step = asyncio.create_task(slack.update(channel=CHANNEL, ts="1.0", message=message("step")))
        await far_end.until(lambda: far_end.calls == 1)
        await slack.update(channel=CHANNEL, ts="1.0", message=message("found"), final=True)
        await step
        far_end.release.set()
        await far_end.until(lambda: len(far_end.stands) == 3)
    assert far_end.stands == ["found", "step", "found"]


async def test_any_slack_error_becomes_our_error(slack: Slack, far_end: SimulatedSlack, sent: PostedMessage):
    far_end.fail("chat.update", error="some_new_error")
    with pytest.raises(SlackError) as raised:
        await slack.update(channel=CHANNEL, ts=sent.ts, message=message("found"), final=True)
    assert raised.value.code == "some_new_error"
