"""Build signed-looking inputs of every kind that Slack sends, and mutate them: structure, types, numbers, encodings.

The same seed gives the same inputs.
"""

from __future__ import annotations

import copy
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from bot.playground.slack import SimulatedSlack
from bot.surfaces.slack.manifest import COMMAND, SHORTCUTS

_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_ENVELOPES: Final = 3
# Marks in a payload that become raw JSON, which json.dumps would not write.
_DEEP: Final = "@@deep@@"
_LONG_INTEGER: Final = "@@long-integer@@"
_LONGEST_INTEGER: Final = "@@longest-integer@@"
_RAW: Final = {
    f'"{_DEEP}"': "[" * 100_000 + "]" * 100_000,
    f'"{_LONG_INTEGER}"': "9" * 4_400,
    f'"{_LONGEST_INTEGER}"': "9" * 4_300,
}
_WRONG: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 10**30, float("nan"), float("inf"), "", " ", "x", "\ud800", "a\x00b", "NaN",
    "../../etc", "<!channel>", "x" * 100_000, [], {}, [[]], [None], [1, "a"], {"id": 1}, {"id": None}, {"a": {"b": []}},
    ["x"] * 3_000, _DEEP, _LONG_INTEGER, _LONGEST_INTEGER,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A request body with its content type. `kind` names the payload and the mutation."""

    kind: str
    body: bytes
    content_type: str
    path: str = "/slack/events"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The ids of a workspace that payloads name."""

    team: str
    app: str
    bot_user: str
    user: str
    channel: str

    @classmethod
    def of(cls, slack: SimulatedSlack, user: str, channel: str) -> People:
        return cls(team=slack.team_id, app=slack.app_id, bot_user=slack.bot_user_id, user=user, channel=channel)


def payloads(at: People, text: str, *, number: int = 0) -> dict[str, dict[str, Any]]:
    """Return a valid payload of every kind; the ids of each `number` are new."""
    ts = f"{int(time.time())}.{number:06d}"
    message = {
        "type": "message", "user": at.user, "text": text, "ts": ts, "team": at.team, "client_msg_id": "a-b-c",
        "blocks": [{"type": "rich_text", "block_id": "b1", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}]}],
    }  # fmt: skip
    here = {"channel": at.channel, "event_ts": ts, "channel_type": "channel"}
    snippet = {
        "id": "F0SNIPPET", "name": "pod.log", "title": "pod.log", "mimetype": "text/plain", "filetype": "text",
        "mode": "snippet", "size": 100, "url_private": "https://files.slack.com/f", "file_access": "visible",
    }  # fmt: skip
    attachment = {
        "fallback": "alert", "title": "Alert", "text": text, "pretext": "p", "color": "#f00",
        "fields": [{"title": "pod", "value": "web", "short": True}], "blocks": [],
    }  # fmt: skip
    events: dict[str, dict[str, Any]] = {
        "message": message | here,
        "message in a thread": message | here | {"thread_ts": "1700000000.000100"},
        "message with a file": message | here | {"subtype": "file_share", "files": [snippet]},
        "message of a bot": message | here | {
            "subtype": "bot_message", "bot_id": "B0OTHER", "attachments": [attachment],
        },
        "direct message": message | here | {"channel": "D0DIRECT", "channel_type": "im"},
        "app_mention": message | here | {"type": "app_mention", "text": f"<@{at.bot_user}> {text}"},
        "message_changed": here | {
            "type": "message", "subtype": "message_changed", "ts": ts, "hidden": True,
            "message": message | {"edited": {"user": at.user, "ts": ts}}, "previous_message": message,
        },
        "message_deleted": here | {
            "type": "message", "subtype": "message_deleted", "ts": ts, "deleted_ts": ts, "previous_message": message,
        },
        "member_joined_channel": {
            "type": "member_joined_channel", "user": at.user, "channel": at.channel, "channel_type": "C",
            "team": at.team, "inviter": at.user, "event_ts": ts,
        },
        "channel_rename": {
            "type": "channel_rename", "channel": {"id": at.channel, "name": "new", "created": 1}, "event_ts": ts,
        },
        "channel_created": {
            "type": "channel_created", "channel": {"id": at.channel, "name": "inc-1", "creator": at.user},
            "event_ts": ts,
        },
        "channel_archive": {"type": "channel_archive", "channel": "C0OTHER", "user": at.user, "event_ts": ts},
        "reaction_added": {
            "type": "reaction_added", "user": at.user, "reaction": "pushpin", "item_user": at.user,
            "item": {"type": "message", "channel": at.channel, "ts": ts}, "event_ts": ts,
        },
        "app_home_opened": {
            "type": "app_home_opened", "user": at.user, "channel": "D0DIRECT", "tab": "home", "event_ts": ts,
        },
        "link_shared": {
            "type": "link_shared", "user": at.user, "channel": at.channel, "message_ts": ts, "event_ts": ts,
            "links": [{"domain": "grafana.example", "url": "https://grafana.example/d"}],
        },
    }  # fmt: skip
    bot = {"enterprise_id": None, "team_id": at.team, "user_id": at.bot_user, "is_bot": True,
           "is_enterprise_install": False}  # fmt: skip
    found = {
        name: {
            "type": "event_callback", "token": "t", "team_id": at.team, "context_team_id": at.team,
            "api_app_id": at.app, "event": event, "event_id": f"Ev0{number:06d}", "event_time": 1_700_000_000,
            "authorizations": [bot], "is_ext_shared_channel": False, "event_context": "4-x",
        }
        for name, event in events.items()
    }  # fmt: skip
    return found | _interactions(at, text, ts) | {
        "url_verification": {"type": "url_verification", "token": "t", "challenge": "abc"},
        "app_rate_limited": {
            "type": "app_rate_limited", "team_id": at.team, "minute_rate_limited": 1_700_000_000, "api_app_id": at.app,
        },
    }  # fmt: skip


