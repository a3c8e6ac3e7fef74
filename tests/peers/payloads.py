"""Define payloads for third-party validators: one with every element Casebook may use, and some that Slack rejects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A message as chat.postMessage accepts it, or a view."""

    name: str
    body: Json

    @property
    def is_view(self) -> bool:
        return self.body.get("type") in ("modal", "home")


def of_json(name: str, body: Any) -> Payload:
    """Return the payload. Raise ValueError if it is neither a message nor a view."""
    if not isinstance(body, dict) or not ("text" in body or body.get("type") in ("modal", "home")):
        raise ValueError(f"{name} is neither a message nor a view")
    return Payload(name=name, body=body)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str) -> Json:
    return {"text": plain(value), "value": value}


BUTTON: Final[Json] = {
    "type": "button", "action_id": "restart", "text": plain("Restart"), "value": "p1", "style": "danger",
    "accessibility_label": "Restart the pod",
}  # fmt: skip
OVERFLOW: Final[Json] = {"type": "overflow", "action_id": "more", "options": [option("not-it"), option("mute")]}
SELECT: Final[Json] = {
    "type": "static_select", "action_id": "choose", "placeholder": plain("Which?"),
    "options": [option("a"), option("b")],
}  # fmt: skip
TYPED: Final[Json] = {
    "type": "plain_text_input", "action_id": "typed", "placeholder": plain("Its name"), "initial_value": "",
    "max_length": 253, "multiline": False,
}  # fmt: skip
SECTION: Final[Json] = {"type": "section", "text": plain("checkout is down"), "accessory": OVERFLOW}
HEADER: Final[Json] = {"type": "header", "text": plain("Confirmed")}
CONTEXT: Final[Json] = {"type": "context", "elements": [plain("12 calls"), plain("0.4 s")]}
ACTIONS: Final[Json] = {"type": "actions", "block_id": "buttons", "elements": [BUTTON]}
INPUT: Final[Json] = {
    "type": "input", "block_id": "name", "label": plain("Type the name"), "hint": plain("As shown"), "element": TYPED
}  # fmt: skip
LIST: Final[Json] = {
    "type": "rich_text_list", "style": "bullet",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "✓ ", "style": {"bold": True}}]}],
}  # fmt: skip
PREFORMATTED: Final[Json] = {
    "type": "rich_text_preformatted", "elements": [{"type": "text", "text": "kubectl get pods"}]
}  # fmt: skip
RICH: Final[Json] = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": [
            {"type": "text", "text": "checkout ", "style": {"bold": True, "italic": True}},
            {"type": "text", "text": "web-1", "style": {"code": True}},
            {"type": "link", "url": "https://example.com/", "text": "docs"},
            {"type": "user", "user_id": "U1"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "date", "timestamp": 1720710212, "format": "{time}", "fallback": "15:03"},
        ]},
        LIST,
        PREFORMATTED,
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "OOMKilled"}]},
    ],
}  # fmt: skip


def message(*blocks: Json, **more: Any) -> Json:
    return {"text": "in short", "blocks": list(blocks), **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Restart"), "blocks": list(blocks), **more}


SAMPLES: Final = [
    Payload(
        name="every piece of a message",
        body=message(
            SECTION, HEADER, CONTEXT, ACTIONS, RICH, {"type": "actions", "elements": [SELECT]},
            metadata={"event_type": "casebook_step", "event_payload": {"request": "r1", "step": "final"}},
        ),
    ),
    Payload(
        name="every piece of a modal",
        body=modal(
            SECTION, HEADER, RICH, INPUT, submit=plain("Apply"), close=plain("Cancel"), callback_id="confirm",
            private_metadata="{}",
        ),
    ),
]  # fmt: skip

# Invalid payloads that a validator must reject; otherwise passing the valid ones proves nothing.
BROKEN: Final = [
    Payload(name="an unknown block", body=message({"type": "headline", "text": plain("x")})),
    Payload(name="an unknown key", body=message({**HEADER, "colour": "red"})),
    Payload(name="markup in a header", body=message({"type": "header", "text": {"type": "mrkdwn", "text": "*x*"}})),
    Payload(name="an unknown style", body=message({"type": "actions", "elements": [{**BUTTON, "style": "warning"}]})),
    Payload(name="rich text without elements", body=message({"type": "rich_text"})),
    Payload(name="a modal without a title", body={"type": "modal", "blocks": []}),
]
