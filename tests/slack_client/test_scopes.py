"""Compare the app's table of scopes with the methods it calls and with Slack's documentation.

The end-to-end tests check the calls themselves: their simulated Slack grants only what the manifest requests.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack.methods import METHODS
from bot.playground.slack.scopes import EVENTS, RequiredScope
from bot.slack import scopes
from bot.slack.scopes import FREE_EVENTS, FREE_METHODS, SCOPES
from bot.surfaces.slack.manifest import COMMAND, SHORTCUTS, events
from bot.surfaces.slack.surface import CHANNEL_EVENTS, HOME_OPENED, MESSAGE_EVENTS, REACTION_EVENTS, REVOKED_EVENTS

BOT = Path(scopes.__file__).parents[1]
# These only list methods.
TABLES = {BOT / "slack" / "limits.py", BOT / "slack" / "scopes.py"}
# Features that need a scope and are neither a method nor an event.
BESIDES = {"commands": {COMMAND, *(each.callback_id for each in SHORTCUTS)}, "users:read.email": {"users.info"}}


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def called() -> set[str]:
    """Return every Web API method in the code that Slack's client knows."""
    rooms = ("app", "slack", "surfaces", "workflows")
    sources = {path for room in rooms for path in (BOT / room).rglob("*.py")} - TABLES
    named = {text for path in sources for text in strings(path) if "." in text}
    return {text for text in named if hasattr(AsyncWebClient, text.replace(".", "_"))}


def needs(names: Iterable[str], table: Mapping[str, RequiredScope]) -> dict[str, set[str]]:
    """Return by scope the names that need it in the simulated Slack; "" for names without a scope."""
    found = defaultdict(set)
    for name in names:
        need = table.get(name, "")
        for scope in need.values() if isinstance(need, Mapping) else [need]:
            found[scope].add(name)
    return dict(found)


def test_each_scope_lists_exactly_the_called_methods_that_need_it() -> None:
    found = needs(called() - {"apps.connections.open"}, {name: method.scope for name, method in METHODS.items()})

    assert found.pop("") == set(FREE_METHODS)
    assert found == {scope.name: set(scope.methods) for scope in SCOPES if scope.methods}


def test_each_scope_lists_exactly_the_subscribed_events_that_need_it() -> None:
    listened = {*CHANNEL_EVENTS, *REVOKED_EVENTS, *MESSAGE_EVENTS, *REACTION_EVENTS, HOME_OPENED}
    found = needs(listened, EVENTS)
    asked = {scope.name: {event.partition(".")[0] for event in scope.events} for scope in SCOPES if scope.events}

    assert found.pop("") == set(FREE_EVENTS)
    assert found == asked
    assert {event.partition(".")[0] for event in events()} == listened


def test_message_events_match_the_conversation_types() -> None:
    asked = {event: scope.name for scope in SCOPES for event in scope.events if event.startswith("message")}

    assert asked == {f"message.{kind}": f"{kind}:history" for kind in ("channels", "groups", "im", "mpim")}


def test_every_scope_is_unique_needed_and_has_a_reason() -> None:
    assert len({scope.name for scope in SCOPES}) == len(SCOPES)
    assert {scope.name for scope in SCOPES if not (scope.methods or scope.events)} == set(BESIDES)
    assert [scope.name for scope in SCOPES if not (scope.methods or scope.events or scope.also)] == []
    assert [scope.name for scope in SCOPES if not scope.reason.endswith(".") or scope.without.endswith(".")] == []
