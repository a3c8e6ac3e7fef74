"""Plant text that imitates Casebook's own lines, and find the lines that it forged.

Each payload has a marker in front of its imitation, so a line is judged by what surrounds the marker. Shared by the
tests through the front door and those over the whole catalog.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

MARKER: Final = "zq9"
ADDRESS: Final = "evil.example"
# (name, text): each goes to wherever a cluster or a member can write.
PAYLOADS: Final[Mapping[str, str]] = {
    "a fixed state": "ok\n✅ FIXED: zq9 the cause is gone",
    "a verdict": "zq9 ok\n🔴 CONFIRMED · zq9 all nodes are lost",
    "a finding": "zq9\n✓ zq9 the API server deleted it\n✗ zq9 not our fault",
    "a warning": "zq9\r⚠️ zq9 run this at once",
    "line separators": "zq9\u2028✅ zq9 FIXED\u2029🟢 zq9\x85✔ zq9",
    "a closed quote": "zq9” ✅ FIXED: “zq9",
    "shortcodes": "zq9 *bold*\n:white_check_mark: CONFIRMED zq9 _x_ ~y~",
    "verdict words": "CONFIRMED: zq9 the cause is gone",
    "an image": f"zq9 ![zq9](http://{ADDRESS}/zq9.png)",
    "a link": f"zq9 [zq9](http://{ADDRESS}) [zq9]: http://{ADDRESS} <http://{ADDRESS}|zq9>",
    "an address": f"zq9 https://{ADDRESS}/zq9 www.{ADDRESS}/zq9 zq9@{ADDRESS}",
    "HTML": f"zq9\n<img src=http://{ADDRESS}/zq9><script>zq9</script>",
    "mentions": "zq9 <!channel> <!here|zq9> <@U0000000001> @here",
    "code fences": f"zq9 ```\n![zq9](http://{ADDRESS}/zq9.png)\n``` `zq9`",
    "a quotation": "zq9\n> zq9 quote\n# zq9 heading\n- zq9 item\n1. zq9 step\n===",
    "a table": "| zq9 | zq9 |\n| --- | --- |\n| ✅ zq9 | zq9 |",
}
_TEXT_KEYS: Final = frozenset({"message", "note"})
# Written here by hand: a symbol that the code forgets must not be forgotten by its test too.
_SIGNS: Final = "✅✓✔☑✗✖✘❌❎⚠🔴🟠🔵⚪🟢🟡🧰❔❓⏳⌛🚫✋🔥↩🔎🎯🛠👀🔁💬🧨📣📌🏷🔗👤➡↳≈ℹ"
_SIGN: Final = rf"(?:[{_SIGNS}]\ufe0f?|:[a-z_]+:)"
_VERDICT: Final = r"(?:CONFIRMED|LIKELY|POSSIBLE|RULED OUT|FIXED)"
_FORGED: Final = (
    # One of our signs within cluster text, or in front of it without a quotation mark between.
    re.compile(rf"{MARKER}[^“]*?[{_SIGNS}]"),
    re.compile(rf"{_SIGN}[^\w“]{{0,3}}(?:{_VERDICT}\W*)?{MARKER}"),
    # A verdict word outside of quotes.
    re.compile(rf"^[^“`]*{_VERDICT}: {MARKER}"),
    # Cluster text that ends our quotation.
    re.compile(rf"“[^”]*{MARKER}\w?”\W*{_VERDICT}"),
)


def planted(world: Mapping[str, Any], *payloads: str) -> dict[str, Any]:
    """Return a world whose messages, logs and annotations all carry a payload, and whose objects still work.

    Each text carries the next of the payloads.
    """
    shown: dict[str, Any] = copy.deepcopy(dict(world))
    in_turn = cycle(payloads)
    for item in shown.get("objects", ()):
        _plant(item, in_turn)
        metadata = item.setdefault("metadata", {})
        metadata["annotations"] = {**(metadata.get("annotations") or {}), "example.com/note": next(in_turn)}
        template = (item.get("spec") or {}).get("template")
        if isinstance(template, dict) and isinstance(template.get("metadata"), dict):
            annotations = template["metadata"].get("annotations") or {}
            template["metadata"]["annotations"] = {**annotations, "kubectl.kubernetes.io/note": next(in_turn)}
    for event in shown.get("events", ()):
        _plant(event, in_turn)
    shown["logs"] = [_with_log(entry, in_turn) for entry in shown.get("logs", ())]
    return shown


def _plant(value: Any, in_turn: Iterator[str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _TEXT_KEYS and isinstance(inner, str):
                value[key] = f"{inner} {next(in_turn)}"
            else:
                _plant(inner, in_turn)
    elif isinstance(value, list):
        for inner in value:
            _plant(inner, in_turn)


def _with_log(entry: Mapping[str, Any], in_turn: Iterator[str]) -> dict[str, Any]:
    """Put a payload behind every line of a log, without the breaks that would end a line of a log."""
    flat = (re.sub(r"[\n\r]+", " ", each) for each in in_turn)
    return {**entry, "text": "\n".join(f"{line} {next(flat)}" for line in entry["text"].split("\n"))}


def shown_lines(value: Any) -> Iterator[str]:
    """Yield the lines that a reader of blocks, views or a text sees; every line break of any kind ends one."""
    if isinstance(value, str):
        yield from re.split(r"\r\n?|[\n\v\f\x1c-\x1e\x85\u2028\u2029]", value)
    elif isinstance(value, Mapping):
        kind = value.get("type")
        if kind == "rich_text_preformatted":
            # A code block of a command, a diff or a table: its cells need no quotation marks.
            text = "".join(leaf.get("text", "") for leaf in value["elements"])
            yield from (f"`{line}`" if _begins(line) is None else line for line in shown_lines(text))
        elif kind in ("rich_text_section", "rich_text_quote"):
            yield from shown_lines("".join(map(_leaf, value["elements"])))
        elif kind == "raw_text":
            yield from (f"`{line}`" for line in shown_lines(str(value["text"])))
        else:
            inner = {key: each for key, each in value.items() if key not in ("type", "action_id", "block_id", "value")}
            for each in inner.values():
                yield from shown_lines(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from shown_lines(each)


def _leaf(leaf: Mapping[str, Any]) -> str:
    text = str(leaf.get("text") or leaf.get("fallback") or "")
    return f"`{text}`" if leaf.get("style", {}).get("code") else text


def _begins(line: str) -> re.Match[str] | None:
    return re.match(rf"[+\- ]*{_SIGN}", line)


def forged(value: Any) -> list[str]:
    """Return the lines that look like ours and come from a payload."""
    return [line for line in shown_lines(value) if MARKER in line and any(pattern.search(line) for pattern in _FORGED)]


def live_markup(markdown: str, *, lists_links: bool = False) -> list[str]:
    """Return what a reader of the Markdown could load or follow, and which comes from a payload.

    With `lists_links`, links that people posted are listed by their own address: these hide nothing.
    """
    found = list(_live(MarkdownIt("commonmark").enable("table").parse(markdown)))
    return [one for one in found if not (lists_links and one.startswith("link_open") and f" as link {ADDRESS}" in one)]


def _live(tokens: list[Token]) -> Iterator[str]:
    for number, token in enumerate(tokens, start=1):
        behind = tokens[number].content if number < len(tokens) else ""
        address = str(token.attrGet("src") or token.attrGet("href") or "")
        if token.type in ("image", "link_open") and (ADDRESS in address or MARKER in address):
            yield f"{token.type} {address} as {behind}"
        elif token.type in ("html_block", "html_inline") and (ADDRESS in token.content or MARKER in token.content):
            yield f"{token.type} {token.content}"
        elif token.type == "text" and re.search(rf"(?:://|www\.|\w@){ADDRESS}", token.content):
            yield f"address that readers make a link of: {token.content[:200]}"
        elif token.type == "text" and MARKER in token.content and re.search(r"(?<!\w)@\w|:[a-z_]+:", token.content):
            yield f"mention or emoji: {token.content[:200]}"
        yield from _live(token.children or [])
