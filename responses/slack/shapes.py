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
    at_least_one,
    boolean,
    by_type,
    exactly_one,
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

_WEB: Final = ("http", "https")
_MAIL: Final = (*_WEB, "mailto")


def plain_text(most: int = limits.TEXT) -> Check:
    """Check for a plain_text object of at most `most` characters."""
    return by_type({"plain_text": record({"text": string(most)}, {"emoji": boolean})}, "text object")


def _any_text(most: int = limits.TEXT) -> Check:
    mrkdwn = record({"text": string(most)}, {"verbatim": boolean})
    plain = record({"text": string(most)}, {"emoji": boolean})
    return by_type({"mrkdwn": mrkdwn, "plain_text": plain}, "text object")


_BLOCK_ID: Final = {"block_id": identifier("block_id", limits.BLOCK_ID)}
_ACTION_ID: Final = {"action_id": identifier("action_id", limits.ACTION_ID)}
_CONFIRM: Final = record(
    {
        "title": plain_text(limits.CONFIRM_TITLE),
        "text": _any_text(limits.CONFIRM_TEXT),
        "confirm": plain_text(limits.CONFIRM_BUTTON),
        "deny": plain_text(limits.CONFIRM_BUTTON),
    },
    {"style": one_of("primary", "danger")},
)
_ASKS: Final = {**_ACTION_ID, "confirm": _CONFIRM}

# --- options and elements -------------------------------------------------------------------------------------------


def _option(text: Check, **optional: Check) -> Check:
    described = {"description": plain_text(limits.OPTION_DESCRIPTION)}
    return record({"text": text, "value": string(limits.OPTION_VALUE)}, {**described, **optional})


def _differ(value: Mapping[str, object]) -> bool:
    values = [one for one in values_of(value.get("options"), "value") if isinstance(one, str)]
    return len(values) == len(set(values))


_DIFFERENT: Final = rule("two options have the same value", _differ)
_PLAIN_OPTION: Final = _option(plain_text(limits.OPTION_TEXT))
_ANY_OPTION: Final = _option(_any_text(limits.OPTION_TEXT))
_BUTTON: Final = record(
    {"text": plain_text(limits.BUTTON_TEXT)},
    {
        **_ASKS,
        "value": string(limits.BUTTON_VALUE),
        "url": url(limits.BUTTON_URL, *_WEB),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(limits.BUTTON_LABEL),
    },
)
_LINKED_OPTION: Final = _option(plain_text(limits.OPTION_TEXT), url=url(limits.BUTTON_URL, *_WEB))
_OVERFLOW: Final = also(
    record({"options": many(_LINKED_OPTION, least=limits.OVERFLOW_LEAST, most=limits.OVERFLOW_MOST)}, _ASKS),
    _DIFFERENT,
)
_OPTIONS: Final = many(_PLAIN_OPTION, most=limits.SELECT_OPTIONS)
_OPTION_GROUP: Final = also(record({"label": plain_text(limits.OPTION_GROUP_LABEL), "options": _OPTIONS}), _DIFFERENT)
_SELECT: Final = also(
    record(
        {},
        {
            **_ASKS,
            "options": _OPTIONS,
            "option_groups": many(_OPTION_GROUP, most=limits.OPTION_GROUPS),
            "placeholder": plain_text(limits.PLACEHOLDER),
            "initial_option": _PLAIN_OPTION,
        },
    ),
    exactly_one("options", "option_groups"),
    _DIFFERENT,
)
_EXTERNAL_SELECT: Final = record(
    {},
    {
        **_ASKS,
        "placeholder": plain_text(limits.PLACEHOLDER),
        "initial_option": _PLAIN_OPTION,
        "min_query_length": integer(0, limits.PLAIN_INPUT),
    },
)
_LISTED: Final = many(_ANY_OPTION, most=limits.CHECKBOXES)
_CHECKBOXES: Final = also(record({"options": _LISTED}, {**_ASKS, "initial_options": _LISTED}), _DIFFERENT)
_RADIO_BUTTONS: Final = also(record({"options": _LISTED}, {**_ASKS, "initial_option": _ANY_OPTION}), _DIFFERENT)
_PLAIN_INPUT: Final = record(
    {},
    {
        **_ACTION_ID,
        "placeholder": plain_text(limits.PLACEHOLDER),
        "initial_value": string(limits.PLAIN_INPUT, least=0),
        "multiline": boolean,
        "min_length": integer(0, limits.PLAIN_INPUT),
        "max_length": integer(1, limits.PLAIN_INPUT),
    },
)
_IMAGE: Final = {"alt_text": string(limits.IMAGE_ALT), "image_url": url(limits.IMAGE_URL, *_WEB)}
_IMAGE_ELEMENT: Final = record(_IMAGE)

_THUMB: Final = record(
    {"text": plain_text(limits.BUTTON_TEXT), "value": string(limits.BUTTON_VALUE)},
    {"accessibility_label": string(limits.BUTTON_LABEL)},
)
_FEEDBACK: Final = record({"positive_button": _THUMB, "negative_button": _THUMB}, _ACTION_ID)

_CHOICES: Final = {"checkboxes": _CHECKBOXES, "radio_buttons": _RADIO_BUTTONS, "static_select": _SELECT}
_ACTION_ELEMENTS: Final = {**_CHOICES, "button": _BUTTON, "overflow": _OVERFLOW}
_INPUT_ELEMENTS: Final = {**_CHOICES, "external_select": _EXTERNAL_SELECT, "plain_text_input": _PLAIN_INPUT}

# --- rich text ------------------------------------------------------------------------------------------------------

