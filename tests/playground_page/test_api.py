"""Check the page's JSON: its state, its changes and its user actions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.playground.slack import SharedFile

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Visitor:
    """A browser without a screen: it has the cookie and sends the headers that browsers send."""

    def __init__(self, *, stage: Any, session: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._session = session

    async def state(self, user: str = "") -> dict[str, Any]:
        async with self._session.get(f"{self._stage.origin}/api/state", params={"user": user}) as response:
            return await response.json()

    async def act(self, name: str, **body: Any) -> tuple[int, dict[str, Any]]:
        return await self.post(name, json.dumps({"user": self._stage.oncall} | body))

    async def post(self, name: str, body: str, *, kind: str = "application/json") -> tuple[int, dict[str, Any]]:
        headers = {"Origin": self._stage.origin, "Content-Type": kind}
        url = f"{self._stage.origin}/api/actions/{name}"
        async with self._session.post(url, data=body, headers=headers) as response:
            return response.status, await response.json() if response.content_type == "application/json" else {}

    async def text(self, file: str) -> tuple[int, Any]:
        """Return a file as the page reads it; None for a response that is not JSON."""
        async with self._session.get(f"{self._stage.origin}/api/texts/{file}") as response:
            return response.status, await response.json() if response.content_type == "application/json" else None

    async def changes(self, user: str = "") -> AsyncIterator[dict[str, Any]]:
        async with self._session.get(f"{self._stage.origin}/api/events", params={"user": user}) as response:
            assert response.content_type == "text/event-stream"
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(stage) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(stage.url):
            pass
        yield Visitor(stage=stage, session=session)


async def test_the_state_lists_users_and_samples(stage, visitor):
    page = (await visitor.state())["page"]
    assert [(each["name"], each["title"], each["guest"]) for each in page["users"]] == [
        ("mira", "on call", False),
        ("gus", "guest", True),
    ]
    assert [(each["name"], each["direct"]) for each in page["channels"]] == [
        ("general", False),
        ("inc-42", False),
        ("casebook", True),
    ]
    assert (page["acting"], len(page["samples"])) == (stage.oncall, 5)
    assert page["bot"]["id"] == stage.slack.bot_user_id


async def test_direct_messages_are_listed_for_their_owner_only(stage, visitor):
    listed = (await visitor.state(stage.guest))["page"]["channels"]
    assert [each["name"] for each in listed] == ["general", "inc-42"]


async def test_an_unknown_user_becomes_the_first_user(stage, visitor):
    assert (await visitor.state("U0GONE"))["page"]["acting"] == stage.oncall


async def test_a_message_reaches_the_app_and_its_answer_the_page(stage, visitor):
    status, outcome = await visitor.act("say", channel=stage.general, text="it is <broken>")
    assert (status, outcome["ok"]) == (200, True)
    put = (await visitor.state())["put"]
    said = put[f"message/{stage.general}/{outcome['ts']}"]
    assert (said["text"], said["user"]) == ("it is &lt;broken&gt;", stage.oncall)
    answers = [
        each for key, each in put.items() if key.startswith("message/") and each.get("thread_ts") and each != said
    ]
    assert [each["text"] for each in answers] == ["Confirmed: the image tag does not exist"]
    calls = [each["method"] for key, each in put.items() if key.startswith("call/")]
    assert calls == ["chat.postMessage"]
    assert any(key.startswith("delivery/") and each["at"] > 0 for key, each in put.items())


async def test_a_snippet_arrives_as_a_file(stage, visitor):
    await visitor.act("say", channel=stage.general, text="", snippet="line one\nline two")
    [message] = stage.slack.messages(stage.general)
    [file] = message["files"]
    assert file["mode"] == "snippet"
    assert stage.slack.file_content(file["id"]) == b"line one\nline two"


async def test_messages_can_be_edited_and_removed(stage, visitor):
    _, outcome = await visitor.act("say", channel=stage.general, text="first")
    await visitor.act("edit", channel=stage.general, ts=outcome["ts"], text="second")
    assert stage.slack.message(stage.general, outcome["ts"])["text"] == "second"
    status, refused = await visitor.act("edit", user=stage.guest, channel=stage.general, ts=outcome["ts"], text="third")
    assert (status, refused["ok"]) == (200, False)
    assert (await visitor.act("remove", channel=stage.general, ts=outcome["ts"]))[1] == {"ok": True}


async def test_messages_can_be_pinned_and_reacted_to(stage, visitor):
    ts = await stage.slack.say(stage.oncall, stage.general, "rolling back")
    at = {"channel": stage.general, "ts": ts}

    for act, more in (("pin", {}), ("react", {"emoji": "pushpin"})):
        assert await visitor.act(act, **at, **more) == (200, {"ok": True})
    (message,) = [each for each in stage.slack.messages(stage.general) if each["ts"] == ts]
    assert (message["pinned_to"], message["reactions"][0]["users"]) == ([stage.general], [stage.oncall])
    for act, more in (("unpin", {}), ("unreact", {"emoji": "pushpin"})):
        assert await visitor.act(act, **at, **more) == (200, {"ok": True})
    assert (await visitor.act("unpin", **at))[1] == {"ok": False, "error": "mira cannot do that: no_pin"}


async def test_a_slash_command_is_answered_to_its_sender_only(stage, visitor):
    _, outcome = await visitor.act("slash", channel=stage.general, command="/diagnose", text="pod shop/cart-0")
    assert outcome == {"ok": True}
    shown = [each for key, each in (await visitor.state())["put"].items() if key.startswith("ephemeral/")]
    assert [each["text"] for each in shown] == ["You asked: pod shop/cart-0"]
    assert not any(key.startswith("ephemeral/") for key in (await visitor.state(stage.guest))["put"])


async def test_a_press_opens_a_dialog_and_its_submission_repairs_the_cluster(stage, visitor):
    await visitor.act("say", channel=stage.general, text="help")
    assert {each["name"] for each in (await visitor.state())["put"]["cluster/now"]["broken"]} == {"cart", "cart-0"}
    answer = next(each for each in stage.slack.messages(stage.general) if each.get("bot_id"))
    at = {"channel": stage.general, "ts": answer["ts"]}
    assert (await visitor.act("click", **at, action_id="restart", block_id="remedy", value="plan-1"))[1] == {"ok": True}
    [view] = [each for key, each in (await visitor.state())["put"].items() if key.startswith("view/")]
    assert view["title"]["text"] == "Restart cart-0"
    values = {"why": {"text": "because"}}
    assert (await visitor.act("submit", view_id=view["id"], values=values))[1] == {"ok": True}
    put = (await visitor.state())["put"]
    assert not any(key.startswith("view/") for key in put)
    assert put["cluster/now"]["broken"] == []
    assert {(each["name"], each["how"]) for each in put["cluster/now"]["recovered"]} == {
        ("cart", "healthy again"),
        ("cart-0", "replaced by a healthy pod"),
    }
    assert [(each["method"], each["status"]) for key, each in put.items() if key.startswith("request/")] == [
        ("DELETE", 200)
    ]


async def test_a_refused_submission_shows_errors_at_its_inputs(stage, visitor):
    await visitor.act("say", channel=stage.general, text="help")
    answer = next(each for each in stage.slack.messages(stage.general) if each.get("bot_id"))
    await visitor.act("click", channel=stage.general, ts=answer["ts"], action_id="restart", value="plan-1")
    [view] = stage.slack.views(stage.oncall)
    stage.app.errors = {"why": "Say why."}
    await visitor.act("submit", view_id=view["id"], values={})
    put = (await visitor.state())["put"]
    assert put[f"view/{view['id']}"]["errors"] == {"why": "Say why."}
    assert (await visitor.act("close", view_id=view["id"]))[1] == {"ok": True}


async def test_a_failed_press_shows_the_error(stage, visitor):
    await visitor.act("say", channel=stage.general, text="help")
    answer = next(each for each in stage.slack.messages(stage.general) if each.get("bot_id"))
    stage.app.refuse_presses = True
    _, outcome = await visitor.act("click", channel=stage.general, ts=answer["ts"], action_id="restart", value="plan-1")
    assert outcome == {"ok": False, "error": "The app answered with HTTP 500."}


async def test_a_command_without_an_app_shows_an_error(stage, visitor):
    stage.slack.deliver_to(None)
    _, outcome = await visitor.act("slash", channel=stage.general, command="/diagnose", text="help")
    assert outcome == {"ok": False, "error": "No app is connected to this workspace yet."}


@pytest.mark.parametrize(
    ("name", "body", "status", "says"),
    [
        ("say", {"channel": 7, "text": "x"}, 400, "channel: expected a string, got int"),
        ("say", {"channel": "C0NOWHERE"}, 400, "text: expected a string, got NoneType"),
        (
            "click",
            {"channel": "C", "ts": "1", "action_id": "a", "chosen": [1]},
            400,
            "chosen: expected a list of strings",
        ),
        ("submit", {"view_id": "V", "values": {"a": 1}}, 400, "values: expected a mapping"),
        ("say", {"user": "U0NOBODY", "channel": "C", "text": "x"}, 400, "Unknown user id"),
        ("say", {"channel": "C0NOWHERE", "text": "x"}, 200, "unknown channel"),
        ("click", {"channel": "C0NOWHERE", "ts": "1", "action_id": "a"}, 200, "unknown channel"),
        ("begin", {"event": "flood"}, 400, "event: unknown name 'flood'"),
        ("dance", {}, 404, "Unknown action 'dance'"),
    ],
)
async def test_invalid_actions_return_a_clear_error(stage, visitor, name, body, status, says):
    got, outcome = await visitor.act(name, **body)
    assert (got, outcome["ok"]) == (status, False)
    assert says in outcome["error"]


async def test_a_body_that_is_not_a_json_object_is_refused(stage, visitor):
    assert (await visitor.post("say", "[]"))[0] == 400
    assert (await visitor.post("say", "{"))[0] == 400
    assert (await visitor.post("say", "{}", kind="text/plain"))[0] == 415


async def test_the_stream_starts_with_the_full_state_then_sends_changes(stage, visitor):
    stream = visitor.changes()
    first = await anext(stream)
    assert first["reset"]
    assert first["page"]["acting"] == stage.oncall
    _, outcome = await visitor.act("say", channel=stage.incident, text="hello")
    seen: dict[str, Any] = {}
    while not any(key.startswith("call/") for key in seen):
        change = await anext(stream)
        assert "reset" not in change
        seen |= change["put"]
    assert seen[f"message/{stage.incident}/{outcome['ts']}"]["text"] == "hello"
    assert not any(key.startswith("cluster/") for key in seen)
    await stream.aclose()


async def test_the_stream_sends_removals_and_cluster_recoveries(stage, visitor):
    _, outcome = await visitor.act("say", channel=stage.incident, text="hello")
    stage.slack.deliver_to(None)
    _, alone = await visitor.act("say", channel=stage.incident, text="oops")
    stream = visitor.changes()
    await anext(stream)
    await visitor.act("remove", channel=stage.incident, ts=alone["ts"])
    dropped: list[str] = []
    while f"message/{stage.incident}/{alone['ts']}" not in dropped:
        dropped += (await anext(stream))["drop"]
    node = {
        "kind": "Node",
        "metadata": {"name": "worker-a"},
        "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
    }
    stage.cluster.load({"objects": [node]})
    broken: set[str] = set()
    while "worker-a" not in broken:
        now = (await anext(stream))["put"].get("cluster/now", {"broken": []})
        broken |= {each["name"] for each in now["broken"]}
    await stream.aclose()
    assert outcome["ok"]


async def test_stopping_ends_open_streams(stage, visitor):
    stream = visitor.changes()
    await anext(stream)
    await asyncio.wait_for(stage.page.stop(), timeout=3)
    with pytest.raises((StopAsyncIteration, aiohttp.ClientError)):
        await anext(stream)
    await stream.aclose()


async def test_only_pictures_are_served_as_files(stage, visitor):
    png = b"\x89PNG\r\n\x1a\n"
    shared = (SharedFile(name="plot.png", content=png), SharedFile(name="page.html", content=b"<script></script>"))
    await stage.slack.say(stage.oncall, stage.slack.channels()[0]["id"], "look", files=shared)
    ids = {file["name"]: file["id"] for file in stage.slack.files()}

    async def asked(file: str) -> tuple[int, str, bytes]:
        async with visitor._session.get(f"{stage.origin}/api/pictures/{file}") as response:
            return response.status, response.content_type, await response.read()

    assert await asked(ids["plot.png"]) == (200, "image/png", png)
    assert (await asked(ids["page.html"]))[0] == 404
    assert (await asked("F0NONE"))[0] == 404


async def test_only_text_files_are_served_as_json(stage, visitor):
    files = [SharedFile(name="draft.md", content=b"# What <b>happened</b>"), SharedFile(name="a.zip", content=b"PK")]
    ts = await stage.slack.say(stage.oncall, stage.general, "see", files=files)
    draft, archive = stage.slack.message(stage.general, ts)["files"]

    assert await visitor.text(draft["id"]) == (200, {"text": "# What <b>happened</b>"})
    assert await visitor.text(archive["id"]) == (404, None)
