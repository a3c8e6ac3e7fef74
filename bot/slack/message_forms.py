"""Offer a message to Slack in several forms until it accepts one, so that an answer is never lost.

The first form is the message itself if it passes our own validation, else its text alone. If Slack finds it too long
nevertheless (its documentation promises more than it accepts): two halves, then text, with a file for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.slack.errors import Refused
from bot.slack.message_events import mapping_of, text_in
from responses.slack.as_text import split_in_half, text_only
from responses.slack.message import Message, Snippet, View
from responses.slack.validation import validate_message, validate_view

_log: Final = structlog.get_logger(__name__)
EVENT_TYPE: Final = "casebook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A message as one or more messages; what does not fit goes into `file`."""

    parts: tuple[Message, ...]
    file: Snippet | None = None


def forms(message: Message) -> Iterator[Form]:
    """Return the forms of `message`, best first. Each part passed our own validation or is plain text."""
    whole = checked(message)
    yield Form(parts=(whole,), file=whole.overflow)
    first, second = split_in_half(whole)
    if first.blocks != whole.blocks:
        yield Form(parts=(checked(first), checked(second)), file=whole.overflow)
    yield as_file(whole)


def as_file(message: Message) -> Form:
    """Return `message` as text, with the rest and its own file content in a file."""
    text = text_only(message)
    return Form(parts=(text,), file=text.overflow)


def checked(message: Message) -> Message:
    """Return `message` if it is within Slack's limits, else its text alone. Log the problems, never the content."""
    problems = validate_message(payload(message))
    if not problems:
        return message
    _log.error("invalid_message_sent_as_text", problems=list(problems[:10]))
    return text_only(message)


def checked_view(view: View, method: str) -> View:
    """Return `view` if it is within Slack's limits. Raise Refused otherwise: a view has no plainer form."""
    problems = validate_view(view)
    if problems:
        _log.error("invalid_view_dropped", problems=list(problems[:10]))
        raise Refused(method=method, code="invalid_view")
    return view


def payload(message: Message, *, key: str = "", form: int = 0) -> dict[str, Any]:
    """Return the arguments of chat.postMessage and chat.update except the address.

    `key` is sent as metadata, by which a message is found again; `form` is the index of its form.
    """
    arguments: dict[str, Any] = {
        "text": message.text,
        "blocks": list(message.blocks),
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if not message.blocks:
        # Asterisks and underscores in an error are not formatting. Slack documents this for chat.postMessage and
        # response URLs only; elsewhere it is at worst ignored.
        arguments["mrkdwn"] = False
    if key:
        arguments["metadata"] = {
            "event_type": EVENT_TYPE,
            "event_payload": {"key": key, "form": form} if form else {"key": key},
        }
    return arguments


def message_key(message: Mapping[str, Any]) -> tuple[str, int]:
    """Return the key in a stored message and the index of its form; ("", 0) if it has none of ours."""
    metadata = mapping_of(message.get("metadata"))
    inside = mapping_of(metadata.get("event_payload"))
    if metadata.get("event_type") != EVENT_TYPE or not inside:
        return "", 0
    form = inside.get("form")
    return text_in(inside, "key"), form if isinstance(form, int) else 0
