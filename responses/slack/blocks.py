"""Build Block Kit pieces; each keeps its own limits, whatever text it is given.

Untrusted text enters only as leaves of rich text or as `plain_text`, where Slack looks for no markup. A text that is
too long is cut with an ellipsis. An empty text becomes a dash, since Slack refuses empty texts. `fit_parts`
and `fit_groups` leave out of a message what does not fit: Slack refuses messages above a size that it does not publish,
and a refused answer reaches nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from intents.domain import Language, Text
from intents.languages import BREAK, one_line
from responses import words
from responses.shown import fitting, whole_words
from responses.slack import limits
from responses.slack.message import Block, View, length, visible_length
from responses.slack.presses import Press

# A leaf or an element of rich text; an element of actions.
Leaf = dict[str, Any]
Element = dict[str, Any]
Style = Literal["", "primary", "danger"]

_NOTHING: Final = "–"
# Bold in mrkdwn.
_BOLD: Final = re.compile(r"(?<!\w)\*(?=[^\s*])([^*]*[^\s*])\*(?!\w)")


def cut(text: str, most: int) -> str:
    """Return at most `most` UTF-16 units of `text` without half characters: whole words, and an ellipsis if cut."""
    text = text.encode("utf-8", "replace").decode()
    if length(text) <= most:
        return text
    kept = text[: most - 1]
    while length(kept) > most - 1:
        kept = kept[:-1]
    return whole_words(text, len(kept)) + "…"


def _unbroken(text: str) -> str:
    """Return the text with a sign for each line break, and with the white space around it."""
    lines = text.splitlines()
    return text if lines in ([], [text]) else f" {BREAK} ".join(lines)


def _filled(text: str, most: int) -> str:
    shown = cut(_unbroken(text), most)
    return shown if shown.strip() else _NOTHING


def unmarked(text: str) -> str:
    """Return the text without backticks and marks of bold, which Slack shows as they are in plain_text."""
    text, left = text.replace("`", ""), 1
    while left:
        text, left = _BOLD.subn(r"\1", text)
    return text if text.strip() else _NOTHING


def plain(text: str, most: int = limits.TEXT) -> dict[str, Any]:
    """Return a plain_text object."""
    # With emoji on, Slack would read `12:30:45` as an emoji.
    return {"type": "plain_text", "text": unmarked(_filled(text, most)), "emoji": False}


# --- leaves of rich text --------------------------------------------------------------------------------------------


def text(says: str, *, bold: bool = False, italic: bool = False, code: bool = False, strike: bool = False) -> Leaf:
    """Return a leaf with these words: rich text knows no markup inside a leaf, and a leaf begins no line."""
    styles = {"bold": bold, "italic": italic, "code": code, "strike": strike}
    leaf: Leaf = {"type": "text", "text": cut(_unbroken(says), limits.MESSAGE_VISIBLE) or _NOTHING}
    chosen = {name: True for name, on in styles.items() if on}
    return {**leaf, "style": chosen} if chosen else leaf


def bold(says: str) -> Leaf:
    """Return a bold leaf."""
    return text(says, bold=True)


def code(says: str) -> Leaf:
    """Return a leaf in a fixed-width font, on one line."""
    return text(one_line(says), code=True)


def link(url: str, title: str = "") -> Leaf:
    """Return a link, or its words alone if Slack would refuse the address."""
    address = url.strip()
    scheme, _, rest = address.partition("://")
    is_web = scheme.lower() in ("http", "https") and bool(rest.strip("/"))
    if not is_web or length(address) > limits.LINK_URL or any(char.isspace() or char in "<>|" for char in address):
        return text(": ".join(part for part in (title, address) if part))
    leaf: Leaf = {"type": "link", "url": cut(address, limits.LINK_URL)}
    return {**leaf, "text": cut(_unbroken(title), limits.TEXT)} if title.strip() else leaf


def user(user_id: str) -> Leaf:
    """Return a mention of a person by id. In an updated message it notifies nobody."""
    return {"type": "user", "user_id": user_id}


def channel(channel_id: str) -> Leaf:
    """Return a link to a channel by id; who may not see it reads no name."""
    return {"type": "channel", "channel_id": channel_id}


def time(at: datetime, form: str, *, dated: bool = True) -> Leaf:
    """Return a time that Slack shows in the reader's time zone, or as text in UTC, with the date if asked.

    `form` has Slack's tokens: {time}, {date_short_pretty}.
    """
    return {"type": "date", "timestamp": max(0, int(at.timestamp())), "format": form, "fallback": utc(at, dated=dated)}


def utc(at: datetime, *, dated: bool = True) -> str:
    """Return the time in UTC as text, with the date if asked."""
    there = at.astimezone(UTC)
    return f"{there:%Y-%m-%d %H:%M} UTC" if dated else f"{there:%H:%M} UTC"


def said_by(says: str, user_id: str, *, italic: bool = False) -> Element:
    """Return a paragraph that ends with a mention of the person who did what it says."""
    return line(text(says, italic=italic), user(user_id))


# --- elements of rich text ------------------------------------------------------------------------------------------


def line(*leaves: Leaf) -> Element:
    """Return a paragraph of rich text."""
    return {"type": "rich_text_section", "elements": list(leaves) or [text(_NOTHING)]}


def sentence(says: str, *, bold: bool = False, italic: bool = False) -> Element:
    """Return a paragraph of one leaf."""
    return line(text(says, bold=bold, italic=italic))


def left_out(count: int, language: Language) -> list[Element]:
    """Return the line that says how many more there are; none for no more."""
    return [sentence(words.MORE.in_(language).format(count), italic=True)] if count > 0 else []


def joined(parts: Iterable[Leaf | Sequence[Leaf]], by: str = ", ") -> list[Leaf]:
    """Return the leaves of all parts in one line."""
    leaves: list[Leaf] = []
    for part in parts:
        leaves += [text(by)] if leaves else []
        leaves += [part] if isinstance(part, dict) else part
    return leaves


def bullets(items: Iterable[Sequence[Leaf]]) -> Element:
    """Return a list; an item is the leaves of its line."""
    return {"type": "rich_text_list", "style": "bullet", "elements": [line(*item) for item in items]}


def preformatted(says: str) -> Element:
    """Return lines to copy in a fixed-width font; nothing in them is markup, not even three backticks."""
    leaf: Leaf = {"type": "text", "text": cut(says.rstrip(), limits.MESSAGE_VISIBLE) or _NOTHING}
    return {"type": "rich_text_preformatted", "elements": [leaf]}


def quoted(*leaves: Leaf) -> Element:
    """Return a quotation."""
    return {"type": "rich_text_quote", "elements": list(leaves) or [text(_NOTHING)]}


# --- blocks ---------------------------------------------------------------------------------------------------------


def rich(*elements: Element) -> Block:
    """Return a block of rich text."""
    return {"type": "rich_text", "elements": list(elements) or [line()]}


def header(says: str) -> Block:
    """Return a header block."""
    return {"type": "header", "text": plain(says, limits.HEADER_TEXT)}


def context(*says: str) -> Block:
    """Return a block of small grey texts side by side."""
    kept = [plain(one, limits.CONTEXT_TEXT) for one in says[: limits.CONTEXT_ELEMENTS]]
    return {"type": "context", "elements": kept or [plain("")]}


def section(says: str, *, accessory: Element | None = None) -> Block:
    """Return a section block."""
    block: Block = {"type": "section", "text": plain(says, limits.SECTION_TEXT)}
    return {**block, "accessory": accessory} if accessory else block


def actions(*elements: Element) -> Block:
    """Return a block of buttons and menus."""
    return {"type": "actions", "elements": list(elements[: limits.ACTIONS_ELEMENTS])}


def feedback_buttons(good: tuple[str, str], bad: tuple[str, str], *, action_id: str) -> Block:
    """Return a block of Slack's thumbs; each is (what a screen reader says, value)."""

    def half(sign: str, reads: str, value: str) -> dict[str, Any]:
        return {"text": plain(sign), "value": value, "accessibility_label": cut(reads, limits.BUTTON_LABEL)}

    thumbs: Element = {
        "type": "feedback_buttons",
        "action_id": action_id,
        "positive_button": half("👍", *good),
        "negative_button": half("👎", *bad),
    }
    return {"type": "context_actions", "elements": [thumbs]}


