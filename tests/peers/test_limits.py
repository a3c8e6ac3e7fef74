"""Check Casebook's payload limits against slackblocks' table, which others derived from Slack's pages."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from slackblocks import _limits

from responses.slack.validation import validate_message, validate_view
from tests.peers import payloads
from tests.peers.payloads import Json, Payload, message, modal, option, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The maximum size of `path` in an element of type `of`: slackblocks' `constant`, in characters or items."""

    of: str
    path: str
    constant: str

    @property
    def number(self) -> int:
        return int(getattr(_limits, self.constant))


def _limits_of(of: str, **paths: str) -> list[Limit]:
    return [Limit(of=of, path=path.replace("__", "."), constant=constant) for path, constant in paths.items()]


LIMITS: Final = [
    *_limits_of(
        "button", text__text="BUTTON_TEXT_MAX_LENGTH", value="BUTTON_VALUE_MAX_LENGTH",
        accessibility_label="BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH", action_id="ACTION_ID_MAX_LENGTH",
    ),
    *_limits_of("overflow", options="OVERFLOW_OPTIONS_MAX_ITEMS"),
    *_limits_of(
        "static_select", options="SELECT_OPTIONS_MAX_ITEMS", placeholder__text="SELECT_PLACEHOLDER_MAX_LENGTH"
    ),
    *_limits_of("option", text__text="OPTION_TEXT_MAX_LENGTH", value="OPTION_VALUE_MAX_LENGTH"),
    *_limits_of(
        "plain_text_input", placeholder__text="PLAIN_TEXT_INPUT_PLACEHOLDER_MAX_LENGTH",
        max_length="PLAIN_TEXT_INPUT_MAX_LENGTH_MAX",
    ),
    *_limits_of("section", text__text="SECTION_TEXT_MAX_LENGTH"),
    *_limits_of("actions", elements="ACTIONS_ELEMENTS_MAX_ITEMS", block_id="BLOCK_ID_MAX_LENGTH"),
    *_limits_of("context", elements="CONTEXT_ELEMENTS_MAX_ITEMS", elements__0__text="TEXT_MAX_LENGTH"),
    *_limits_of("header", text__text="HEADER_TEXT_MAX_LENGTH"),
    *_limits_of("input", label__text="INPUT_LABEL_MAX_LENGTH", hint__text="INPUT_HINT_MAX_LENGTH"),
    *_limits_of("message", blocks="MESSAGE_BLOCKS_MAX_ITEMS"),
    *_limits_of(
        "modal", blocks="VIEW_BLOCKS_MAX_ITEMS", private_metadata="VIEW_PRIVATE_METADATA_MAX_LENGTH",
        callback_id="VIEW_CALLBACK_ID_MAX_LENGTH",
        title__text="VIEW_TITLE_MAX_LENGTH", close__text="VIEW_CLOSE_MAX_LENGTH", submit__text="VIEW_SUBMIT_MAX_LENGTH",
    ),
]  # fmt: skip

IN_ACTIONS: Final = {
    "button": payloads.BUTTON,
    "overflow": payloads.OVERFLOW,
    "static_select": payloads.SELECT,
}
IN_MESSAGE: Final = {
    "actions": payloads.ACTIONS,
    "context": payloads.CONTEXT,
    "header": payloads.HEADER,
    "section": payloads.SECTION,
}
MODAL: Final = modal(
    payloads.HEADER, submit=plain("Apply"), close=plain("Cancel"), callback_id="c", private_metadata=""
)  # fmt: skip


def _payload_with(limit: Limit, size: int) -> Json:
    """Return a payload in which only the limited part has another size."""
    of = limit.of

    def grown(piece: Json) -> Json:
        return _with(piece, limit.path, size)

    if of in IN_ACTIONS:
        return message({"type": "actions", "elements": [grown(IN_ACTIONS[of])]})
    if of in IN_MESSAGE:
        return message(grown(IN_MESSAGE[of]))
    if of == "option":
        return message({"type": "actions", "elements": [{**payloads.SELECT, "options": [grown(option("a"))]}]})
    if of == "plain_text_input":
        return modal({**payloads.INPUT, "element": grown(payloads.TYPED)}, submit=plain("Apply"))
    if of == "input":
        return modal(grown(payloads.INPUT), submit=plain("Apply"))
    return grown({"message": message(payloads.HEADER), "modal": MODAL}[of])


def _with(piece: Json, path: str, size: int) -> Json:
    changed = copy.deepcopy(piece)
    *steps, last = path.split(".")
    place: Any = changed
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    place[last] = _grown(place[last], size)
    return changed


def _grown(value: Any, size: int) -> Any:
    """Return `value` in another size: a number, a text (URLs stay URLs), or a list with distinct ids."""
    if isinstance(value, int):
        return size
    if isinstance(value, str):
        return value.ljust(size, "x")[:size]
    return [_told_apart(value[0], number) for number in range(size)]


def _told_apart(item: Any, number: int) -> Any:
    if isinstance(item, dict) and "action_id" in item:
        return {**item, "action_id": f"a{number}"}
    return option(f"v{number}") if isinstance(item, dict) and "value" in item else item


def _inside(piece: Any, path: str) -> Any:
    """Return the value at `path`, None without one."""
    for step in path.split("."):
        if isinstance(piece, list):
            piece = piece[int(step)] if int(step) < len(piece) else None
        else:
            piece = piece.get(step) if isinstance(piece, dict) else None
    return piece


def _size(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


def _problems(payload: Json) -> tuple[str, ...]:
    return validate_view(payload) if payload.get("type") == "modal" else validate_message(payload)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: f"{limit.of} {limit.path}")
def test_payloads_at_the_limit_pass_and_over_it_fail(limit: Limit) -> None:
    assert _problems(_payload_with(limit, limit.number)) == ()
    assert _problems(_payload_with(limit, limit.number + 1)) != ()


def test_no_payload_exceeds_a_limit(payloads: list[Payload]) -> None:
    beyond = [
        f"{payload.name}: {limit.of}.{limit.path} has {_size(value)}, not {limit.number}"
        for payload in payloads
        for kind, piece in _typed(payload.body)
        for limit in LIMITS
        if limit.of == kind
        for value in [_inside(piece, limit.path)]
        if value is not None and _size(value) > limit.number
    ]

    assert beyond == []


def _typed(value: Any) -> Iterator[tuple[str, Json]]:
    """Yield every object of a payload with the name of its limits."""
    if isinstance(value, dict):
        yield value.get("type") or ("message" if "blocks" in value else "option"), value
        for inner in value.values():
            yield from _typed(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _typed(inner)


def test_the_sample_has_every_piece_that_has_a_limit(payloads: list[Payload]) -> None:
    """The test above can only check elements that the sample contains."""
    met = {kind for payload in payloads for kind, _ in _typed(payload.body)}

    assert {limit.of for limit in LIMITS} - met == set()
