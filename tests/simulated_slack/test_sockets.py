import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from tests.slack_administration import revoke_token


class Peer:
    """A bare socket of an app: it keeps what it reads and acknowledges nothing by itself."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def read(self) -> dict[str, Any]:
        return json.loads((await asyncio.wait_for(self.socket.receive(), 5)).data)

    async def acknowledge(self, envelope: dict[str, Any], payload: Any = None) -> None:
        await self.socket.send_json(
            {"envelope_id": envelope["envelope_id"]} | ({} if payload is None else {"payload": payload})
        )


@pytest.fixture
async def connect(slack: SimulatedSlack) -> AsyncIterator:
    """Provide a function that opens bare sockets."""
    app = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    async with AsyncExitStack() as cleanup:
        session = await cleanup.enter_async_context(aiohttp.ClientSession())

        async def open_one(parameters: str = "") -> Peer:
            address = (await app.apps_connections_open(app_token=slack.app_token))["url"]
            return Peer(await cleanup.enter_async_context(session.ws_connect(address + parameters)))

        yield open_one


async def test_a_new_socket_gets_the_number_of_connections(slack: SimulatedSlack, connect):
    first = await (await connect()).read()
    second = await (await connect("&debug_reconnects=true")).read()

    assert (first["type"], first["num_connections"], second["num_connections"]) == ("hello", 1, 2)
    assert first["connection_info"]["app_id"] == slack.app_id
    assert first["debug_info"]["approximate_connection_time"] > 3600
    assert second["debug_info"]["approximate_connection_time"] == 360
    assert slack.sockets.count == 2


async def test_a_ticket_opens_one_socket(slack: SimulatedSlack):
    app = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    address = (await app.apps_connections_open(app_token=slack.app_token))["url"]

    async with aiohttp.ClientSession() as session, session.ws_connect(address):
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            await session.ws_connect(address)
    assert raised.value.status == 403


async def test_an_event_waits_for_its_acknowledgement(slack: SimulatedSlack, connect, incidents: str, ana: str):
    peer = await connect()
    await peer.read()

    saying = asyncio.ensure_future(slack.say(ana, incidents, "it is broken"))
    envelope = await peer.read()
    assert not saying.done()
    await peer.acknowledge(envelope)
    ts = await saying

    assert (envelope["type"], envelope["accepts_response_payload"]) == ("events_api", False)
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
    assert envelope["payload"]["event"]["ts"] == ts
    assert [(each.over, each.status) for each in slack.deliveries] == [("socket", 200)]


async def test_a_command_is_answered_in_the_acknowledgement(slack: SimulatedSlack, connect, incidents: str, ana: str):
    peer = await connect()
    await peer.read()

    asking = asyncio.ensure_future(slack.slash(ana, incidents, "help"))
    envelope = await peer.read()
    await peer.acknowledge(envelope, {"text": "ask me"})

    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    assert envelope["payload"]["text"] == "help"
    assert (await asking).body == {"text": "ask me"}
    assert [each["text"] for each in slack.ephemerals(ana)] == ["ask me"]


async def test_an_unacknowledged_event_is_retried(simulate, incidents: str):
    slack, _ = await simulate(answer_within=0.05, retry_pauses=(0.01, 60))
    slack.deliver_to(None)
    app = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    address = (await app.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        peer = Peer(socket)
        await peer.read()
        await slack.say(slack.add_user("ana"), slack.add_channel("incidents"), "hello")
        first, second = await peer.read(), await peer.read()
        await peer.acknowledge(second)
        await slack.wait_for(lambda: len(slack.deliveries) == 2)

    assert first["payload"] == second["payload"]
    assert first["envelope_id"] != second["envelope_id"]
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
    assert [each.status for each in slack.deliveries] == [0, 200]


async def test_an_unacknowledged_press_is_not_retried(simulate):
    slack, _ = await simulate(answer_within=0.05)
    slack.deliver_to(None)
    app = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    address = (await app.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        await Peer(socket).read()
        delivered = await slack.slash(slack.add_user("ana"), slack.add_channel("incidents"), "help")

    assert (delivered.status, delivered.ok) == (0, False)
    assert [(each.attempt, each.reason) for each in slack.deliveries] == [(0, "timeout")]


async def test_each_payload_goes_to_one_socket_and_every_socket_gets_some(
    slack: SimulatedSlack, connect, incidents: str, ana: str
):
    peers = [await connect() for _ in range(3)]
    got: list[list[str]] = [[], [], []]

    async def work(peer: Peer, mine: list[str]) -> None:
        await peer.read()
        while True:
            envelope = await peer.read()
            mine.append(envelope["payload"]["event_id"])
            await peer.acknowledge(envelope)

    workers = [asyncio.ensure_future(work(peer, mine)) for peer, mine in zip(peers, got, strict=True)]
    for number in range(60):
        await slack.say(ana, incidents, str(number))
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)

    together = [event for mine in got for event in mine]
    assert len(together) == len(set(together)) == 60
    # The chance that one socket gets none of 60 payloads is 1 in 10,000,000,000.
    assert all(got)


async def test_at_most_ten_sockets_are_open(slack: SimulatedSlack, connect):
    hellos = [await (await connect()).read() for _ in range(10)]
    refused = await (await connect()).read()

    assert hellos[-1]["num_connections"] == 10
    assert (refused["type"], refused["reason"]) == ("disconnect", "too_many_websockets")
    assert slack.sockets.count == 10


async def test_a_refresh_warns_then_disconnects(slack: SimulatedSlack, connect):
    peer = await connect()
    await peer.read()

    refreshing = asyncio.ensure_future(slack.sockets.refresh())
    reasons = [(await peer.read())["reason"], (await peer.read())["reason"]]
    assert (await peer.socket.receive()).type is aiohttp.WSMsgType.CLOSE
    await refreshing

    assert reasons == ["warning", "refresh_requested"]
    assert slack.sockets.count == 0


async def test_a_payload_on_a_broken_socket_is_retried(slack: SimulatedSlack, connect, incidents: str, ana: str):
    slack.retry_pauses = (0.01, 0.01, 60)
    first = await connect()
    await first.read()
    saying = asyncio.ensure_future(slack.say(ana, incidents, "hello"))
    await first.read()
    await first.socket.close()
    await saying
    await slack.wait_for(lambda: len(slack.deliveries) == 3)

    assert [each.reason for each in slack.deliveries] == ["connection_failed"] * 3


async def test_a_dropped_socket_is_gone_without_a_goodbye(slack: SimulatedSlack, connect):
    peer = await connect()
    await peer.read()
    assert slack.sockets.drop()

    ended = await peer.socket.receive()
    assert ended.type is not aiohttp.WSMsgType.TEXT
    assert peer.socket.close_code in (None, aiohttp.WSCloseCode.ABNORMAL_CLOSURE)
    assert slack.sockets.count == 0
    assert not slack.sockets.drop()


async def test_malformed_socket_messages_are_ignored(slack: SimulatedSlack, connect, incidents: str, ana: str):
    peer = await connect()
    await peer.read()
    for noise in ("", "no json", "[]", '{"envelope_id": "unknown"}', '{"type": "ping"}'):
        await peer.socket.send_str(noise)

    saying = asyncio.ensure_future(slack.say(ana, incidents, "hello"))
    await peer.acknowledge(await peer.read())
    await saying

    assert slack.deliveries[-1].status == 200


async def test_the_official_client_stays_through_a_refresh(slack: SimulatedSlack, incidents: str, ana: str):
    client = SocketModeClient(
        app_token=slack.app_token, web_client=AsyncWebClient(slack.app_token, base_url=slack.api_url), ping_interval=0.5
    )
    seen: list[str] = []

    async def take(client: Any, request: SocketModeRequest) -> None:
        seen.append(request.payload["event"]["text"])
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client.socket_mode_request_listeners.append(take)
    await client.connect()
    await slack.say(ana, incidents, "before")
    await slack.sockets.refresh()
    await slack.wait_for(lambda: slack.sockets.count == 1 and _hellos(slack) == 2)
    await slack.say(ana, incidents, "after")

    assert seen == ["before", "after"]
    await client.close()


async def test_an_app_with_revoked_tokens_opens_no_socket(slack: SimulatedSlack):
    revoke_token(slack)
    app = AsyncWebClient(slack.app_token, base_url=slack.api_url)

    with pytest.raises(SlackApiError, match="token_revoked"):
        await app.apps_connections_open(app_token=slack.app_token)


def _hellos(slack: SimulatedSlack) -> int:
    return sum(1 for call in slack.calls if call.method == "apps.connections.open")