# --- elements of actions --------------------------------------------------------------------------------------------


def button(label: str, *, action_id: str, value: str = "", style: Style = "", reads: str = "") -> Element:
    """Return a button.

    `reads` is what a screen reader says instead of the label; it begins with the `unmarked` label. `value` must fit: a
    cut id is another id.
    """
    made: Element = {"type": "button", "text": plain(label, limits.BUTTON_TEXT), "action_id": action_id}
    if value:
        made["value"] = value
    if style:
        made["style"] = style
    if reads:
        made["accessibility_label"] = cut(reads, limits.BUTTON_LABEL)
    return made


def option(label: str, value: str) -> dict[str, Any]:
    """Return an option of a menu."""
    return {"text": plain(label, limits.OPTION_TEXT), "value": value}


def overflow(options: Sequence[tuple[str, str]], *, action_id: str) -> Element:
    """Return the menu behind "…": (label, value) of two to five options."""
    return {"type": "overflow", "action_id": action_id, "options": [option(label, value) for label, value in options]}


def select(options: Sequence[tuple[str, str]], *, action_id: str, placeholder: str = "") -> Element:
    """Return a menu to choose one of up to 100 options: (label, value)."""
    element: Element = {
        "type": "static_select",
        "action_id": action_id,
        "options": [option(label, value) for label, value in options[: limits.SELECT_OPTIONS]],
    }
    return {**element, "placeholder": plain(placeholder, limits.PLACEHOLDER)} if placeholder else element


