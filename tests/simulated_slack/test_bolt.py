"""Run Slack's own framework against the simulated Slack, over HTTP and over sockets."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack

FIX = {"type": "button", "action_id": "fix", "text": {"type": "plain_text", "text": "Fix"}, "value": "plan-1"}
DIALOG: dict[str, Any] = {
    "type": "modal",
    "callback_id": "confirm",
    "title": {"type": "plain_text", "text": "Restart"},
    "submit": {"type": "plain_text", "text": "Do it"},
    "blocks": [
        {
            "type": "input",
            "block_id": "typed",
            "label": {"type": "plain_text", "text": "Name"},
            "element": {"type": "plain_text_input", "action_id": "name"},
        }
    ],
}


@pytest.fixture
def clock() -> Callable[[], float]:
    # Bolt compares the signature's time with the machine's clock.
    return time.time


def build(slack: SimulatedSlack) -> AsyncApp:
    """Build an app with one listener of each kind."""
    app = AsyncApp(
        signing_secret=slack.signing_secret,
        client=AsyncWebClient(slack.bot_token, base_url=slack.api_url),
        process_before_response=True,
    )

    @app.event("app_mention")
    async def mentioned(event, client) -> None:
        blocks = [{"type": "actions", "elements": [FIX]}]
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="found", blocks=blocks)

    @app.event("message")
    async def heard() -> None:
        pass

    @app.command("/diagnose")
    async def asked(ack, command) -> None:
        await ack(f"looking at {command['text']}")

    @app.shortcut("diagnose_this")
    async def pointed(ack, shortcut, respond) -> None:
        await ack()
        await respond(f"looking at: {shortcut['message']['text']}")

    @app.action("fix")
    async def pressed(ack, body, client) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=DIALOG)

    @app.view("confirm")
    async def confirmed(ack, view) -> None:
        name = view["state"]["values"]["typed"]["name"]["value"]
        if name != "web-0":
            await ack(response_action="errors", errors={"typed": "that is not its name"})
        else:
            await ack()

    return app


@pytest.fixture(params=["http", "sockets"])
async def served(request: pytest.FixtureRequest, slack: SimulatedSlack) -> AsyncIterator[SimulatedSlack]:
    """Provide the simulated Slack with the app connected to it."""
    app = build(slack)
    if request.param == "http":

        async def handle(incoming: web.Request) -> web.Response:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(incoming)))

        application = web.Application()
        application.router.add_post("/slack/events", handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.deliver_to("http://{}:{}/slack/events".format(*runner.addresses[0]))
        yield slack
        await runner.cleanup()
    else:
        own = AsyncWebClient(slack.app_token, base_url=slack.api_url)
        handler = AsyncSocketModeHandler(app, slack.app_token, web_client=own)
        await handler.connect_async()
        yield slack
        await handler.close_async()


async def test_a_mention_is_answered_in_its_thread(served: SimulatedSlack, incidents: str, ana: str):
    ts = await served.say(ana, incidents, f"<@{served.bot_user_id}> it is broken")

    (reply,) = served.messages(incidents, thread_ts=ts)
    assert reply["text"] == "found"
    await served.wait_for(lambda: len(served.deliveries) == 3)
    assert {each.status for each in served.deliveries} == {200}


async def test_a_command_is_answered(served: SimulatedSlack, incidents: str, ana: str):
    delivered = await served.slash(ana, incidents, "pod shop/web-0")

    assert delivered.ok
    assert [each["text"] for each in served.ephemerals(ana)] == ["looking at pod shop/web-0"]


async def test_a_shortcut_is_answered_through_its_response_url(served: SimulatedSlack, incidents: str, ana: str):
    ts = await served.say(ana, incidents, "it is broken")
    assert (await served.shortcut(ana, incidents, ts, callback_id="diagnose_this")).ok

    assert [each["text"] for each in served.ephemerals(ana)] == ["looking at: it is broken"]


async def test_a_press_opens_a_dialog_that_rejects_then_accepts_the_input(
    served: SimulatedSlack, incidents: str, ana: str
):
    ts = await served.say(ana, incidents, f"<@{served.bot_user_id}> it is broken")
    reply = served.messages(incidents, thread_ts=ts)[0]
    assert (await served.click(ana, incidents, reply["ts"], "fix")).ok
    (view,) = served.views(ana)

    await served.submit(ana, view["id"], {"typed": {"name": "web-1"}})
    assert served.views(ana)[0]["errors"] == {"typed": "that is not its name"}
    await served.submit(ana, view["id"], {"typed": {"name": "web-0"}})
    assert served.views(ana) == []


async def test_bolt_refuses_requests_without_slacks_signature(slack: SimulatedSlack):
    app = build(slack)

    async def status(headers: dict[str, str]) -> int:
        request = AsyncBoltRequest(body=body.decode(), headers={**headers, "content-type": "application/json"})
        return (await app.async_dispatch(request)).status

    body = b'{"type": "url_verification", "challenge": "c"}'
    assert await status(slack.sign(body, time.time())) == 200
    assert await status(slack.sign(body + b" ", time.time())) == 401
    assert await status(slack.sign(body, time.time() - 301)) == 401
