"""Provide a page beside a simulated Slack and cluster, and a small app that answers as Casebook would."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.page import (
    ListedChannel,
    MessageShortcut,
    PasteSample,
    Person,
    PlaygroundPage,
    SlashCommand,
    Usage,
)
from bot.playground.slack import SimulatedSlack

_QUIET = ("--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update")
PASTE = 'Failed to pull image "registry.example/shop/cart:2.4.1": not found (pod/cart-0)'
BROKEN_POD = {
    "kind": "Pod",
    "metadata": {"name": "cart-0", "namespace": "shop", "ownerReferences": [{"kind": "StatefulSet", "name": "cart"}]},
    "spec": {"nodeName": "worker-a", "containers": [{"name": "cart", "image": "registry.example/shop/cart:2.4.1"}]},
    "status": {
        "phase": "Pending",
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "-6m"}],
        "containerStatuses": [
            {
                "name": "cart",
                "ready": False,
                "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
            }
        ],
    },
}
WORLD = {
    "objects": [
        {
            "kind": "StatefulSet",
            "metadata": {"name": "cart", "namespace": "shop"},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "cart", "image": "cart:2.4.1"}]}}},
            "status": {"replicas": 1, "readyReplicas": 0},
        },
        BROKEN_POD,
    ],
    "reactions": [{"when": "deleted", "object": "Pod/shop/cart-0", "becomes": "healthy"}],
}

COMMANDS = (
    SlashCommand(
        command="/diagnose",
        description="Find out why something is broken",
        usages=(
            Usage(text="pod shop/cart-0", description="diagnose an object"),
            Usage(text="explain", description="explain a pasted error"),
            Usage(text="help", description="list what you can ask"),
        ),
    ),
)
SHORTCUTS = (
    MessageShortcut(callback_id="casebook.diagnose_this", title="Diagnose this"),
    MessageShortcut(callback_id="casebook.mark_as", title="Mark as …"),
    MessageShortcut(callback_id="casebook.save_as_incident", title="Save as incident"),
)


class Gate:
    """Blocks its callers until it is opened, so that a test can see the state before that."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def passed(self) -> None:
        await self._open.wait()


class App:
    """Answers a paste in its thread with a button; the button's dialog, when submitted, repairs the cluster."""

    def __init__(self, *, slack: SimulatedSlack, cluster: SimulatedCluster) -> None:
        self.slack = slack
        self.cluster = cluster
        self.gate = Gate()
        self.url = ""
        self.payloads: list[dict[str, Any]] = []
        self.refuse_presses = False
        self.errors: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        application = web.Application()
        application.router.add_post("/", self._receive)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self._session = aiohttp.ClientSession()
        self.url = f"http://{host}:{port}/"
        self.slack.deliver_to(self.url)

    async def stop(self) -> None:
        self.gate.open()
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        assert self._session is not None
        headers = {"Authorization": f"Bearer {self.slack.bot_token}"}
        async with self._session.post(self.slack.api_url + method, json=arguments, headers=headers) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        if request.content_type == "application/json":
            payload = json.loads(body)
        else:
            form = parse_qs(body)
            payload = json.loads(form["payload"][0]) if "payload" in form else {k: v[0] for k, v in form.items()}
        self.payloads.append(payload)
        kind = payload.get("type") or "command"
        return await getattr(self, f"_{kind}")(payload)

    async def _event_callback(self, payload: dict[str, Any]) -> web.StreamResponse:
        event = payload["event"]
        if event["type"] == "message" and "subtype" not in event and not event.get("bot_id"):
            thread = event.get("thread_ts", event["ts"])
            await self.call("chat.postMessage", channel=event["channel"], thread_ts=thread, **ANSWER)
        return web.Response()

    async def _command(self, payload: dict[str, Any]) -> web.StreamResponse:
        return web.json_response({"response_type": "ephemeral", "text": f"You asked: {payload.get('text', '')}"})

    async def _message_action(self, payload: dict[str, Any]) -> web.StreamResponse:
        await self.call(
            "chat.postMessage", channel=payload["channel"]["id"], thread_ts=payload["message_ts"], **ANSWER
        )  # fmt: skip
        return web.Response()

    async def _block_actions(self, payload: dict[str, Any]) -> web.StreamResponse:
        await self.gate.passed()
        if self.refuse_presses:
            return web.Response(status=500)
        if payload["actions"][0]["action_id"] == "restart":
            await self.call("views.open", trigger_id=payload["trigger_id"], view=VIEW)
        return web.Response()

    async def _view_submission(self, payload: dict[str, Any]) -> web.StreamResponse:
        await self.gate.passed()
        if self.errors:
            return web.json_response({"response_action": "errors", "errors": self.errors})
        assert self._session is not None
        async with self._session.delete(
            f"{self.cluster.url}/api/v1/namespaces/shop/pods/cart-0",
            headers={"Authorization": "Bearer casebook-simulated-token"},
        ) as deleted:
            assert deleted.status == 200, await deleted.text()
        channel = self.slack.channels()[0]["id"]
        answer = next(each for each in self.slack.messages(channel) if each.get("bot_id"))
        await self.call("chat.update", channel=channel, ts=answer["ts"], text="Fixed", blocks=FIXED)
        return web.Response()

    async def _view_closed(self, payload: dict[str, Any]) -> web.StreamResponse:
        return web.Response()


