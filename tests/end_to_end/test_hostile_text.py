"""Send hostile text from users and the cluster: every call to Slack is valid, within limits, mentions nobody.

The tests check the raw arguments of each call as Slack received them.
"""

from __future__ import annotations

import copy
import itertools
import json
import unicodedata
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.cli.rehearsal import full_world_of
from bot.diagnosing import Engine
from intents.catalog.cases import ask_of
from responses.slack.presses import Press
from responses.slack.validation import validate_message, validate_view
from tests.end_to_end.workplace import Broken, Workplace, buttons_of, words_of, workplace

PINGS: Final = (
    "<!channel>", "<!here|here>", "<!everyone>", "<!subteam^S0123ABCD|@oncall>", "<@U0000000001>",
    "<#C0000000001|general>", "@here @channel @everyone", "&lt;!channel&gt;",
)  # fmt: skip
LINKS: Final = (
    "<https://evil.example|https://slack.com>", "[click](https://evil.example)", "https://evil.example/x.png?a=b|c",
)  # fmt: skip
BREAKOUTS: Final = (
    "```\n*bold* <!channel>\n```",
    "`code` `",
    "> quote\n*x* _y_ ~z~",
    "</pre><b>",
    "\n\n---\n# heading",
)
INVISIBLE: Final = (
    "\u202egnp.exe\u202c", "er\u200bror", "\u2066\u2067\u2069", "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07x\x1b]8;;\x07",
    "\x00\x01\x07\x7f\x9b", "\ufeff\u00ad\u2028\u2029\x85", "\U000e0041\U000e007f", "\r\n\r",
)  # fmt: skip
LONG: Final = (
    "x" * 39_000, "中" * 39_000, "😀" * 19_000, "line\n" * 7_000, "<" * 39_000, "&" * 39_000, "`" * 39_000,
)  # fmt: skip
SHORT: Final = (*PINGS, *LINKS, *BREAKOUTS, *INVISIBLE)
PIECES: Final = st.lists(st.one_of(st.sampled_from(SHORT), st.text(max_size=60)), min_size=1, max_size=6).map(" ".join)

_INVISIBLE: Final = frozenset("\u200b\u200e\u200f\u2060\ufeff\u00ad\u2028\u2029\u061c\u180e")
_CALLING: Final = frozenset({"broadcast", "usergroup", "channel"})
_MESSAGES: Final = frozenset({"chat.postMessage", "chat.update", "chat.postEphemeral"})


@dataclass
class Stage:
    """A workplace with a configurable cluster, and the number of calls checked so far."""

    at: Workplace
    broken: Broken
    links: frozenset[str]
    looked_at: int = 0
    rooms: Iterator[int] = field(default_factory=itertools.count)

    def let_cluster_say(self, text: str) -> None:
        """Put the text into the condition that the answer quotes and next to the restart annotation."""
        world = copy.deepcopy(dict(self.broken.world))
        for item in world["objects"]:
            if item["kind"] == "APIService":
                item["status"]["conditions"][0]["message"] = text
            if item["kind"] == "Deployment":
                item["spec"]["template"]["metadata"]["annotations"] = {"kubectl.kubernetes.io/s": text}
        self.at.cluster.load(world)

    async def ask(self, text: str) -> tuple[str, Mapping[str, Any]]:
        """Paste the error with `text` below it in a new channel; return the channel and the answer."""
        room = self.at.slack.add_channel(f"room-{next(self.rooms)}")
        ts = await self.at.slack.say(self.at.alex, room, f"{self.broken.text}\n{text}")
        return room, await self.at.answer(ts, room)

    def check(self) -> None:
        """Check every call since the last check."""
        calls = self.at.slack.calls[self.looked_at :]
        self.looked_at += len(calls)
        assert calls
        for call in calls:
            assert call.ok, f"{call.method}: {call.error}"
            check_arguments(call.method, decoded(dict(call.arguments)), self.links)
            if call.method == "files.completeUploadExternal":
                for file in decoded(call.arguments["files"]):
                    check_characters(self.at.slack.file_content(file["id"]).decode())


@pytest.fixture
async def stage(tmp_path, engine: Engine) -> AsyncIterator[Stage]:
    incident = engine.catalog.incidents["apiservice-unavailable"]
    case = next(case for case in incident.cases if "a restart heals them" in case.name)
    broken = Broken(incident=incident.id, world=full_world_of(incident, case), text=ask_of(incident, case).text)
    links = frozenset(to.url for each in engine.catalog for to in each.links)
    async with workplace(tmp_path, engine, broken.world) as at:
        yield Stage(at, broken, links)


def check_arguments(method: str, arguments: Mapping[str, Any], links: frozenset[str]) -> None:
    check_characters(arguments)
    if method in _MESSAGES:
        check_message(arguments, links)
    elif view := arguments.get("view"):
        assert validate_view(view) == ()
        check_blocks(view["blocks"], links)


def check_message(message: Mapping[str, Any], links: frozenset[str]) -> None:
    assert validate_message({key: message[key] for key in ("text", "blocks", "metadata") if key in message}) == ()
    # Slack parses markup here: none may remain, and Slack must not look for names or previews.
    assert not set("<>") & set(message["text"])
    assert "@here" not in message["text"]
    assert not message.get("link_names")
    assert message.get("parse", "none") == "none"
    assert not message.get("unfurl_links")
    assert not message.get("unfurl_media")
    check_blocks(message.get("blocks", []), links)