# --- views ----------------------------------------------------------------------------------------------------------


def text_input(
    label: str,
    *,
    id: str,
    placeholder: str = "",
    hint: str = "",
    initial: str = "",
    optional: bool = False,
    longest: int = 253,
    multiline: bool = False,
) -> Block:
    """Return a text field of a modal; `initial` is its first value."""
    element: Element = {"type": "plain_text_input", "action_id": id, "max_length": longest}
    if multiline:
        element["multiline"] = True
    if initial:
        element["initial_value"] = cut(initial, longest)
    if placeholder:
        element["placeholder"] = plain(placeholder, limits.PLACEHOLDER)
    block = _input(label, element)
    if optional:
        block["optional"] = True
    return {**block, "hint": plain(hint, limits.INPUT_HINT)} if hint else block


def select_input(
    label: str,
    options: Sequence[tuple[str, str]],
    *,
    id: str,
    placeholder: str = "",
    initial: str = "",
    optional: bool = True,
    reports: bool = False,
) -> Block:
    """Return a menu of a modal; `initial` is the value of the option chosen at first.

    With `reports` Slack sends each choice at once.
    """
    element = select(options, action_id=id, placeholder=placeholder)
    block = {**_input(label, _chosen(element, element["options"], initial)), "optional": optional}
    return {**block, "dispatch_action": True} if reports else block


def external_input(
    label: str, *, id: str, placeholder: str, initial: Element | None = None, reports: bool = False
) -> Block:
    """Return a menu of a modal that may be left empty, with options that Slack asks us for as a person types.

    `initial` is the option chosen at first; with `reports` Slack sends each choice at once.
    """
    element: Element = {
        "type": "external_select",
        "action_id": id,
        "placeholder": plain(placeholder, limits.PLACEHOLDER),
        "min_query_length": 0,
    }
    if initial is not None:
        element["initial_option"] = initial
    block = {**_input(label, element), "optional": True}
    return {**block, "dispatch_action": True} if reports else block


