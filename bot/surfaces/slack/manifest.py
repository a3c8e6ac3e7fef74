"""The app as Slack is told of it: a manifest for Socket Mode, or for HTTP with the address that Slack calls. Pure.

Fields and their limits as docs.slack.dev/reference/app-manifest has them.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import yaml

from bot.slack.scopes import FREE_EVENTS, SCOPES
from bot.surfaces.slack.entry_points import COMMAND, SHORTCUTS

PLACEHOLDER: Final = "https://YOUR-HOST"
"""Stands for the address of Casebook until somebody knows it."""

PATH: Final = "/slack/events"
"""Where Casebook takes everything that Slack sends by HTTP."""

_WIDTH: Final = 118
_DESCRIPTION: Final = "Finds out what is wrong in Kubernetes: a pasted error in, a cause proven by the cluster out."
_LONG_DESCRIPTION: Final = (
    "Paste a Kubernetes error, mention @casebook or use /diagnose: Casebook recognises what can go wrong, checks it in"
    " your own clusters, and answers in the thread with the cause, the evidence and what to do about it.",
    "What it reads: messages and files of the channels it was added to, to find errors that it knows; and of your"
    " clusters what your Kubernetes administrators grant it; the roles that come with it grant no Secrets.",
    "Where it goes: your own administrators run Casebook. What it learns it says in Slack and keeps in its own database"
    " for some days; credentials are taken out before. It sends nothing to anybody else, and uses no language model.",
    "What it changes: nothing by itself. Where your policy switches buttons on, a person presses one, is shown what"
    " will happen, and confirms it; it is then told in the thread and kept in an audit.",
)


class Mode(StrEnum):
    """How Slack reaches the app."""

    SOCKET = "socket"
    HTTP = "http"


def manifest(mode: Mode, *, url: str = PLACEHOLDER) -> dict[str, Any]:
    """The manifest, as JSON would have it; `url` is where Slack finds Casebook by HTTP, without a path of ours."""
    called = {"request_url": f"{url.rstrip('/')}{PATH}"} if mode is Mode.HTTP else {}
    command = {
        "command": COMMAND,
        "description": "Diagnose an object or an error; see how an incident stands",
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
            # Without the tab of messages nobody can write to the app directly.
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "casebook", "always_online": True},
            "shortcuts": [
                {
                    "name": shortcut.name,
                    "type": "message",
                    "callback_id": shortcut.callback_id,
                    "description": shortcut.description,
                }
                for shortcut in SHORTCUTS
            ],
            "slash_commands": [command | ({"url": called["request_url"]} if called else {})],
        },
        "oauth_config": {
            "scopes": {
                "bot": [scope.name for scope in SCOPES],
                # Slack asks only for what stands above as well.
                "bot_optional": [scope.name for scope in SCOPES if not scope.required],
            }
        },
        "settings": {
            "event_subscriptions": called | {"bot_events": events()},
            "interactivity": {"is_enabled": True} | called,
            "org_deploy_enabled": False,
            "socket_mode_enabled": mode is Mode.SOCKET,
            "token_rotation_enabled": False,
        },
    }


def events() -> list[str]:
    """Every event the app subscribes to."""
    return sorted({*FREE_EVENTS, *(event for scope in SCOPES for event in scope.events)})


def as_yaml(manifest: Mapping[str, Any]) -> str:
    """The manifest as people read it before they install it: above each scope stands why it is asked for."""
    written = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    reasons = {scope.name: _said(scope.reason, scope.without) for scope in SCOPES}
    return "".join(f"{line}\n" for line in _commented(written.splitlines(), reasons))


def _said(reason: str, without: str) -> str:
    return f"{reason} Optional; off without it: {without}." if without else reason


def _commented(lines: Sequence[str], reasons: dict[str, str]) -> Iterator[str]:
    for line in lines:
        item = re.fullmatch(r"( +)- (\S+)", line)
        # The optional ones are listed once more: they are explained where they come first.
        if item and (reason := reasons.pop(item[2], "")):
            before = f"{item[1]}# "
            yield from textwrap.wrap(
                reason, width=_WIDTH, initial_indent=before, subsequent_indent=before, break_on_hyphens=False
            )
        yield line


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and keeps the lines of a text."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=">" if "\n" in text else None)


_Dumper.add_representer(str, _text)
