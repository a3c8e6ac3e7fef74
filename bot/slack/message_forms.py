"""In which forms a message is offered to Slack, one after the other, until it takes one: an answer is never lost.

First as it is, if our own check lets it out, else as its text alone. Where Slack finds it too long all the same (its
pages promise more than it takes): in two halves, then as text, with a file where that is not all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from responses.slack.message import Message, Snippet
from responses.slack.simplified import split_in_half, text_only
from responses.slack.validation import validate_message

_log: Final = structlog.get_logger(__name__)
EVENT_TYPE: Final = "casebook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A message as one or more messages; what does not fit goes along in `file`."""

    parts: tuple[Message, ...]
    file: Snippet | None = None


def forms(message: Message) -> Iterator[Form]:
    """The forms of `message`, the best first. Each part has passed our own check or is text alone."""
    whole = checked(message)
    yield Form(parts=(whole,), file=whole.overflow)
    first, second = split_in_half(whole)
    if first.blocks != whole.blocks:
        yield Form(parts=(checked(first), checked(second)), file=whole.overflow)
    yield as_file(whole)


def as_file(message: Message) -> Form:
    """What `message` says as text, and in a file what does not fit, together with what was to go there anyway."""
    text = text_only(message)
    return Form(parts=(text,), file=text.overflow)


def checked(message: Message) -> Message:
    """`message` if Slack should take it, else its text alone. What is wrong is logged, not what it says."""
    problems = validate_message(payload(message))
    if not problems:
        return message
    _log.error("a message breaks Slack's limits and goes out as text", problems=list(problems[:10]))
    return text_only(message)


def payload(message: Message, *, key: str = "", form: int = 0) -> dict[str, Any]:
    """The arguments of chat.postMessage and chat.update but for the address.

    `key` goes along as metadata, by which a message is found again; `form` is the index of the form it belongs to.
    """
    arguments: dict[str, Any] = {
        "text": message.text,
        "blocks": list(message.blocks),
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if not message.blocks:
        # Asterisks and underscores of an error are no formatting. Slack's pages name this for chat.postMessage and
        # response addresses only; elsewhere it is at worst passed over.
        arguments["mrkdwn"] = False
    if key:
        arguments["metadata"] = {
            "event_type": EVENT_TYPE,
            "event_payload": {"key": key, "form": form} if form else {"key": key},
        }
    return arguments


def message_key(message: Mapping[str, Any]) -> tuple[str, int]:
    """The key a message read from Slack carries, and the index of its form; ("", 0) if none of ours."""
    metadata = message.get("metadata")
    inside = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
    if not isinstance(metadata, Mapping) or metadata.get("event_type") != EVENT_TYPE or not isinstance(inside, Mapping):
        return "", 0
    form = inside.get("form")
    return str(inside.get("key") or ""), form if isinstance(form, int) else 0