def check_blocks(value: Any, links: frozenset[str]) -> None:
    for one in mappings(value):
        kind = one.get("type")
        assert kind not in _CALLING, one
        assert kind != "markdown", one
        if kind == "mrkdwn":
            assert not set("<>`") & set(one["text"]), one
        if kind == "link" or "url" in one:
            assert one["url"] in links, one


def check_characters(value: Any) -> None:
    for text in strings(value):
        text.encode()
        odd = {char for char in text if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"}
        odd |= {
            char for char in text if char in _INVISIBLE or "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"
        }
        assert not odd, (odd, text[:200])


def decoded(value: Any) -> Any:
    """Blocks and views may come as JSON within a form; what a view carries for us stays a string."""
    if isinstance(value, Mapping):
        return {key: inner if key == "private_metadata" else decoded(inner) for key, inner in value.items()}
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from mappings(inner)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from strings(inner)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "```"}},
        {"type": "markdown", "text": "hello"},
        {"type": "section", "text": {"type": "plain_text", "text": "\u202egnp.exe"}},
        *(
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [leaf]}]}
            for leaf in (
                {"type": "broadcast", "range": "here"},
                {"type": "usergroup", "usergroup_id": "S0123ABCD"},
                {"type": "channel", "channel_id": "C0000000001"},
                {"type": "link", "url": "https://evil.example", "text": "https://slack.com"},
            )
        ),
    ],
)
def test_checks_detect_violations(block: dict[str, Any]) -> None:
    harmless = {"text": "hello", "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "<!channel>"}}]}

    check_arguments("chat.postMessage", harmless, frozenset())
    for bad in ({**harmless, "blocks": [block]}, {**harmless, "text": "<!here>"}, {**harmless, "unfurl_links": True}):
        with pytest.raises(AssertionError):
            check_arguments("chat.postMessage", bad, frozenset())


# All examples share the workplace; shrinking would ask a hundred times.
@settings(
    max_examples=5,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pasted=PIECES, said=PIECES)
async def test_answer_to_any_text_is_harmless(stage: Stage, pasted: str, said: str) -> None:
    stage.let_cluster_say(said)
    room, answer = await stage.ask(pasted)
    await stage.at.slack.click(stage.at.bo, room, answer["ts"], Press.DETAILS.value)

    stage.check()


async def test_known_hostile_text_is_answered_harmlessly(stage: Stage) -> None:
    """Check the answer, its details and the modal of its remedy, which still show the text."""
    at, said = stage.at, "\n".join(SHORT)
    stage.let_cluster_say(said)
    room, answer = await stage.ask(said)
    await at.slack.click(at.bo, room, answer["ts"], Press.DETAILS.value)
    button = next(one for one in buttons_of(answer["blocks"]) if one["action_id"].startswith(str(Press.REMEDY)))
    await at.slack.click(at.alex, room, answer["ts"], button["action_id"])
    await at.slack.wait_for(lambda: "restartedAt" in words_of([view["blocks"] for view in at.slack.views(at.alex)]))

    stage.check()
    for shown in (answer, at.slack.views(at.bo)[-1], at.slack.views(at.alex)[-1]):
        assert "<!channel>" in words_of(shown["blocks"])


async def test_longest_texts_are_answered_within_slacks_limits(stage: Stage) -> None:
    for long in LONG:
        stage.let_cluster_say(long)
        room, answer = await stage.ask(long)
        await stage.at.slack.click(stage.at.bo, room, answer["ts"], Press.DETAILS.value)

        stage.check()
        assert answer["text"].splitlines()[1].startswith("🔴")


async def test_unencodable_text_is_answered(stage: Stage) -> None:
    """Use half a surrogate pair, which JSON can escape but no database or file can store."""
    at = stage.at
    ts = await at.slack.say(at.bo, at.channel, "look")
    said = {"type": "message", "channel": at.channel, "user": at.alex, "ts": ts, "channel_type": "channel"}
    event = {**said, "text": f"{stage.broken.text}\n\ud800 \udfff\x00"}
    payload = {"type": "event_callback", "team_id": at.slack.team_id, "event": event, "event_id": "Ev1"}
    body = json.dumps(payload).encode()
    delivered = await at.slack.send_raw(body, {**at.slack.sign(body), "Content-Type": "application/json"})
    await at.slack.wait_for(lambda: [one for one in at.ours() if "CONFIRMED" in one["text"]])

    assert delivered.status == 200
    stage.check()


async def test_unknown_hostile_text_is_harmless_on_every_surface(stage: Stage) -> None:
    at, hostile = stage.at, "\n".join(f"error: {each}" for each in SHORT)
    mention = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {hostile}")
    assert "error: @here @channel" in words_of((await at.answer(mention))["blocks"])
    direct = at.slack.open_im(at.bo)
    await at.slack.say(at.bo, direct, hostile)
    for number, text in enumerate(("explain " + hostile, "pod <!channel>/<!here>", "<!subteam^S1>", "unmute <!here>")):
        room = at.slack.add_channel(f"command-{number}")
        delivered = await at.slack.slash(at.alex, room, text)
        if delivered.body:
            check_message({"unfurl_links": False, **delivered.body}, stage.links)
            check_characters(delivered.body)
    await at.settled()

    stage.check()
