"""Check whether Slack would take a message or a view, before it is sent.

Slack answers a bad payload with `invalid_blocks`, and the reader gets no answer. So every payload is checked here
first, and the simulated Slack refuses by the same table. Nothing here raises, whatever JSON comes in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from responses.slack import limits
from responses.slack.checks import OBJECT, Check, Report, boolean, many, record, shown, string, values_of
from responses.slack.message import visible_length
from responses.slack.shapes import MESSAGE_BLOCK, VIEW_BLOCK, plain_text

_DEEPEST: Final = 32
_EVENT_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_BLOCKS: Final = many(MESSAGE_BLOCK, most=limits.MESSAGE_BLOCKS)
_VIEW_OPTIONAL: Final[dict[str, Check]] = {
    "callback_id": string(limits.VIEW_CALLBACK_ID),
    "private_metadata": string(limits.VIEW_PRIVATE_METADATA, least=0),
}
_MODAL: Final = record(
    {"title": plain_text(limits.VIEW_TITLE), "blocks": many(VIEW_BLOCK, most=limits.VIEW_BLOCKS)},
    {
        **_VIEW_OPTIONAL,
        "submit": plain_text(limits.VIEW_SUBMIT),
        "close": plain_text(limits.VIEW_CLOSE),
        "notify_on_close": boolean,
    },
)
_HOME: Final = record({"blocks": many(VIEW_BLOCK, most=limits.VIEW_BLOCKS)}, _VIEW_OPTIONAL)


def validate_message(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what Slack would refuse of a message, () for nothing.

    `payload` is the arguments of chat.postMessage or chat.update: text, blocks and metadata are checked, the address
    (channel, ts) is not.
    """
    report = Report()
    if not isinstance(payload, Mapping):
        return (f"message: must be an object, is {shown(payload)}",)
    if _is_too_deep(payload):
        return ("message: is nested too deeply",)
    if "text" in payload:
        string(limits.MESSAGE_TEXT)(report, "text", payload["text"])
    else:
        report.add("message", "lacks text: notifications and screen readers have nothing else")
    blocks = payload.get("blocks")
    if blocks is not None and blocks != []:
        _BLOCKS(report, "blocks", blocks)
        if (seen := visible_length(blocks)) > limits.MESSAGE_VISIBLE:
            report.add("blocks", f"must show at most {limits.MESSAGE_VISIBLE} characters together, show {seen}")
    if payload.get("metadata") is not None:
        _metadata(report, payload["metadata"])
    return tuple(report.problems)


def validate_view(view: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what Slack would refuse of a modal or a home tab, () for nothing."""
    report = Report()
    if not isinstance(view, Mapping):
        return (f"view: must be an object, is {shown(view)}",)
    if _is_too_deep(view):
        return ("view: is nested too deeply",)
    shape = {"modal": _MODAL, "home": _HOME}.get(view["type"]) if isinstance(view.get("type"), str) else None
    if shape is None:
        return (f"view.type: must be modal or home, is {shown(view.get('type'))}",)
    shape(report, "view", {key: value for key, value in view.items() if key != "type"})
    inputs = "input" in list(values_of(view.get("blocks"), "type"))
    if shape is _MODAL and inputs and "submit" not in view:
        report.add("view", "has an input and no submit button")
    size = len(_written(view).encode())
    if size > limits.VIEW_BYTES:
        report.add("view", f"must be at most {limits.VIEW_BYTES} bytes, has {size}")
    return tuple(report.problems)


def _metadata(report: Report, metadata: Any) -> None:
    record({"event_type": string(limits.METADATA_TYPE), "event_payload": _payload})(report, "metadata", metadata)
    if isinstance(metadata, Mapping):
        kind = metadata.get("event_type")
        if isinstance(kind, str) and not _EVENT_TYPE.fullmatch(kind):
            report.add("metadata.event_type", f"must be a word of letters, digits and _ . -, is {shown(kind)}")
        if len(_written(metadata).encode()) > limits.METADATA_BYTES:
            report.add("metadata", f"must be at most {limits.METADATA_BYTES} bytes")


def _payload(report: Report, path: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        report.add(path, f"must be an object, is {shown(value)}")
    elif any(not isinstance(item, str | int) for item in value.values()):
        report.add(path, "must have only strings and whole numbers")


def _is_too_deep(value: Any) -> bool:
    """Return whether the value nests too deeply. It is walked level by level: recursion could overflow."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if not isinstance(inner, str)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Collection[Any]:
    if isinstance(value, OBJECT):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _written(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True, default=str, separators=(",", ":"))
