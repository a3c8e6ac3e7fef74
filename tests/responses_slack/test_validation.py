"""Test that validation finds what Slack would refuse, and that no input makes it raise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slackblocks import _limits as published

from responses.slack import blocks, limits
from responses.slack.validation import validate_message, validate_view

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)
KEYS = st.sampled_from([
    "type", "text", "blocks", "elements", "options", "option", "value", "style", "title", "rows", "column_settings",
    "url", "action_id", "block_id", "metadata", "event_type", "event_payload", "attachments", "submit", "label",
    "element", "confirm", "accessory", "fields", "plain_text", "rich_text", "rich_text_section", "table", "section",
    "header", "context", "actions", "button", "overflow", "modal", "home", "link", "date",
])  # fmt: skip
BLOCK_LIKE = st.recursive(
    st.one_of(KEYS, st.none(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=30,
)

FINE: dict[str, Any] = {
    "text": "The image cannot be pulled",
    "blocks": [
        blocks.header("CONFIRMED"),
        blocks.rich(
            blocks.line(blocks.bold("Image"), blocks.text(" "), blocks.code("shop/api:v2")),
            blocks.bullets([[blocks.text("✓ it waits")], [blocks.link("https://kubernetes.io/docs", "Images")]]),
            blocks.preformatted("kubectl get pod"),
            blocks.quoted(blocks.text("manifest unknown"), blocks.user("U1")),
        ),
        blocks.section("More", accessory=blocks.button("Open", action_id="open")),
        blocks.actions(
            blocks.button("Restart", action_id="remedy.1", value="p-1", style="danger"),
            blocks.overflow([("Not it", "not_it"), ("Mute here", "mute")], action_id="more"),
        ),
        blocks.context("cluster prod", "7 API calls"),
    ],
    "metadata": {"event_type": "casebook_answer", "event_payload": {"request": "r-1", "step": 2}},
}
MODAL = blocks.modal(
    "Restart pod",
    [blocks.rich(blocks.line(blocks.text("api-0"))), blocks.text_input("Name", id="b")],
    close="Cancel",
    submit="Restart",
    callback_id="dialog",
    private_metadata="p-1",
)


def _section(**keys: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": "x"}, **keys}


def _button(**keys: Any) -> dict[str, Any]:
    return {
        "type": "actions",
        "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x"}, **keys}],
    }


def _leaf(**keys: Any) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [keys]}]}


def _overflow(count: int) -> dict[str, Any]:
    options = [{"text": {"type": "plain_text", "text": "x"}, "value": str(index)} for index in range(count)]
    return {"type": "actions", "elements": [{"type": "overflow", "action_id": "a", "options": options}]}


def test_message_and_modal_with_every_piece_are_valid() -> None:
    assert validate_message(FINE) == ()
    assert validate_view(MODAL) == ()


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"type": "carousel"}, "'carousel' is not a valid block here"),
        ({}, "None is not a valid block here"),
        ("text", "must be an object"),
        (_section(colour="red"), "unknown key 'colour'"),
        ({"type": "section"}, "lacks text"),
        ({"type": "section", "text": {"type": "plain_text", "text": ""}}, "must not be empty"),
        ({"type": "section", "text": {"type": "plain_text", "text": "x" * 3001}}, "at most 3000 characters"),
        ({"type": "section", "text": {"type": "plain_text", "text": "\ud800"}}, "surrogate"),
        (_section(fields=[{"type": "plain_text", "text": "x"}]), "unknown key 'fields'"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "'mrkdwn' is not a valid text object"),
        ({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}, "at most 150"),
        ({"type": "header", "text": {"type": "plain_text", "text": "😀" * 76}}, "has 152"),
        ({"type": "context", "elements": []}, "at least 1 items"),
        ({"type": "context", "elements": [{"type": "plain_text", "text": "x"}] * 11}, "at most 10 items"),
        ({"type": "actions", "elements": []}, "at least 1 items"),
        (_button(style="default"), "primary, danger"),
        (_button(value="x" * 2001), "at most 2000"),
        (_leaf(type="link", url="javascript:alert(1)"), "must be an address"),
        (_leaf(type="link", url="https://x.example/" + "y" * 3000), "at most 3000"),
        (_button(action_id=""), "must not be empty"),
        (_button(text={"type": "mrkdwn", "text": "x"}), "is not a valid text object"),
        (_button(text={"type": "plain_text", "text": "x" * 76}), "at most 75"),
        (_overflow(1), "at least 2 items"),
        (_overflow(6), "at most 5 items"),
        (_leaf(type="text", text=""), "must not be empty"),
        (_leaf(type="text", text="x", style={"blink": True}), "unknown key 'blink'"),
        (_leaf(type="broadcast", range="here"), "'broadcast' is not a valid part of rich text"),
        (_leaf(type="usergroup", usergroup_id="S1"), "'usergroup' is not a valid part of rich text"),
        (_leaf(type="link", url="file:///etc/passwd"), "must be an address"),
        (_leaf(type="link", url="https://a.example/ b"), "no white space"),
        ({"type": "rich_text", "elements": []}, "at least 1 items"),
        (
            {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "user"}]}]},
            "is not a valid part of preformatted text",
        ),
        (
            {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "stars", "elements": []}]},
            "must be one of bullet",
        ),
        ({"type": "table", "rows": []}, "'table' is not a valid block here"),
        ({"type": "markdown", "text": "x"}, "'markdown' is not a valid block here"),
    ],
)
def test_invalid_block_is_reported(block: Any, says: str) -> None:
    problems = validate_message({"text": "x", "blocks": [block]})

    assert any(says in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({"blocks": [blocks.header("x")]}, "lacks text"),
        ({"text": ""}, "must not be empty"),
        ({"text": "x" * 4001}, "at most 4000"),
        ({"text": "x", "blocks": [blocks.header("x")] * 51}, "at most 50 items"),
        ({"text": "x", "blocks": [blocks.section("x" * 3000)] * 5}, "must show at most 12000"),
        ({"text": "x", "blocks": [blocks.header("x") | {"block_id": "b"}] * 2}, "occurs twice"),
        ({"text": "x", "blocks": [_button(action_id="a"), _button(action_id="a")]}, "occurs twice"),
        ({"text": "x", "blocks": "[]"}, "must be an array"),
        ({"text": "x", "metadata": {"event_type": "a b", "event_payload": {}}}, "must be a word"),
        ({"text": "x", "metadata": {"event_type": "a"}}, "lacks event_payload"),
        ({"text": "x", "metadata": {"event_type": "a", "event_payload": {"k": [1]}}}, "only strings"),
        ({"text": "x", "metadata": {"event_type": "a", "event_payload": {"k": "x" * 9000}}}, "at most 8000"),
    ],
)
def test_invalid_message_is_reported(payload: Any, says: str) -> None:
    problems = validate_message(payload)

    assert any(says in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"type": "message"}, "must be modal or home"),
        ({"title": {"type": "plain_text", "text": "x" * 25}}, "at most 24"),
        ({"submit": {"type": "plain_text", "text": "x" * 25}}, "at most 24"),
        ({"close": {"type": "plain_text", "text": "x" * 25}}, "at most 24"),
        ({"private_metadata": "x" * 3001}, "at most 3000"),
        ({"callback_id": "x" * 256}, "at most 255"),
        ({"blocks": [blocks.header("x")] * 101}, "at most 100"),
        ({"blocks": [blocks.feedback_buttons(("a", "1"), ("b", "2"), action_id="f")]}, "is not a valid block"),
        ({"blocks": [blocks.section("中" * 3000)] * 99}, "at most 250000 bytes"),
        ({"colour": "red"}, "unknown key"),
        ({"submit": None}, "must be an object"),
    ],
)
def test_invalid_view_is_reported(change: dict[str, Any], says: str) -> None:
    problems = validate_view({**MODAL, **change})

    assert any(says in problem for problem in problems), problems


def test_modal_with_an_input_needs_a_submit_button() -> None:
    view = {key: value for key, value in MODAL.items() if key != "submit"}

    assert validate_view(view) == ("view: has an input and no submit button",)


@given(value=st.one_of(JSON, BLOCK_LIKE))
def test_validation_never_raises(value: Any) -> None:
    for payload in (value, {"text": "x", "blocks": value, "metadata": value}):
        assert all(isinstance(problem, str) for problem in validate_message(payload))
    for view in (value, {"type": "modal", "title": value, "blocks": value}):
        assert all(isinstance(problem, str) for problem in validate_view(view))


def test_endless_nesting_is_refused() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]

    assert validate_message({"text": "x", "blocks": deep}) == ("message: is nested too deeply",)
    assert validate_view({"type": "modal", "blocks": deep}) == ("view: is nested too deeply",)


def test_limits_agree_with_an_independent_list() -> None:
    ours = {
        "ACTION_ID_MAX_LENGTH": limits.ACTION_ID,
        "ACTIONS_ELEMENTS_MAX_ITEMS": limits.ACTIONS_ELEMENTS,
        "BLOCK_ID_MAX_LENGTH": limits.BLOCK_ID,
        "BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH": limits.BUTTON_LABEL,
        "BUTTON_TEXT_MAX_LENGTH": limits.BUTTON_TEXT,
        "BUTTON_VALUE_MAX_LENGTH": limits.BUTTON_VALUE,
        "CONTEXT_ELEMENTS_MAX_ITEMS": limits.CONTEXT_ELEMENTS,
        "HEADER_TEXT_MAX_LENGTH": limits.HEADER_TEXT,
        "INPUT_HINT_MAX_LENGTH": limits.INPUT_HINT,
        "INPUT_LABEL_MAX_LENGTH": limits.INPUT_LABEL,
        "MESSAGE_BLOCKS_MAX_ITEMS": limits.MESSAGE_BLOCKS,
        "OPTION_GROUP_LABEL_MAX_LENGTH": limits.OPTION_GROUP_LABEL,
        "OPTION_GROUP_OPTIONS_MAX_ITEMS": limits.SELECT_OPTIONS,
        "OPTION_TEXT_MAX_LENGTH": limits.OPTION_TEXT,
        "OPTION_VALUE_MAX_LENGTH": limits.OPTION_VALUE,
        "OVERFLOW_OPTIONS_MAX_ITEMS": limits.OVERFLOW_MOST,
        "PLAIN_TEXT_INPUT_MAX_LENGTH_MAX": limits.PLAIN_INPUT,
        "PLAIN_TEXT_INPUT_PLACEHOLDER_MAX_LENGTH": limits.PLACEHOLDER,
        "SECTION_TEXT_MAX_LENGTH": limits.SECTION_TEXT,
        "SELECT_OPTIONS_MAX_ITEMS": limits.SELECT_OPTIONS,
        "SELECT_OPTION_GROUPS_MAX_ITEMS": limits.OPTION_GROUPS,
        "TEXT_MAX_LENGTH": limits.TEXT,
        "VIEW_BLOCKS_MAX_ITEMS": limits.VIEW_BLOCKS,
        "VIEW_CALLBACK_ID_MAX_LENGTH": limits.VIEW_CALLBACK_ID,
        "VIEW_CLOSE_MAX_LENGTH": limits.VIEW_CLOSE,
        "VIEW_PRIVATE_METADATA_MAX_LENGTH": limits.VIEW_PRIVATE_METADATA,
        "VIEW_SUBMIT_MAX_LENGTH": limits.VIEW_SUBMIT,
        "VIEW_TITLE_MAX_LENGTH": limits.VIEW_TITLE,
    }

    assert ours == {name: getattr(published, name) for name in ours}
    assert published.OVERFLOW_OPTIONS_MIN_ITEMS <= limits.OVERFLOW_LEAST
