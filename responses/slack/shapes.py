"""Declare which blocks and elements Casebook may send, and what Slack takes of each: one declaration per type.

Unknown types and keys are refused, even those that Slack knows: they were never tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from responses.slack import limits
from responses.slack.checks import (
    Check,
    also,
    boolean,
    by_type,
    identifier,
    integer,
    many,
    one_of,
    record,
    rule,
    string,
    url,
    values_of,
)


def plain_text(most: int = limits.TEXT) -> Check:
    """Check for a plain_text object of at most `most` characters."""
    return by_type({"plain_text": record({"text": string(most)}, {"emoji": boolean})}, "text object")


_BLOCK_ID: Final = {"block_id": identifier("block_id", limits.BLOCK_ID)}
_ACTION_ID: Final = {"action_id": identifier("action_id", limits.ACTION_ID)}

# --- options and elements -------------------------------------------------------------------------------------------


def _differ(value: Mapping[str, object]) -> bool:
    values = [one for one in values_of(value.get("options"), "value") if isinstance(one, str)]
    return len(values) == len(set(values))


_DIFFERENT: Final = rule("two options have the same value", _differ)
_OPTION: Final = record({"text": plain_text(limits.OPTION_TEXT), "value": string(limits.OPTION_VALUE)})
_BUTTON: Final = record(
    {"text": plain_text(limits.BUTTON_TEXT)},
    {
        **_ACTION_ID,
        "value": string(limits.BUTTON_VALUE),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(limits.BUTTON_LABEL),
    },
)
_OVERFLOW: Final = also(
    record({"options": many(_OPTION, least=limits.OVERFLOW_LEAST, most=limits.OVERFLOW_MOST)}, _ACTION_ID), _DIFFERENT
)
_OPTIONS: Final = many(_OPTION, most=limits.SELECT_OPTIONS)
_OPTION_GROUP: Final = also(record({"label": plain_text(limits.OPTION_GROUP_LABEL), "options": _OPTIONS}), _DIFFERENT)
_MENU: Final = {**_ACTION_ID, "placeholder": plain_text(limits.PLACEHOLDER), "initial_option": _OPTION}
_SELECT: Final = also(
    record({}, {**_MENU, "options": _OPTIONS, "option_groups": many(_OPTION_GROUP, most=limits.OPTION_GROUPS)}),
    rule(
        "must have exactly one of options, option_groups",
        lambda value: ("options" in value) != ("option_groups" in value),
    ),
    _DIFFERENT,
)
_EXTERNAL_SELECT: Final = record({}, {**_MENU, "min_query_length": integer(0, limits.PLAIN_INPUT)})
_PLAIN_INPUT: Final = record(
    {},
    {
        **_ACTION_ID,
        "placeholder": plain_text(limits.PLACEHOLDER),
        "initial_value": string(limits.PLAIN_INPUT, least=0),
        "multiline": boolean,
        "max_length": integer(1, limits.PLAIN_INPUT),
    },
)
_THUMB: Final = record(
    {"text": plain_text(limits.BUTTON_TEXT), "value": string(limits.BUTTON_VALUE)},
    {"accessibility_label": string(limits.BUTTON_LABEL)},
)
_FEEDBACK: Final = record({"positive_button": _THUMB, "negative_button": _THUMB}, _ACTION_ID)

_ACTION_ELEMENTS: Final = {"button": _BUTTON, "overflow": _OVERFLOW, "static_select": _SELECT}
_INPUT_ELEMENTS: Final = {
    "external_select": _EXTERNAL_SELECT,
    "plain_text_input": _PLAIN_INPUT,
    "static_select": _SELECT,
}

# --- rich text ------------------------------------------------------------------------------------------------------

_STYLE: Final = {"style": record({}, dict.fromkeys(("bold", "code", "italic", "strike"), boolean))}
# Slack documents no limit for a leaf, so the limit of a message applies.
_LEAF_TEXT: Final = string(limits.MESSAGE_VISIBLE, blank=True)
_TEXT_LEAF: Final = record({"text": _LEAF_TEXT}, _STYLE)
_LEAVES: Final = by_type(
    {
        "channel": record({"channel_id": string(limits.ACTION_ID)}),
        "date": record(
            {"timestamp": integer(0, 1 << 40), "format": string(limits.TEXT)}, {"fallback": string(limits.TEXT)}
        ),
        "link": record({"url": url(limits.LINK_URL, "http", "https")}, {"text": _LEAF_TEXT}),
        "text": _TEXT_LEAF,
        "user": record({"user_id": string(limits.ACTION_ID)}),
    },
    "part of rich text",
)
_SECTION_OF_LEAVES: Final = record({"elements": many(_LEAVES)})
_LIST_ITEM: Final = by_type({"rich_text_section": _SECTION_OF_LEAVES}, "item of a list")
_RICH_ELEMENTS: Final = by_type(
    {
        "rich_text_list": record({"elements": many(_LIST_ITEM), "style": one_of("bullet")}),
        "rich_text_preformatted": record(
            {"elements": many(by_type({"text": _TEXT_LEAF}, "part of preformatted text"))}
        ),
        "rich_text_quote": _SECTION_OF_LEAVES,
        "rich_text_section": _SECTION_OF_LEAVES,
    },
    "element of rich text",
)

# --- blocks ---------------------------------------------------------------------------------------------------------

_BLOCKS: Final[dict[str, Check]] = {
    "actions": record(
        {"elements": many(by_type(_ACTION_ELEMENTS, "element of actions"), most=limits.ACTIONS_ELEMENTS)}, _BLOCK_ID
    ),
    "context": record({"elements": many(plain_text(limits.CONTEXT_TEXT), most=limits.CONTEXT_ELEMENTS)}, _BLOCK_ID),
    "header": record({"text": plain_text(limits.HEADER_TEXT)}, _BLOCK_ID),
    "input": record(
        {"label": plain_text(limits.INPUT_LABEL), "element": by_type(_INPUT_ELEMENTS, "element of an input")},
        {**_BLOCK_ID, "hint": plain_text(limits.INPUT_HINT), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": record({"elements": many(_RICH_ELEMENTS)}, _BLOCK_ID),
    "section": record(
        {"text": plain_text(limits.SECTION_TEXT)}, {**_BLOCK_ID, "accessory": by_type(_ACTION_ELEMENTS, "accessory")}
    ),
}
_THUMBS: Final = many(
    by_type({"feedback_buttons": _FEEDBACK}, "element of context_actions"), most=limits.CONTEXT_ACTIONS
)

# [D] Feedback buttons are no block of a modal.
MESSAGE_BLOCK: Final = by_type({**_BLOCKS, "context_actions": record({"elements": _THUMBS}, _BLOCK_ID)}, "block")
VIEW_BLOCK: Final = by_type(_BLOCKS, "block")