def grouped_select_input(
    label: str, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]], *, id: str, placeholder: str, initial: str = ""
) -> Block:
    """Return a menu of a modal with groups of options, each with its label, that may be left empty.

    A client finds options by what a person types. A group with more options than Slack takes becomes several.
    """
    most = limits.SELECT_OPTIONS
    pieces = [(name, options[at : at + most]) for name, options in groups for at in range(0, len(options), most)]
    shown: list[dict[str, Any]] = [
        {"label": plain(name, limits.OPTION_GROUP_LABEL), "options": [option(*each) for each in piece]}
        for name, piece in pieces[: limits.OPTION_GROUPS]
    ]
    element: Element = {
        "type": "static_select",
        "action_id": id,
        "option_groups": shown,
        "placeholder": plain(placeholder, limits.PLACEHOLDER),
    }
    options = [each for group in shown for each in group["options"]]
    return {**_input(label, _chosen(element, options, initial)), "optional": True}


def _input(label: str, element: Element) -> Block:
    """Return the block of an input, which has the id of its element."""
    shown = plain(label, limits.INPUT_LABEL)
    return {"type": "input", "block_id": element["action_id"], "label": shown, "element": element}


def _chosen(element: Element, options: Iterable[dict[str, Any]], initial: str) -> Element:
    chosen = next((each for each in options if each["value"] == initial), None)
    return {**element, "initial_option": chosen} if chosen else element


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    close: str,
    submit: str = "",
    callback_id: str = "",
    private_metadata: str = "",
) -> View:
    """Return a dialog. Titles and buttons longer than Slack's 24 characters are cut."""
    view: View = {
        "type": "modal",
        "title": plain(title, limits.VIEW_TITLE),
        "close": plain(close, limits.VIEW_CLOSE),
        "blocks": list(blocks[: limits.VIEW_BLOCKS]),
    }
    if submit:
        view["submit"] = plain(submit, limits.VIEW_SUBMIT)
    if callback_id:
        view["callback_id"] = callback_id
    if private_metadata:
        view["private_metadata"] = private_metadata
    return view


def form(title: Text, shown: Sequence[Block], *, submit: Text, press: Press, carries: str, language: Language) -> View:
    """Return a dialog to submit or to cancel; it `carries` what the listener of the press needs."""
    return modal(
        title.in_(language),
        shown,
        close=words.CANCEL.in_(language),
        submit=submit.in_(language),
        callback_id=str(press),
        private_metadata=carries,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Blocks that are kept or left out together. Parts of rank 0 are always kept: they are short by construction."""

    rank: int
    blocks: tuple[Block, ...]


def fit_parts(
    parts: Sequence[Part], *, most_visible: int = limits.BUDGET_VISIBLE, most_blocks: int = limits.BUDGET_BLOCKS
) -> tuple[tuple[Block, ...], bool]:
    """Return the blocks of the parts that fit, in their order, and whether a part was left out."""
    kept: set[int] = set()
    room, left = most_visible, most_blocks
    for index, part in sorted(enumerate(parts), key=lambda pair: (pair[1].rank, pair[0])):
        size = visible_length(part.blocks)
        if part.rank and (size > room or len(part.blocks) > left):
            continue
        kept.add(index)
        room -= size
        left -= len(part.blocks)
    blocks = tuple(block for index, part in enumerate(parts) if index in kept for block in part.blocks)
    return blocks, len(kept) < len(parts)


def fit_groups(groups: Iterable[Sequence[Element]], most: int) -> tuple[list[Element], int]:
    """Return the elements of the first groups that fit into `most` characters, and how many groups are left out.

    A group is a sentence with its quote: neither is shown without the other. The first one is always kept.
    """
    whole = [list(group) for group in groups]
    kept = fitting(whole, most, size=visible_length, least=1)
    return [element for group in kept for element in group], len(whole) - len(kept)