def _interactions(at: People, text: str, ts: str) -> dict[str, dict[str, Any]]:
    common: dict[str, Any] = {
        "user": {"id": at.user, "username": "u", "name": "u", "team_id": at.team}, "api_app_id": at.app, "token": "t",
        "team": {"id": at.team, "domain": "d"}, "enterprise": None, "is_enterprise_install": False,
        "trigger_id": f"1.2.{ts}", "response_url": "https://hooks.slack.com/actions/T/1/x",
    }  # fmt: skip
    place = {"id": at.channel, "name": "general"}
    message = {"type": "message", "user": at.user, "text": text, "ts": ts}
    view = {
        "id": "V0VIEW", "type": "modal", "callback_id": "confirm", "private_metadata": "plan:1", "hash": "h",
        "state": {"values": {"typed_name": {"typed_name": {"type": "plain_text_input", "value": "web"}}}},
        "blocks": [], "title": {"type": "plain_text", "text": "t"},
    }  # fmt: skip
    pressed = common | {
        "type": "block_actions", "container": {"type": "message", "message_ts": ts, "channel_id": at.channel},
        "channel": place, "message": message | {"bot_id": "B0US"}, "state": {"values": {}},
    }  # fmt: skip
    button = {"type": "button", "action_id": "remedy:0", "block_id": "b", "value": "p1", "action_ts": ts,
              "text": {"type": "plain_text", "text": "Restart"}}  # fmt: skip
    chosen = {"text": {"type": "plain_text", "text": "Mute"}, "value": "mute:T.C.1"}
    found: dict[str, dict[str, Any]] = {
        "button": pressed | {"actions": [button]},
        "menu": pressed | {"actions": [
            {"type": "overflow", "action_id": "more", "block_id": "b", "selected_option": chosen, "action_ts": ts}]},
        "cluster menu": pressed | {"actions": [
            {"type": "static_select", "action_id": "cluster", "selected_option": chosen, "action_ts": ts}]},
        "button in a dialog": common | {
            "type": "block_actions", "container": {"type": "view", "view_id": "V0VIEW"}, "view": view,
            "actions": [button]},
        "view_submission": common | {"type": "view_submission", "view": view, "response_urls": []},
        "view_closed": common | {"type": "view_closed", "view": view, "is_cleared": False},
        "block_suggestion": common | {
            "type": "block_suggestion", "action_id": "a", "block_id": "b", "value": "x", "container": {"type": "view"}},
        "global shortcut": common | {"type": "shortcut", "callback_id": "other", "action_ts": ts},
    }  # fmt: skip
    for shortcut in SHORTCUTS:
        found[shortcut.callback_id] = common | {
            "type": "message_action", "callback_id": shortcut.callback_id, "action_ts": ts, "channel": place,
            "message_ts": ts, "message": message,
        }  # fmt: skip
    command: dict[str, Any] = {
        "token": "t", "team_id": at.team, "team_domain": "d", "channel_id": at.channel, "channel_name": "general",
        "user_id": at.user, "user_name": "u", "command": COMMAND, "text": text, "api_app_id": at.app,
        "is_enterprise_install": "false", "response_url": "https://hooks.slack.com/commands/T/1/x",
        "trigger_id": f"1.2.{ts}",
    }  # fmt: skip
    return found | {"command": command, "command with an object": command | {"text": "pod web -n shop"}}


