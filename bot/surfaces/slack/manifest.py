"""Build the app manifest, for Socket Mode or for HTTP with the request URL. Pure.

Fields and their limits are from docs.slack.dev/reference/app-manifest.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

import yaml

from bot.slack.scopes import FREE_EVENTS, SCOPES

COMMAND: Final = "/diagnose"

DIAGNOSE_THIS: Final = "casebook.diagnose_this"
MARK_AS: Final = "casebook.mark_as"
SAVE_AS_INCIDENT: Final = "casebook.save_as_incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A message shortcut: title of at most 24 characters, description of at most 150."""

    name: str
    type: str = "message"
    callback_id: str
    description: str


SHORTCUTS: Final = (
    Shortcut(
        callback_id=DIAGNOSE_THIS,
        name="Diagnose this",
        description="Diagnose the error in this message and answer in its thread",
    ),
    Shortcut(
        callback_id=MARK_AS,
        name="Mark as …",
        description="Tell what this message is in the record of its incident: impact, cause, decision, action, …",
    ),
    Shortcut(
        callback_id=SAVE_AS_INCIDENT,
        name="Save as incident",
        description="Save what was found out in this thread, so that the next paste is answered with it",
    ),
)


PLACEHOLDER: Final = "https://YOUR-HOST"
"""Placeholder for the address of Casebook."""

PATH: Final = "/slack/events"
"""The path of all of Slack's requests over HTTP."""

REDIRECT_PATH: Final = "/slack/oauth_redirect"
"""The path to which Slack sends who has installed the app."""

_WIDTH: Final = 118
_DESCRIPTION: Final = "Diagnoses Kubernetes errors: paste an error and get its cause, with evidence from your cluster."
_LONG_DESCRIPTION: Final = (
    "Paste a Kubernetes error, mention @casebook or use /diagnose. Casebook recognises known incidents, checks them in"
    " your clusters, and answers in the thread with the cause, the evidence and the fix.",
    "What it reads: messages and files in the channels it was added to, to find known errors. In your clusters it reads"
    " only what your Kubernetes administrators grant; the bundled roles grant no access to Secrets.",
    "Where data goes: your administrators run Casebook. It posts results in Slack and keeps them in its own database"
    " for some days, with credentials removed. It sends nothing to anybody else and uses no language model.",
    "What it changes: nothing by itself. If your policy enables buttons, a person presses one, sees a preview of the"
    " change and confirms it. The result is posted in the thread and recorded in an audit log.",
)


class Mode(StrEnum):
    """Transport between Slack and the app."""

    SOCKET = "socket"
    HTTP = "http"


def manifest(mode: Mode, *, url: str = PLACEHOLDER, installable: bool = False) -> dict[str, Any]:
    """Return the manifest as JSON values; `url` is the address of Casebook for HTTP, without a path.

    With `installable`, workspaces and organisations install it at that address, and its tokens are renewed.
    """
    called = {"request_url": f"{url.rstrip('/')}{PATH}"} if mode is Mode.HTTP else {}
    command = {
        "command": COMMAND,
        "description": "Diagnose an object or an error; show an incident's status",
        "usage_hint": "pod shop/api-0 | explain <error> | summary | help",
        "should_escape": False,
    }
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Casebook",
            "description": _DESCRIPTION,
            "long_description": "\n\n".join(_LONG_DESCRIPTION),
            "background_color": "#1f3a5f",
        },
        "features": {
            # Apps that are created now get this view only, not the assistant view before it.
            "agent_view": {"agent_description": _DESCRIPTION},
            # Without the messages tab users cannot send direct messages to the app.
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "casebook", "always_online": True},
            "shortcuts": [asdict(each) for each in SHORTCUTS],
            "slash_commands": [command | ({"url": called["request_url"]} if called else {})],
        },
        "oauth_config": {
            "scopes": {
                "bot": [scope.name for scope in SCOPES],
                # Optional scopes must also be listed above.
                "bot_optional": [scope.name for scope in SCOPES if not scope.required],
            }
        }
        | ({"redirect_urls": [f"{url.rstrip('/')}{REDIRECT_PATH}"]} if installable else {}),
        "settings": {
            "event_subscriptions": called | {"bot_events": events()},
            # Suggestions in dialogs have an address of their own.
            "interactivity": {"is_enabled": True}
            | called
            | ({"message_menu_options_url": called["request_url"]} if called else {}),
            "org_deploy_enabled": installable,
            "socket_mode_enabled": mode is Mode.SOCKET,
            "token_rotation_enabled": installable,
        },
    }


def events() -> list[str]:
    """Return every event that the app subscribes to."""
    return sorted({*FREE_EVENTS, *(event for scope in SCOPES for event in scope.events)})


def as_yaml(manifest: Mapping[str, Any]) -> str:
    """Return the manifest as YAML for administrators, with the reason above each scope."""
    written = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    reasons = {scope.name: _comment(scope.reason, scope.without) for scope in SCOPES}
    return "".join(f"{line}\n" for line in _commented(written.splitlines(), reasons))


def _comment(reason: str, without: str) -> str:
    return f"{reason} Optional; off without it: {without}." if without else reason


def _commented(lines: Sequence[str], reasons: dict[str, str]) -> Iterator[str]:
    for line in lines:
        item = re.fullmatch(r"( +)- (\S+)", line)
        # Optional scopes are listed twice; only the first entry gets the reason.
        if item and (reason := reasons.pop(item[2], "")):
            before = f"{item[1]}# "
            yield from textwrap.wrap(
                reason, width=_WIDTH, initial_indent=before, subsequent_indent=before, break_on_hyphens=False
            )
        yield line


class _Dumper(yaml.SafeDumper):
    """YAML dumper that indents lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=">" if "\n" in text else None)


_Dumper.add_representer(str, _text)
