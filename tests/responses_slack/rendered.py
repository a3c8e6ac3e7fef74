"""Write a message or a dialog as plain text, as a reader sees it in Slack; buttons, menus and inputs stand in brackets.

What blocks say is written by `as_text`, which the app itself uses where Slack takes no blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from unicodedata import east_asian_width

from responses.slack.as_text import as_text
from responses.slack.message import Block, Message, View, unescape

_RULE: Final = "-" * 40
_WIDTH: Final = 120
# A line may be broken after each: a word, or one Chinese character with the punctuation behind it.
_PIECE: Final = re.compile(r"[^\s\u2e80-\uffef]+\s*|[\u2e80-\uffef][\u3000-\u303f\uff00-\uffef]*\s*|\s+")
_MARKS: Final = {"bold": "*", "italic": "_", "strike": "~", "code": "`"}
_COLOURS: Final = {"primary": " (green)", "danger": " (red)"}
# A reader does not see them, and neither does who reviews a snapshot.
_INVISIBLE: Final = {"\N{NO-BREAK SPACE}": " ", "\N{WORD JOINER}": ""}


def rendered(said: Message | View) -> str:
    """Return what a reader sees, ending with a newline. ValueError for a block or an element that is not known here."""
    lines = _message(said) if isinstance(said, Message) else _dialog(said)
    text = "\n".join(lines)
    for character, shown in _INVISIBLE.items():
        text = text.replace(character, shown)
    return "\n".join(part.rstrip() for line in text.split("\n") for part in _wrapped(line)) + "\n"


def _message(message: Message) -> Iterator[str]:
    yield from (f"notification: {line}" for line in unescape(message.text).split("\n"))
    if message.blocks:
        yield _RULE
        yield _blocks(message.blocks)
    if message.overflow:
        yield _RULE
        yield f"[file: {message.overflow.name}, {message.overflow.title}]"


def _dialog(view: View) -> Iterator[str]:
    if view["type"] == "home":
        yield _blocks(view["blocks"])
        return
    yield f"dialog: {view['title']['text']}"
    yield _RULE
    yield _blocks(view["blocks"])
    yield _RULE
    yield " ".join(f"[{view[key]['text']}]" for key in ("close", "submit") if key in view)


def _blocks(blocks: Sequence[Block]) -> str:
    return "\n\n".join(map(_block, blocks))


def _block(block: Block) -> str:
    match block["type"]:
        case "header":
            return as_text([block])
        case "rich_text":
            return as_text([{**block, "elements": [_marked(element) for element in block["elements"]]}])
        case "context":
            return f"({as_text([block])})"
        case "section":
            beside = [_element(block["accessory"])] if "accessory" in block else []
            return " ".join([as_text([block]), *beside])
        case "actions":
            return " ".join(map(_element, block["elements"]))
        case "context_actions":
            return " ".join(map(_element, block["elements"]))
        case "input":
            return _input(block)
        case other:
            raise ValueError(f"a block of type {other} cannot be rendered yet")


def _marked(element: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of rich text with the style of each leaf written into its text, as people type it in Slack."""
    return {**element, "elements": [_marked(one) if "elements" in one else _leaf(one) for one in element["elements"]]}


def _leaf(leaf: Mapping[str, Any]) -> Mapping[str, Any]:
    marks = "".join(mark for style, mark in _MARKS.items() if leaf.get("style", {}).get(style))
    words = leaf.get("text", "").strip()
    if not marks or not words:
        return leaf
    return {**leaf, "text": leaf["text"].replace(words, f"{marks}{words}{marks[::-1]}")}


def _element(element: Mapping[str, Any]) -> str:
    match element["type"]:
        case "button":
            return f"[{element['text']['text']}]{_COLOURS.get(element.get('style', ''), '')}"
        case "feedback_buttons":
            return " ".join(f"[{element[half]['text']['text']}]" for half in ("positive_button", "negative_button"))
        case "overflow":
            return f"[…: {_options(element)}]"
        case "static_select":
            return f"[{element['placeholder']['text']} ▾: {_options(element)}]"
        case other:
            raise ValueError(f"an element of type {other} cannot be rendered yet")


def _options(element: Mapping[str, Any]) -> str:
    options = [option["text"]["text"] for option in element.get("options", ())]
    for group in element.get("option_groups", ()):
        labels = [option["text"]["text"] for option in group["options"]]
        options += [f"{group['label']['text']}: {labels[0]}", *labels[1:]]
    return " | ".join(options)


def _input(block: Mapping[str, Any]) -> str:
    element = block["element"]
    if element["type"] in ("static_select", "external_select"):
        optional = " (optional)" if block.get("optional") else ""
        chosen = element.get("initial_option", {}).get("text", {}).get("text", element["placeholder"]["text"])
        prompt = [f"({element['placeholder']['text']})"] if "initial_option" in element else []
        return "\n".join([f"{block['label']['text']}{optional}", f"[{chosen} ▾: {_options(element)}]", *prompt])
    if element["type"] != "plain_text_input":
        raise ValueError(f"an input of type {element['type']} cannot be rendered yet")
    optional = " (optional)" if block.get("optional") else ""
    waits = f"({element['placeholder']['text']})" if "placeholder" in element else ""
    hint = [f"({block['hint']['text']})"] if "hint" in block else []
    return "\n".join([f"{block['label']['text']}{optional}", f"[{element.get('initial_value', waits):_<30}]", *hint])


def _wrapped(line: str) -> Iterator[str]:
    """Yield a line in parts that fit on a screen, those after the first further right. An address is never broken."""
    indent = line[: len(line) - len(line.lstrip())] + "  "
    part = ""
    for piece in _PIECE.findall(line):
        if part.strip() and _columns((part + piece).rstrip()) > _WIDTH:
            yield part
            part = indent
        part += piece
    yield part


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