_STYLE: Final = {"style": record({}, dict.fromkeys(("bold", "code", "italic", "strike", "underline"), boolean))}
# Slack documents no limit for a leaf, so the limit of a message applies.
_LEAF_TEXT: Final = string(limits.MESSAGE_VISIBLE, blank=True)
_TEXT_LEAF: Final = record({"text": _LEAF_TEXT}, _STYLE)
_LINK_LEAF: Final = record({"url": url(limits.LINK_URL, *_MAIL)}, {**_STYLE, "text": _LEAF_TEXT})
_LEAVES: Final = by_type(
    {
        "channel": record({"channel_id": string(limits.ACTION_ID)}, _STYLE),
        "date": record(
            {"timestamp": integer(0, 1 << 40), "format": string(limits.TEXT)},
            {**_STYLE, "url": url(limits.LINK_URL, *_WEB), "fallback": string(limits.TEXT)},
        ),
        "emoji": record({"name": string(limits.ACTION_ID)}, {**_STYLE, "unicode": string(limits.ACTION_ID)}),
        "link": _LINK_LEAF,
        "text": _TEXT_LEAF,
        "user": record({"user_id": string(limits.ACTION_ID)}, _STYLE),
    },
    "part of rich text",
)
_BORDER: Final = {"border": one_of(0, 1)}
_SECTION_OF_LEAVES: Final = record({"elements": many(_LEAVES)})
_RICH_ELEMENTS: Final = by_type(
    {
        "rich_text_list": record(
            {
                "elements": many(by_type({"rich_text_section": _SECTION_OF_LEAVES}, "item of a list")),
                "style": one_of("bullet", "ordered"),
            },
            {**_BORDER, "indent": integer(0, limits.LIST_INDENT)},
        ),
        "rich_text_preformatted": record(
            {"elements": many(by_type({"link": _LINK_LEAF, "text": _TEXT_LEAF}, "part of preformatted text"))}, _BORDER
        ),
        "rich_text_quote": record({"elements": many(_LEAVES)}, _BORDER),
        "rich_text_section": _SECTION_OF_LEAVES,
    },
    "element of rich text",
)
_RICH_TEXT: Final = record({"elements": many(_RICH_ELEMENTS)}, _BLOCK_ID)

# --- blocks ---------------------------------------------------------------------------------------------------------

_CELL: Final = by_type(
    {
        "raw_text": record({"text": string(limits.TABLE_CHARACTERS)}),
        "rich_text": record({"elements": many(_RICH_ELEMENTS)}),
    },
    "table cell",
)


def _is_even(table: Mapping[str, object]) -> bool:
    rows = table.get("rows")
    return not isinstance(rows, list | tuple) or len({len(row) for row in rows if isinstance(row, list | tuple)}) <= 1


_TABLE: Final = also(
    record(
        {"rows": many(many(_CELL, most=limits.TABLE_CELLS), most=limits.TABLE_ROWS)},
        {
            **_BLOCK_ID,
            "column_settings": many(
                record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean}),
                most=limits.TABLE_SETTINGS,
            ),
        },
    ),
    rule("its rows differ in length", _is_even),
)
_SECTION: Final = also(
    record(
        {},
        {
            **_BLOCK_ID,
            "text": _any_text(limits.SECTION_TEXT),
            "fields": many(_any_text(limits.SECTION_FIELD), most=limits.SECTION_FIELDS),
            "accessory": by_type({**_ACTION_ELEMENTS, "image": _IMAGE_ELEMENT}, "accessory"),
        },
    ),
    at_least_one("text", "fields"),
)
_EVERYWHERE: Final[dict[str, Check]] = {
    "actions": record(
        {"elements": many(by_type(_ACTION_ELEMENTS, "element of actions"), most=limits.ACTIONS_ELEMENTS)}, _BLOCK_ID
    ),
    "context": record(
        {
            "elements": many(
                by_type(
                    {
                        "image": _IMAGE_ELEMENT,
                        "mrkdwn": record({"text": string(limits.CONTEXT_TEXT)}, {"verbatim": boolean}),
                        "plain_text": record({"text": string(limits.CONTEXT_TEXT)}, {"emoji": boolean}),
                    },
                    "element of context",
                ),
                most=limits.CONTEXT_ELEMENTS,
            )
        },
        _BLOCK_ID,
    ),
    "divider": record({}, _BLOCK_ID),
    "header": record({"text": plain_text(limits.HEADER_TEXT)}, _BLOCK_ID),
    "image": also(
        record({"alt_text": _IMAGE["alt_text"]}, {**_BLOCK_ID, **_IMAGE, "title": plain_text(limits.IMAGE_TITLE)}),
        exactly_one("image_url"),
    ),
    "input": record(
        {"label": plain_text(limits.INPUT_LABEL), "element": by_type(_INPUT_ELEMENTS, "element of an input")},
        {**_BLOCK_ID, "hint": plain_text(limits.INPUT_HINT), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": _RICH_TEXT,
    "section": _SECTION,
}

MESSAGE_BLOCK: Final = by_type(
    {
        **_EVERYWHERE,
        "context_actions": record(
            {
                "elements": many(
                    by_type({"feedback_buttons": _FEEDBACK}, "element of context_actions"), most=limits.CONTEXT_ACTIONS
                )
            },
            _BLOCK_ID,
        ),
        # No block_id: Slack ignores the id of a markdown block.
        "markdown": record({"text": string(limits.MARKDOWN_TEXT)}),
        "table": _TABLE,
    },
    "block",
)
# [D] Neither tables nor markdown are blocks of a modal.
VIEW_BLOCK: Final = by_type(_EVERYWHERE, "block")
