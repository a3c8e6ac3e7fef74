"""Check a message or a view as Slack does: shape, Block Kit limits, total size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bot.playground.slack.errors import Refused, invalid
from bot.playground.slack.records import Json
from responses.slack.validation import validate_message, validate_view

# Measured, not documented: about 13,000 visible characters over all blocks; a header costs extra.
_MOST_VISIBLE = 13_000
_HEADER_COST = 100
_VISIBLE = ("text", "title", "alt_text", "caption", "url")
_LARGEST_VIEW = 250_000


def check_message(payload: Json) -> None:
    """Refuse with `invalid_blocks_format`, `msg_blocks_too_long` or `invalid_blocks`, and the reason."""
    blocks = payload.get("blocks")
    if blocks is not None and not (isinstance(blocks, list) and all(isinstance(each, dict) for each in blocks)):
        raise Refused("invalid_blocks_format")
    if blocks and visible_length(blocks) > _MOST_VISIBLE:
        raise Refused("msg_blocks_too_long")
    # The limits of the text depend on the method, so they are checked there.
    if problems := validate_message(payload | {"text": "text"}):
        raise invalid(*problems, error="invalid_blocks")


def check_view(view: Any) -> None:
    """Refuse with `invalid_arguments` or `view_too_large`, and the reason."""
    if not isinstance(view, dict):
        raise invalid("must provide an object [json-pointer:/view]")
    if len(json.dumps(view, ensure_ascii=False).encode()) > _LARGEST_VIEW:
        raise Refused("view_too_large")
    if problems := validate_view(view):
        raise invalid(*problems)


def visible_length(blocks: list[Json]) -> int:
    """Count the characters a reader sees, with headers weighted as Slack does."""
    headers = sum(_HEADER_COST for each in blocks if each.get("type") == "header")
    return headers + sum(len(text) for block in blocks for text in _texts(block))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                if name in _VISIBLE:
                    yield inner
            else:
                yield from _texts(inner)
