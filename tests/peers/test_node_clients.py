"""Test that Slack's official Node clients work with the simulated Slack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.playground.slack import SimulatedSlack


class NodeApp:
    """The app of node_app.mjs. `lines` are the lines it printed, oldest first."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[dict[str, Any]] = []

    async def does(self, did: str) -> dict[str, Any]:
        """Return the next line about `did`. Raise AssertionError with all lines if the app ends first."""
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while line := await self._process.stdout.readline():
                self.lines.append(json.loads(line))
                if self.lines[-1]["did"] == did:
                    return self.lines[-1]
        raise AssertionError(f"the app ended without having {did}: {self.lines}")


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    # Tiers limit calls per minute: a client that reconnects within one would wait for the rest of it.
    slack = SimulatedSlack(paced=False)
    slack.add_user("ada", id="U0ADA00000")
    slack.add_channel("incidents", id="C0INCIDENT")
    await slack.start()
    yield slack
    await slack.stop()


@pytest.fixture
def run_node(slack: SimulatedSlack, peers: Path, node: Path):
    """Start a script of this directory with the address of `slack`; its output can be read."""

    async def run(script: str, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            node,
            script,
            slack.api_url,
            *arguments,
            cwd=peers,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # The clients log every refusal that a test provokes.
        )

    return run


@pytest.fixture
async def app(slack: SimulatedSlack, run_node) -> AsyncIterator[NodeApp]:
    """Return the connected app."""
    process = await run_node("node_app.mjs", slack.app_token, slack.bot_token)
    try:
        app = NodeApp(process)
        await app.does("connected")
        yield app
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@pytest.fixture
def call_all(slack: SimulatedSlack, run_node):
    """Run node_calls.mjs and return the response to each of its calls, by name."""

    async def run() -> dict[str, Any]:
        process = await run_node("node_calls.mjs", slack.bot_token, "C0INCIDENT", "U0ADA00000")
        output, _ = await process.communicate()
        assert process.returncode == 0, output
        results: dict[str, Any] = json.loads(output)
        return results

    return run


async def test_an_event_a_press_and_a_dialog_go_through_the_official_socket_client(
    slack: SimulatedSlack, app: NodeApp
) -> None:
    asked = await slack.say("U0ADA00000", "C0INCIDENT", "pods <crash> & burn")
    answered = await app.does("answered")
    answer = slack.message("C0INCIDENT", answered["ts"])
    pressed = await slack.click("U0ADA00000", "C0INCIDENT", answered["ts"], "look")
    opened = await app.does("opened")
    shown = slack.views("U0ADA00000")
    sent = await slack.submit("U0ADA00000", opened["view"])
    updated = await app.does("updated")

    assert answer["thread_ts"] == asked
    assert answer["text"] == "heard pods &lt;crash&gt; &amp; burn"
    assert answer["metadata"]["event_payload"] == {"event": answered["event_id"]}
    assert (pressed.ok, opened["value"], opened["user"]) == (True, "plan-1", "U0ADA00000")
    assert [view["callback_id"] for view in shown] == ["sure"]
    assert (sent.ok, sent.body, updated["callback_id"]) == (True, {"response_action": "clear"}, "sure")
    assert slack.views("U0ADA00000") == []
    assert slack.message("C0INCIDENT", answered["ts"])["text"] == "done"
    assert [delivery.reason for delivery in slack.deliveries if delivery.reason] == []


async def test_the_payload_of_the_socket_clients_ack_is_shown(slack: SimulatedSlack, app: NodeApp) -> None:
    delivered = await slack.slash("U0ADA00000", "C0INCIDENT", "pod shop/web-1")

    assert await app.does("acked") == {"did": "acked", "command": "/diagnose", "user": "U0ADA00000"}
    assert delivered.ok
    assert [shown["text"] for shown in slack.ephemerals("U0ADA00000")] == ["you typed /diagnose pod shop/web-1"]


async def test_the_official_socket_client_reconnects_after_a_refresh(slack: SimulatedSlack, app: NodeApp) -> None:
    await slack.sockets.refresh()
    await app.does("connected")

    await slack.say("U0ADA00000", "C0INCIDENT", "still there?")

    assert (await app.does("answered"))["channel"] == "C0INCIDENT"


async def test_every_method_works_with_the_official_web_client(slack: SimulatedSlack, call_all) -> None:
    results = await call_all()

    ts = results["post"]["ts"]
    assert (results["auth"]["user_id"], results["auth"]["bot_id"]) == (slack.bot_user_id, slack.bot_id)
    assert results["post"]["message"]["blocks"][0]["text"]["text"] == "first & <last>"
    assert (results["update"]["ts"], results["update"]["text"]) == (ts, "changed")
    assert (results["refused"]["ok"], results["refused"]["error"]) == (False, "invalid_blocks")
    assert results["nowhere"]["error"] == "channel_not_found"
    assert [message["text"] for message in results["replies"]["messages"]] == ["changed", "second"]
    assert results["replies"]["messages"][0]["metadata"]["event_payload"] == {"key": "k1"}
    assert "C0INCIDENT" in results["permalink"]["permalink"]
    assert [shown["text"] for shown in slack.ephemerals("U0ADA00000")] == ["only you"]
    assert (results["user"]["user"]["name"], results["user"]["user"]["locale"]) == ("ada", "en-US")
    assert (results["place"]["channel"]["name"], results["place"]["channel"]["is_ext_shared"]) == ("incidents", False)
    assert (results["expired"]["ok"], "trigger" in results["expired"]["error"]) == (False, True)
    assert results["delete"]["ok"]


async def test_the_official_web_client_uploads_a_file_byte_by_byte(slack: SimulatedSlack, call_all) -> None:
    results = await call_all()

    assert results["upload"]["ok"], results["upload"]
    assert [slack.file_content(file["id"]).decode() for file in slack.files()] == ["E0101 leader election lost\n日志\n"]
    assert [file["name"] for reply in slack.messages("C0INCIDENT") for file in reply.get("files", [])] == ["etcd.log"]


async def test_the_official_web_client_pages_through_a_channel(slack: SimulatedSlack, call_all) -> None:
    written = [await slack.say("U0ADA00000", "C0INCIDENT", f"line {number}") for number in range(5)]

    results = await call_all()

    pages: list[list[str]] = results["pages"]
    assert max(map(len, pages)) == 2
    assert [ts for page in pages for ts in page] == [results["post"]["ts"], *reversed(written)]
