import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from tests.clocks import Stopwatch
from tests.simulated_slack.refusals import refusal


@pytest.fixture
async def paced(simulate) -> tuple[SimulatedSlack, AsyncWebClient, str]:
    slack, _ = await simulate(paced=True)
    slack.deliver_to(None)
    return slack, AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[]), slack.add_channel("a")


async def refused(call) -> tuple[int, str, str]:
    response = await refusal(call)
    return response.status_code, response["error"], response.headers.get("Retry-After", "")


async def test_a_channel_allows_a_short_burst_then_one_message_per_second(paced, clock):
    slack, client, channel = paced
    for _ in range(3):
        await client.chat_postMessage(channel=channel, text="x")

    assert await refused(client.chat_postMessage(channel=channel, text="x")) == (429, "ratelimited", "1")
    assert (await client.chat_postMessage(channel=slack.add_channel("b"), text="x"))["ok"]
    clock.advance(1)
    await client.chat_postMessage(channel=channel, text="x")
    assert (await refused(client.chat_postMessage(channel=channel, text="x")))[0] == 429
    assert len(slack.messages(channel)) == 4


async def test_a_methods_tier_limits_its_calls_per_minute(paced, clock):
    _, client, channel = paced
    for _ in range(20):
        await client.users_list()
        clock.advance(1)

    assert await refused(client.users_list()) == (429, "ratelimited", "40")
    assert (await client.conversations_info(channel=channel))["ok"]
    clock.advance(40)
    assert (await client.users_list())["ok"]


async def test_a_client_that_waits_succeeds(simulate):
    # Slack's retry handler sleeps for Retry-After seconds, so this test uses the machine's clock.
    loop = asyncio.get_running_loop()
    slack, _ = await simulate(paced=True, clock=loop.time)
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    client.retry_handlers = [AsyncRateLimitErrorRetryHandler(max_retry_count=2)]
    channel = slack.add_channel("a")

    for _ in range(4):
        await client.chat_postMessage(channel=channel, text="x")

    assert len(slack.messages(channel)) == 4
    assert [each.status for each in slack.calls] == [200, 200, 200, 429, 200]


async def test_a_fault_applies_to_its_method_the_given_number_of_times(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str
):
    slack.fail("chat.postMessage", error="fatal_error", times=2)

    assert (await client.auth_test())["ok"]
    for _ in range(2):
        assert (await refused(client.chat_postMessage(channel=incidents, text="x")))[1] == "fatal_error"
    assert (await client.chat_postMessage(channel=incidents, text="x"))["ok"]
    slack.fail("*", error="fatal_error")
    assert (await refused(client.auth_test()))[1] == "fatal_error"
    slack.fail("*", error="fatal_error", times=9)
    slack.clear_faults()
    assert (await client.auth_test())["ok"]


async def test_a_missing_scope_names_what_is_needed(slack: SimulatedSlack, client: AsyncWebClient):
    slack.fail("users.info", error="missing_scope", needed="users:read", provided="chat:write")

    with pytest.raises(SlackApiError) as raised:
        await client.users_info(user="U1")

    assert raised.value.response.data == {
        "ok": False, "error": "missing_scope", "needed": "users:read", "provided": "chat:write"
    }  # fmt: skip


async def test_rate_limits_and_outages_have_their_http_status(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str
):
    slack.fail("chat.postMessage", retry_after=7)
    assert await refused(client.chat_postMessage(channel=incidents, text="x")) == (429, "ratelimited", "7")

    slack.fail("chat.postMessage", status=503)
    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel=incidents, text="x")
    assert raised.value.response.status_code == 503
    assert slack.calls[-1].status == 503


@pytest.mark.parametrize("after_execution", [False, True])
async def test_a_connection_can_be_cut_before_or_after_execution(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str, after_execution: bool
):
    slack.fail("chat.postMessage", reset=True, after_execution=after_execution)

    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=incidents, text="x")

    assert len(slack.messages(incidents)) == (1 if after_execution else 0)
    assert (slack.calls[-1].status, slack.calls[-1].ok) == (0, after_execution)


@pytest.mark.parametrize("after_execution", [False, True])
async def test_a_call_may_get_no_response(slack: SimulatedSlack, incidents: str, after_execution: bool):
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)
    slack.fail("chat.postMessage", hang=True, after_execution=after_execution)

    waiting = asyncio.ensure_future(client.chat_postMessage(channel=incidents, text="x"))
    await slack.wait_for(lambda: slack.calls)
    assert len(slack.messages(incidents)) == (1 if after_execution else 0)
    with pytest.raises(TimeoutError):
        await waiting


async def test_stopping_releases_hanging_calls(simulate):
    slack, _ = await simulate()
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    slack.fail("auth.test", hang=True)
    waiting = asyncio.ensure_future(client.auth_test())
    await slack.wait_for(lambda: slack.calls)

    await slack.stop()

    with pytest.raises(aiohttp.ClientError):
        await waiting


@pytest.mark.simulated_time
async def test_latency_delays_every_call(slack: SimulatedSlack, client: AsyncWebClient):
    slack.latency = 0.05
    watch = Stopwatch()
    await client.auth_test()

    assert watch.seconds == pytest.approx(0.05)


async def test_waiting_ends_with_the_change_or_reports_recent_activity(
    slack: SimulatedSlack, client: AsyncWebClient, incidents: str
):
    waiting = asyncio.ensure_future(slack.wait_for(lambda: slack.messages(incidents)))
    await client.chat_postMessage(channel=incidents, text="x")
    assert (await waiting)[0]["text"] == "x"

    with pytest.raises(TimeoutError, match=r"not within 0\.01 s; latest calls: chat\.postMessage 200"):
        await slack.wait_for(lambda: len(slack.messages(incidents)) > 1, timeout=0.01)


async def test_a_subscription_shows_messages_ephemerals_calls_and_envelopes_in_order(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, incidents: str, ana: str
):
    with slack.subscribe() as changes:
        ts = await slack.say(ana, incidents, "it is broken")
        await client.chat_postEphemeral(channel=incidents, user=ana, text="looking")
        await client.reactions_add(channel=incidents, timestamp=ts, name="eyes")
    seen = [change async for change in changes]

    assert [change.kind.value for change in seen] == [
        "message_posted", "envelope", "ephemeral_posted", "call", "message_changed", "call"
    ]  # fmt: skip
    assert (seen[0].channel, seen[0].data["ts"]) == (incidents, ts)
    assert (seen[1].data["status"], seen[1].data["payload"]["event"]["ts"]) == (200, ts)
    assert seen[2].user == ana
    assert (seen[3].data["method"], seen[3].data["ok"]) == ("chat.postEphemeral", True)


async def test_addresses_exist_while_it_runs(simulate):
    slack, _ = await simulate()
    assert slack.api_url == f"{slack.url}/api/"
    await slack.stop()
    with pytest.raises(RuntimeError, match=r"call start\(\) first"):
        _ = slack.api_url