ANSWER: dict[str, Any] = {
    "text": "Confirmed: the image tag does not exist",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Confirmed: the image tag does not exist"}},
        {"type": "section", "text": {"type": "plain_text", "text": "shop/cart-0 cannot pull cart:2.4.1."}},
        {
            "type": "actions",
            "block_id": "remedy",
            "elements": [
                {
                    "type": "button",
                    "action_id": "restart",
                    "text": {"type": "plain_text", "text": "Restart the pod"},
                    "style": "primary",
                    "value": "plan-1",
                },
                {
                    "type": "button",
                    "action_id": "not_it",
                    "text": {"type": "plain_text", "text": "Not it"},
                    "value": "no",
                },
                {
                    "type": "overflow",
                    "action_id": "more",
                    "options": [
                        {"text": {"type": "plain_text", "text": "Show details"}, "value": "details"},
                        {"text": {"type": "plain_text", "text": "Mute here"}, "value": "mute"},
                    ],
                },
            ],
        },
    ],
}
FIXED = [{"type": "section", "text": {"type": "plain_text", "text": ":white_check_mark: Fixed: verified after 2 s."}}]
VIEW: dict[str, Any] = {
    "type": "modal",
    "callback_id": "apply",
    "title": {"type": "plain_text", "text": "Restart cart-0"},
    "submit": {"type": "plain_text", "text": "Restart"},
    "close": {"type": "plain_text", "text": "Keep it"},
    "notify_on_close": True,
    "blocks": [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_preformatted",
                    "elements": [{"type": "text", "text": "- image: cart:2.4.1\n+ image: cart:2.4.0"}],
                }
            ],
        },
        {
            "type": "input",
            "block_id": "why",
            "optional": True,
            "label": {"type": "plain_text", "text": "Why"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The servers and users of one test of the page; `url` is the printed address."""

    slack: SimulatedSlack
    cluster: SimulatedCluster
    page: PlaygroundPage
    app: App
    url: str
    oncall: str
    guest: str
    general: str
    incident: str

    @property
    def origin(self) -> str:
        return self.url.partition("/?")[0]

    @property
    def token(self) -> str:
        return self.url.partition("?t=")[2]


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    slack, cluster = SimulatedSlack(paced=False, retry_pauses=()), SimulatedCluster()
    cluster.load_neighbours()
    cluster.load(WORLD)
    oncall = slack.add_user("mira")
    guest = slack.add_user("gus", guest=True)
    general, incident = slack.add_channel("general"), slack.add_channel("inc-42")
    slack.open_im(oncall)
    page = PlaygroundPage(
        slack=slack,
        cluster=cluster,
        samples=[PasteSample(title=f"Sample {at}", text=PASTE, note="An image is missing") for at in range(5)],
        users=[Person(id=oncall, title="on call"), Person(id=guest, title="guest")],
        channels=[ListedChannel(id=general, topic="Everything"), ListedChannel(id=incident, topic="cart is down")],
        commands=COMMANDS,
        shortcuts=SHORTCUTS,
    )
    await slack.start()
    await cluster.start()
    app = App(slack=slack, cluster=cluster)
    await app.start()
    url = await page.start()
    try:
        yield Stage(
            slack=slack, cluster=cluster, page=page, app=app, url=url, oncall=oncall, guest=guest, general=general,
            incident=incident,
        )  # fmt: skip
    finally:
        await page.stop()
        await app.stop()
        await slack.stop()
        await cluster.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start one Chromium for all tests; each test gets its own context."""
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("no chromium on the PATH: the page was not tested in a browser")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        yield launched
        await launched.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One browser tab for all tests, because opening one is slow; `wrong` collects its console errors."""

    page: Page
    wrong: list[str]

    async def open(self, url: str) -> None:
        await self.page.context.set_offline(False)
        await self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        await self.page.set_viewport_size({"width": 1280, "height": 800})
        await self.page.goto(url)
        await self.page.get_by_test_id("cluster-item").first.wait_for()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tab(browser: Browser) -> AsyncIterator[Tab]:
    async with _new_tab(browser) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def page(stage: Stage, tab: Tab) -> AsyncIterator[Page]:
    """Open the page of this test's stage, with its own storage. Fail on console errors."""
    await tab.open(stage.url)
    tab.wrong.clear()
    yield tab.page
    await tab.page.goto("about:blank")
    assert tab.wrong == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_canvas(browser: Browser) -> AsyncIterator[Tab]:
    async with open_stage() as stage, _new_tab(browser) as opened:
        await opened.open(stage.url)
        yield opened


@pytest.fixture
def canvas(shared_canvas: Tab) -> Iterator[Page]:
    """Provide one open page for all tests that only draw on it."""
    shared_canvas.wrong.clear()
    yield shared_canvas.page
    assert shared_canvas.wrong == []


@asynccontextmanager
async def _new_tab(browser: Browser) -> AsyncIterator[Tab]:
    context = await browser.new_context()
    context.set_default_timeout(8000)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if _is_wrong(message) else None)
    yield Tab(page=page, wrong=wrong)
    await context.close()


def _is_wrong(message: ConsoleMessage) -> bool:
    # The browser reports tests that take the network away.
    return message.type == "error" and "ERR_INTERNET_DISCONNECTED" not in message.text
