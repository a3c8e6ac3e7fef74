"""Test calls about channels: full reads, joining, pins and the canvas. Repeated calls have one effect."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from bot.playground.slack.canvases import Canvas
from bot.slack.client import Slack
from bot.slack.errors import (
    Archived,
    CanvasesOff,
    CanvasGone,
    CanvasTaken,
    ChannelGone,
    MessageGone,
    MissingScope,
    NotInChannel,
    RateLimited,
    Refused,
    SlackError,
    SlackUnavailable,
    TooLong,
)
from bot.slack.pacer import Rate
from bot.slack.posts import Page
from responses.slack.message import Message
from tests.clocks import Stopwatch
from tests.slack_administration import restrict_history
from tests.slack_client.conftest import QUICK
from tests.slack_client.scene import CHANNEL, serving

ANA = "U0ANA"
Doing = Callable[[Slack], Awaitable[object]]

DOINGS: dict[str, Doing] = {
    "pins.add": lambda slack: slack.pins.add(channel=CHANNEL, ts="1.000000"),
    "pins.remove": lambda slack: slack.pins.remove(channel=CHANNEL, ts="1.000000"),
    "conversations.canvases.create": lambda slack: slack.canvases.create(channel=CHANNEL, title="t", markdown="m"),
    "canvases.edit": lambda slack: slack.canvases.edit(canvas="F1", markdown="m"),
    "conversations.history": lambda slack: slack.history.channel(CHANNEL),
    "conversations.replies": lambda slack: slack.history.thread(CHANNEL, "1.000000"),
    "conversations.join": lambda slack: slack.join(CHANNEL),
}
EACH = pytest.mark.parametrize("method", DOINGS)


def methods(far_end: SimulatedSlack) -> list[str]:
    return [call.method for call in far_end.calls]


async def said(far_end: SimulatedSlack, *texts: str, thread_ts: str = "") -> list[str]:
    return [await far_end.say(ANA, CHANNEL, text, thread_ts=thread_ts) for text in texts]


def canvas_of(far_end: SimulatedSlack) -> Canvas:
    canvas = far_end.canvases.of(CHANNEL)
    assert canvas is not None
    return canvas


def texts(*pages: Page) -> list[str]:
    return [message["text"] for page in pages for message in page.messages]


# Pins.


async def test_message_is_pinned_once_and_unpinned_once(far_end: SimulatedSlack, slack: Slack):
    sent = await slack.post(channel=CHANNEL, message=Message(text="summary"))

    for _ in range(2):
        await slack.pins.add(channel=CHANNEL, ts=sent.ts)
        assert far_end.message(CHANNEL, sent.ts)["pinned_to"] == [CHANNEL]
    for _ in range(2):
        await slack.pins.remove(channel=CHANNEL, ts=sent.ts)
        assert "pinned_to" not in far_end.message(CHANNEL, sent.ts)


async def test_deleted_message_cannot_be_pinned_and_needs_no_unpinning(far_end: SimulatedSlack, slack: Slack):
    sent = await slack.post(channel=CHANNEL, message=Message(text="summary"))
    await far_end.remove(ANA, CHANNEL, sent.ts, admin=True)

    with pytest.raises(MessageGone):
        await slack.pins.add(channel=CHANNEL, ts=sent.ts)
    await slack.pins.remove(channel=CHANNEL, ts=sent.ts)


async def test_pin_limit_is_reported_with_slacks_error_code(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("pins.add", error="too_many_pins")

    with pytest.raises(Refused) as raised:
        await slack.pins.add(channel=CHANNEL, ts="1.000000")

    assert raised.value.code == "too_many_pins"


# The canvas.


async def test_canvas_is_created_and_updated(far_end: SimulatedSlack, slack: Slack):
    made = await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="# Investigating")
    await slack.canvases.edit(canvas=made, markdown="# Mitigated\n日志")

    canvas = canvas_of(far_end)
    assert (canvas.id, canvas.title, canvas.markdown) == (made, "Incident 42", "# Mitigated\n日志")


async def test_existing_canvas_of_ours_is_reused(far_end: SimulatedSlack, slack: Slack, client_with: Callable):
    made = await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="before")

    again = await client_with().canvases.create(channel=CHANNEL, title="Incident 42", markdown="after")

    assert again == made
    assert canvas_of(far_end).markdown == "after"


async def test_canvas_with_a_lost_answer_is_created_once(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("conversations.canvases.create", reset=True, after_execution=True)

    made = await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="once")

    assert canvas_of(far_end).id == made
    assert methods(far_end).count("conversations.canvases.create") == 2


@pytest.mark.parametrize("hidden", ["", "conversations.info", "files.info"])
async def test_canvas_of_members_is_not_touched(far_end: SimulatedSlack, slack: Slack, hidden: str):
    theirs = far_end.canvases.create(channel=CHANNEL, user=ANA, markdown="our notes")
    if hidden:
        far_end.fail(hidden, error="missing_scope", needed="files:read")

    with pytest.raises(CanvasTaken) as raised:
        await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="ours")

    assert theirs.markdown == "our notes"
    assert "did not create" in raised.value.says.en
    assert raised.value.says.zh != raised.value.says.en


async def test_canvas_owner_is_not_guessed_without_an_answer(far_end: SimulatedSlack, slack: Slack):
    far_end.canvases.create(channel=CHANNEL, user=ANA)
    far_end.fail("files.info", status=503, times=9)

    with pytest.raises(SlackUnavailable):
        await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="ours")


async def test_manually_deleted_canvas_can_be_created_again(far_end: SimulatedSlack, slack: Slack):
    made = await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="a")
    far_end.canvases.delete(made)

    with pytest.raises(CanvasGone):
        await slack.canvases.edit(canvas=made, markdown="b")
    assert await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="b") != made


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("canvas_disabled_user_team", CanvasesOff),
        ("team_tier_cannot_create_channel_canvases", CanvasesOff),
        ("free_team_canvas_tab_already_exists", CanvasTaken),
        ("canvas_creation_failed", Refused),
        ("canvas_tab_creation_failed", Refused),
    ],
)
async def test_canvas_failure_gives_its_reason(
    far_end: SimulatedSlack, slack: Slack, code: str, kind: type[SlackError]
):
    far_end.fail("conversations.canvases.create", error=code)

    with pytest.raises(kind) as raised:
        await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="a")

    assert raised.value.code == code


async def test_too_long_canvas_is_not_sent(far_end: SimulatedSlack, slack: Slack):
    with pytest.raises(TooLong):
        await slack.canvases.create(channel=CHANNEL, title="Incident 42", markdown="x" * 100_001)
    with pytest.raises(TooLong):
        await slack.canvases.edit(canvas="F1", markdown="x" * 100_001)
    assert far_end.calls == []


# History.


async def test_channel_is_read_in_pages_while_messages_arrive(far_end: SimulatedSlack, slack: Slack):
    await said(far_end, "0", "1", "2", "3", "4")

    first = await slack.history.channel(CHANNEL, limit=2)
    await said(far_end, "meanwhile")
    second = await slack.history.channel(CHANNEL, limit=2, cursor=first.cursor)
    third = await slack.history.channel(CHANNEL, limit=2, cursor=second.cursor)

    assert texts(first, second, third) == ["4", "3", "2", "1", "0"]
    assert [page.more for page in (first, second, third)] == [True, True, False]
    assert third.cursor == ""


async def test_lost_cursor_resumes_from_the_oldest_message_read(far_end: SimulatedSlack, slack: Slack):
    begun, *_ = await said(far_end, "0", "1", "2", "3", "4")
    first = await slack.history.channel(CHANNEL, limit=2)

    with pytest.raises(Refused) as raised:
        await slack.history.channel(CHANNEL, cursor="long gone")
    rest = await slack.history.channel(CHANNEL, latest=first.messages[-1]["ts"], oldest=begun)

    assert raised.value.code == "invalid_cursor"
    assert texts(rest) == ["2", "1"]


async def test_thread_is_read_from_its_parent(far_end: SimulatedSlack, slack: Slack):
    (head,) = await said(far_end, "broken")
    replies = await said(far_end, "0", "1", "2", thread_ts=head)

    first = await slack.history.thread(CHANNEL, head, limit=2)
    second = await slack.history.thread(CHANNEL, head, limit=2, cursor=first.cursor)
    later = await slack.history.thread(CHANNEL, head, oldest=replies[1])

    assert texts(first, second) == ["broken", "0", "1", "2"]
    assert (first.more, second.more) == (True, False)
    assert texts(later) == ["broken", "2"]
    assert "thread_ts" in (await slack.history.channel(CHANNEL)).messages[0]
    with pytest.raises(MessageGone):
        await slack.history.thread(CHANNEL, "1.000000")


async def test_low_rate_limit_reports_how_long_to_wait(far_end: SimulatedSlack, slack: Slack):
    restrict_history(far_end)
    await said(far_end, *map(str, range(16)))

    page = await slack.history.channel(CHANNEL, limit=200)
    with pytest.raises(RateLimited) as raised:
        await slack.history.channel(CHANNEL, limit=200, cursor=page.cursor)

    assert (len(page.messages), page.more) == (15, True)
    assert 55 < raised.value.retry_after <= 60


async def test_bulk_read_lets_other_calls_go_first(far_end: SimulatedSlack, client_with: Callable):
    (head,) = await said(far_end, "broken")
    slow = client_with(methods={"conversations.replies": Rate(every=0.05)})

    everything = [asyncio.create_task(slow.history.thread(CHANNEL, head)) for _ in range(3)]
    await far_end.wait_for(lambda: far_end.calls)
    await asyncio.gather(slow.message(channel=CHANNEL, ts=head), *everything)

    assert [call.arguments["limit"] for call in far_end.calls] == ["200", "1", "200", "200"]


@pytest.mark.parametrize(
    ("answer", "page"),
    [
        ({}, Page(messages=())),
        ({"messages": None, "has_more": None, "response_metadata": None}, Page(messages=())),
        ({"messages": "many", "response_metadata": "next"}, Page(messages=())),
        ({"messages": [None, {"ts": "1.0"}], "has_more": True}, Page(messages=({"ts": "1.0"},), more=True)),
        ({"messages": [], "response_metadata": {"next_cursor": "c"}}, Page(messages=(), cursor="c", more=True)),
    ],
)
async def test_malformed_page_gives_its_readable_part(answer: dict[str, Any], page: Page):
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True} | answer)

    async with serving(handle) as url, Slack(AsyncWebClient(token="xoxb-1", base_url=f"{url}/"), limits=QUICK) as slack:
        assert await slack.history.channel(CHANNEL) == page
        assert await slack.history.thread(CHANNEL, "1.0") == page


# Joining.


async def test_public_channel_is_joined_once(far_end: SimulatedSlack, slack: Slack):
    channel = far_end.add_channel("inc-42", bot=False)

    for _ in range(2):
        await slack.join(channel)

    assert (await slack.history.channel(channel)).messages[0]["subtype"] == "channel_join"
    private = far_end.add_channel("inc-43", private=True, bot=False)
    with pytest.raises(ChannelGone):
        await slack.join(private)
    with pytest.raises(Refused):
        await slack.join(far_end.open_im(ANA))


# All calls share a few failures.


@EACH
@pytest.mark.parametrize(
    ("code", "kind"),
    [("not_in_channel", NotInChannel), ("is_archived", Archived), ("channel_not_found", ChannelGone)],
)
async def test_channel_that_cannot_be_joined_is_reported(
    far_end: SimulatedSlack, slack: Slack, method: str, code: str, kind: type
):
    far_end.fail(method, error=code)

    with pytest.raises(kind):
        await DOINGS[method](slack)

    assert len(far_end.calls) == 1


@EACH
async def test_missing_scope_is_named(far_end: SimulatedSlack, slack: Slack, method: str):
    far_end.fail(method, error="missing_scope", needed="some:scope", provided="chat:write")

    with pytest.raises(MissingScope) as raised:
        await DOINGS[method](slack)

    assert (raised.value.needed, raised.value.provided) == ("some:scope", "chat:write")
    assert "some:scope" in raised.value.says.zh


@pytest.mark.simulated_time
async def test_short_rate_limit_is_waited_out(far_end: SimulatedSlack, slack: Slack):
    for method in DOINGS:
        far_end.fail(method, retry_after=1)
    watch = Stopwatch()

    # A missing message or canvas is a valid answer, too.
    done = await asyncio.gather(*(doing(slack) for doing in DOINGS.values()), return_exceptions=True)

    assert 1 <= watch.seconds < 1.5
    assert not [each for each in done if isinstance(each, SlackUnavailable)]
    assert sorted(methods(far_end)) == sorted([*DOINGS, *DOINGS])


@EACH
async def test_long_rate_limit_is_reported(far_end: SimulatedSlack, slack: Slack, method: str):
    far_end.fail(method, retry_after=60)

    with pytest.raises(RateLimited) as raised:
        await DOINGS[method](slack)

    assert raised.value.retry_after == 60
    assert methods(far_end) == [method]


@EACH
@pytest.mark.parametrize("fault", [{"status": 503}, {"reset": True}, {"hang": True}], ids=str)
async def test_outage_is_retried_and_then_reported(far_end: SimulatedSlack, client_with: Callable, method: str, fault):
    # Short timeout only where no answer comes: a busy machine may take that long for any answer.
    slack = client_with(call=0.3 if "hang" in fault else 5, repetitions=1)
    far_end.fail(method, times=9, **fault)

    with pytest.raises(SlackUnavailable):
        await DOINGS[method](slack)

    # The library may also repeat a read after a lost connection; a busy machine may give a call up before it arrived.
    assert set(methods(far_end)) <= {method}
    assert len(far_end.calls) >= 2 or "hang" in fault