def mutated(at: People, texts: tuple[str, ...], *, count: int, seed: int = 16) -> Iterator[Input]:
    """Yield `count` mutated inputs of all kinds."""
    chance = random.Random(seed)
    for number in range(count):
        found = payloads(at, chance.choice(texts), number=number)
        kind = chance.choice(sorted(found))
        if chance.random() < 0.2:
            yield _broken_encoding(kind, found[kind], chance)
            continue
        payload = copy.deepcopy(found[kind])
        done = [mutate(payload, chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        yield encoded(f"{kind}: {', '.join(done)}", payload)


def without_each_field(at: People, text: str) -> Iterator[Input]:
    """Yield every payload without each of its fields in turn.

    The envelopes of all events are read by the same code: each of their fields is missing in a few kinds.
    """
    enveloped: Counter[str] = Counter()
    for kind, payload in payloads(at, text).items():
        for number, (_, _, where) in enumerate(_places(payload, "")):
            if "event" in payload and not where.startswith("event."):
                enveloped[where] += 1
                if enveloped[where] > _ENVELOPES:
                    continue
            rest = copy.deepcopy(payload)
            container, key, _ = list(_places(rest, ""))[number]
            del container[key]
            yield encoded(f"{kind} without {where}", rest)


def encoded(kind: str, payload: Mapping[str, Any]) -> Input:
    """Return a payload as Slack sends it: events as JSON, interactions and commands as forms."""
    if payload.get("type") in ("event_callback", "url_verification", "app_rate_limited"):
        return Input(kind=kind, body=as_json(payload).encode(), content_type=_JSON)
    if "command" in payload:
        form = {key: value if isinstance(value, str) else as_json(value) for key, value in payload.items()}
        body = urlencode(form, errors="surrogatepass").encode()
        return Input(kind=kind, body=body, content_type=_FORM, path="/slack/commands")
    body = urlencode({"payload": as_json(payload)}).encode()
    return Input(kind=kind, body=body, content_type=_FORM, path="/slack/interactive")


def as_json(value: Any) -> str:
    text = json.dumps(value)
    for mark, raw in _RAW.items():
        text = text.replace(mark, raw)
    return text


def mutate(payload: dict[str, Any], chance: random.Random) -> str:
    """Change one place of the payload and describe it."""
    container, key, where = chance.choice(list(_places(payload, "")))
    match chance.choice(("replace", "replace", "replace", "delete", "wrap", "rename", "other type")):
        case "delete":
            del container[key]
            return f"without {where}"
        case "wrap":
            container[key] = [container[key]]
            return f"{where} in a list"
        case "rename" if isinstance(container, dict):
            container[f"{key}\ud800" if chance.random() < 0.2 else f"{key}x"] = container.pop(key)
            return f"{where} renamed"
        case "other type" if isinstance(container[key], str):
            container[key] = {"text": container[key]}
            return f"{where} as an object"
        case _:
            value = chance.choice(_WRONG)
            container[key] = copy.deepcopy(value)
            return f"{where} = {str(value)[:20]!r}"


def _places(value: Any, where: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield every place in a payload: its container, its key and its path."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        path = f"{where}.{key}".lstrip(".")
        yield value, key, path
        if isinstance(inner, dict | list):
            yield from _places(inner, path)


def _broken_encoding(kind: str, payload: Mapping[str, Any], chance: random.Random) -> Input:
    """Return a payload whose bytes or content type are broken."""
    whole = encoded(kind, payload)
    text = json.dumps(payload).encode()
    bodies: Mapping[str, tuple[bytes, str]] = {
        "cut": (whole.body[: chance.randrange(len(whole.body))], whole.content_type),
        "empty": (b"", whole.content_type),
        "not UTF-8": (whole.body[:-1] + b"\xff\xfe" + whole.body[-1:], whole.content_type),
        "UTF-16": (text.decode().encode("utf-16"), f"{_JSON}; charset=utf-16"),
        "unknown charset": (whole.body, f"{whole.content_type}; charset=klingon"),
        "charset of bytes": (whole.body, f"{whole.content_type}; charset=hex"),
        "other content type": (whole.body, chance.choice(("text/plain", "multipart/form-data", "image/png", "x", ""))),
        "form as JSON": (whole.body, _JSON),
        "JSON as form": (text, _FORM),
        "payload is not JSON": (b"payload=hello", _FORM),
        "payload is a number": (b"payload=17", _FORM),
        "payload is null": (b"payload=null", _FORM),
        "payload is deep": (b"payload=" + b"%5B" * 100_000, _FORM),
        "two payloads": (urlencode([("payload", text), ("payload", "{}")]).encode(), _FORM),
        "two payloads, good last": (urlencode([("payload", "{}"), ("payload", text)]).encode(), _FORM),
        "fields twice": (b"command=%2Fdiagnose&command=x&text=a&text=b&team_id=T&team_id=", _FORM),
        "huge field": (whole.body + b"&text=" + b"a" * 1_500_000, whole.content_type),
        "many fields": (whole.body + b"&a=" * 100_000, whole.content_type),
        "a list": (b"[" + text + b"]", _JSON),
        "a number": (b"1", _JSON),
        "a text": (b'"text"', _JSON),
        "null": (b"null", _JSON),
        "NaN": (b"NaN", _JSON),
        "keys twice": (b'{"type":"event_callback","type":5,"event":{},"event":[]}', _JSON),
        "with a byte order mark": (b"\xef\xbb\xbf" + text, _JSON),
        "deep": (b"[" * 100_000, _JSON),
        "deep object": (b'{"a":' * 100_000, _JSON),
        "many values": (
            b'{"type":"event_callback","event":{"type":"message","x":[' + b"{}," * 300_000 + b"{}]}}", _JSON,
        ),
    }  # fmt: skip
    name = chance.choice(sorted(bodies))
    body, content_type = bodies[name]
    return Input(kind=f"{kind}: {name}", body=body, content_type=content_type, path=whole.path)
