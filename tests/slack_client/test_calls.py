"""Test single calls: ephemeral messages, modals, response URLs, and invalid answers of a server."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from bot.slack.api import retry_after
from bot.slack.client import Slack
from bot.slack.errors import (
    MessageGone,
    MissingScope,
    RateLimited,
    Refused,
    SlackError,
    SlackUnavailable,
    TokenRevoked,
    TooLong,
    TriggerExpired,
    refusal,
)
from bot.slack.message_forms import forms, payload
from bot.slack.pacer import Limits
from responses.slack.message import Message, Snippet
from responses.slack.validation import validate_message
from tests.clocks import Stopwatch
from tests.slack_client.scene import CHANNEL, section, serving


def modal(title: str) -> dict:
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": [section("body")]}


async def test_ephemeral_message_is_seen_by_one_user(far_end: SimulatedSlack, slack: Slack):
    await slack.post_ephemeral(channel=CHANNEL, user="U0ANA", message=Message(text="psst", blocks=(section("psst"),)))
    (seen,) = far_end.ephemerals("U0ANA")
    assert (seen["text"], seen["channel"]) == ("psst", CHANNEL)
    assert far_end.messages(CHANNEL) == []


async def test_too_long_ephemeral_message_is_sent_as_text(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("chat.postEphemeral", error="invalid_blocks")
    await slack.post_ephemeral(channel=CHANNEL, user="U0ANA", message=Message(text="psst", blocks=(section("psst"),)))
    assert not far_end.ephemerals("U0ANA")[0].get("blocks")


async def test_permalink_names_its_channel(far_end: SimulatedSlack, slack: Slack):
    sent = await slack.post(channel=CHANNEL, message=Message(text="hi"))
    assert CHANNEL in await slack.permalink(CHANNEL, sent.ts)
    with pytest.raises(MessageGone):
        await slack.permalink(CHANNEL, "1.000000")


async def test_modal_that_fails_our_validation_is_not_sent(far_end: SimulatedSlack, slack: Slack):
    with pytest.raises(Refused):
        await slack.open_view("trigger", modal("a title that is much longer than Slack allows"))
    assert far_end.calls == []


@pytest.mark.parametrize("error", ["expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"])
async def test_expired_trigger_is_reported(far_end: SimulatedSlack, slack: Slack, error: str):
    far_end.fail("views.open", error=error)
    with pytest.raises(TriggerExpired) as raised:
        await slack.open_view("trigger", modal("Details"))
    assert "again" in raised.value.says.en


async def test_modal_does_not_wait_longer_than_its_trigger_is_valid(far_end: SimulatedSlack, client_with: Callable):
    far_end.fail("views.open", retry_after=30)
    started = time.monotonic()
    with pytest.raises(RateLimited):
        await client_with(trigger=0.2).open_view("trigger", modal("Details"))
    assert time.monotonic() - started < 5


async def test_modal_without_an_answer_is_not_opened_twice(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("views.open", reset=True)
    with pytest.raises(SlackUnavailable):
        await slack.open_view("trigger", modal("Details"))
    assert [call.method for call in far_end.calls] == ["views.open"]


async def test_snippet_is_truncated_to_slacks_limit(far_end: SimulatedSlack, slack: Slack):
    await slack.uploads.upload(channel=CHANNEL, snippet=Snippet(name="a.txt", title="A", content="日志" * 300_000))
    (file,) = far_end.files()
    content = far_end.file_content(file["id"])
    assert len(content) <= 1_000_000
    assert content.decode().endswith(" bytes)\n")


async def test_upload_without_the_scope_names_it(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("files.getUploadURLExternal", error="missing_scope", needed="files:write")
    with pytest.raises(MissingScope) as raised:
        await slack.uploads.upload(channel=CHANNEL, snippet=Snippet(name="a.txt", title="A", content="x"))
    assert raised.value.needed == "files:write"


# --- response addresses and broken far ends -------------------------------------------------------------------------


class FarEnd:
    """A server with configurable answers that records its requests."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[dict] = []
        self.answers: list[web.Response] = []
        self.arrived = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.arrived.set()
        self.bodies.append(await request.json() if request.can_read_body else dict(request.query))
        return self.answers.pop(0) if self.answers else web.Response(text="ok")


@pytest.fixture
async def raw() -> AsyncIterator[FarEnd]:
    far = FarEnd()
    async with serving(far.handle) as far.url:
        yield far


@pytest.fixture
async def raw_slack(raw: FarEnd) -> AsyncIterator[Slack]:
    web_client = AsyncWebClient(token="xoxb-test", base_url=f"{raw.url}/api/")
    async with Slack(web_client, limits=Limits(call=0.5, patience=1.5, first_pause=0.001, repetitions=2)) as slack:
        yield slack


async def test_response_is_sent_to_its_url(raw: FarEnd, raw_slack: Slack):
    await raw_slack.respond(f"{raw.url}/actions/1", Message(text="hi", blocks=(section("hi"),)))
    assert [(body["text"], body["response_type"], body["replace_original"]) for body in raw.bodies] == [
        ("hi", "ephemeral", False),
    ]


@pytest.mark.parametrize("url", ["https://evil.example/1", "http://127.0.0.1:1/actions", "", "file:///etc/passwd"])
async def test_foreign_response_url_is_not_called(raw_slack: Slack, url: str):
    with pytest.raises(Refused):
        await raw_slack.respond(url, Message(text="secret"))


async def test_failed_response_is_retried(raw: FarEnd, raw_slack: Slack):
    raw.answers = [web.Response(status=503), web.Response(status=429, headers={"Retry-After": "0.1"})]
    await raw_slack.respond(f"{raw.url}/actions/1", Message(text="hi"))
    assert len(raw.bodies) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (web.Response(status=404, text="expired_url"), TriggerExpired),
        (web.json_response({"ok": False, "error": "used_url"}, status=404), TriggerExpired),
        (web.Response(status=404, text="<html>"), TriggerExpired),
        (web.json_response({"ok": False, "error": "cannot_find_service"}, status=400), Refused),
        (web.Response(status=302, headers={"Location": "https://evil.example"}), Refused),
    ],
)
async def test_used_up_response_url_is_reported(raw: FarEnd, raw_slack: Slack, answer, expected):
    raw.answers = [answer]
    with pytest.raises(expected):
        await raw_slack.respond(f"{raw.url}/actions/1", Message(text="hi"))


async def test_response_with_rejected_blocks_is_sent_as_text(raw: FarEnd, raw_slack: Slack):
    raw.answers = [web.json_response({"ok": False, "error": "invalid_blocks"}, status=400)]
    await raw_slack.respond(f"{raw.url}/actions/1", Message(text="hi", blocks=(section("hi"),)))
    assert [bool(body["blocks"]) for body in raw.bodies] == [True, False]


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(text="<html>sign in</html>", content_type="text/html"),
        lambda: web.Response(text="ok"),
        lambda: web.Response(text="{", content_type="application/json"),
        lambda: web.json_response(["ok"]),
        lambda: web.json_response("ok"),
        lambda: web.Response(body=b"\xff\xfe", content_type="application/json"),
        lambda: web.Response(status=403, text="<html>proxy</html>", content_type="text/html"),
        lambda: web.Response(status=502, text="bad gateway"),
        lambda: web.Response(status=500, text="{", content_type="application/json"),
        lambda: web.Response(body=b"\x1f\x8b", content_type="application/gzip"),
        lambda: web.Response(status=204),
    ],
)
async def test_any_invalid_answer_becomes_our_error(raw: FarEnd, raw_slack: Slack, answer: Callable):
    raw.answers = [answer() for _ in range(10)]
    with pytest.raises(SlackUnavailable):
        await raw_slack.permalink(CHANNEL, "1.0")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"retry-after": "0.5"}, 0.5),
        ({}, 1),
        ({"Retry-After": "soon"}, 1),
        ({"Retry-After": "-5"}, 1),
        ({"Retry-After": "nan"}, 1),
        ({"Retry-After": "1e99"}, 1),
    ],
)
def test_429_without_a_readable_header_waits_one_second(headers: dict, seconds: float):
    assert retry_after(headers) == seconds


@pytest.mark.simulated_time
async def test_429_holds_all_calls_of_the_method(raw: FarEnd, raw_slack: Slack):
    raw.answers = [web.Response(status=429, headers={"Retry-After": "0.3"})] + [
        web.json_response({"ok": True}) for _ in range(10)
    ]
    watch = Stopwatch()
    first = asyncio.create_task(raw_slack.permalink(CHANNEL, "1.0"))
    await raw.arrived.wait()
    await raw_slack.permalink(CHANNEL, "2.0")
    await first
    assert watch.seconds == pytest.approx(0.3, abs=0.01)
    assert len(raw.bodies) == 3


async def test_rate_limit_longer_than_we_wait_is_reported_at_once(raw: FarEnd, raw_slack: Slack):
    raw.answers = [web.Response(status=429, headers={"Retry-After": "600"})]
    started = time.monotonic()
    with pytest.raises(RateLimited) as raised:
        await raw_slack.permalink(CHANNEL, "1.0")
    assert raised.value.retry_after == 600
    with pytest.raises(RateLimited):
        await raw_slack.permalink(CHANNEL, "1.0")
    assert len(raw.bodies) == 1
    assert time.monotonic() - started < 1


async def test_identical_message_of_another_author_is_not_ours(raw: FarEnd, raw_slack: Slack):
    forged = {"event_type": "casebook", "event_payload": {"key": "r1/answer"}}
    raw.answers = [
        web.json_response(
            {"ok": True, "messages": [{"ts": "1.0", "user": "U0EVIL", "bot_id": "B9", "metadata": forged}]}
        ),
        web.json_response({"ok": True, "user_id": "U0US", "bot_id": "B0US", "team_id": "T1", "app_id": "A1"}),
        web.json_response({"ok": True, "channel": CHANNEL, "ts": "2.0"}),
    ]
    sent = await raw_slack.post(channel=CHANNEL, message=Message(text="ours"), key="r1/answer", sought=True)
    assert sent.ts == "2.0"


@given(
    answer=st.dictionaries(
        st.sampled_from(["error", "needed", "provided", "response_metadata"]),
        st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text(), max_size=2)),
    )
)
def test_any_rejection_is_one_error_with_our_text(answer: dict):
    error = refusal("chat.postMessage", answer)
    assert isinstance(error, SlackError)
    assert error.says.en
    assert error.says.zh
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("token_revoked", TokenRevoked),
        ("invalid_blocks", TooLong),
        ("message_not_found", MessageGone),
        ("odd", Refused),
    ],
)
def test_slack_error_codes_map_to_distinct_errors(code: str, expected: type[SlackError]):
    assert type(refusal("chat.update", {"ok": False, "error": code})) is expected


TEXTS = st.text(max_size=6000)
BLOCKS = st.lists(
    st.one_of(
        TEXTS.map(section),
        st.just({"type": "header", "text": {"type": "plain_text", "text": "x"}}),
        st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    ),
    max_size=60,
)


@given(text=TEXTS, blocks=BLOCKS)
def test_every_form_of_any_message_is_valid_for_slack(text: str, blocks: list[dict]):
    message = Message(text=text, blocks=tuple(blocks))
    for index, form in enumerate(forms(message)):
        for part in form.parts:
            assert validate_message(payload(part, key="request/answer", form=index)) == ()


async def test_closed_client_raises(client_with: Callable):
    slack = client_with()
    await slack.aclose()
    with pytest.raises(SlackUnavailable):
        await slack.post(channel=CHANNEL, message=Message(text="too late"))
