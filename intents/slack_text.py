"""A message as Slack hands it over, turned back into what the person pasted.

Slack writes entities for `& < >`, puts links and mentions into angle brackets, links whatever looks like a host name,
and its clients make quotes and dashes typographic. Pure text in, pure text out; never raises.
"""

from __future__ import annotations

import re
from typing import Final

# Between angle brackets: a target and perhaps a label. A `<` that somebody typed arrives as an entity.
_BRACKETED: Final = re.compile(r"<([^<>|\n]{1,4096})(?:\|([^<>\n]{0,4096}))?>([ \t]?)")
_ADDRESS: Final = re.compile(r"(?:https?|ftps?|mailto|tel|slack)[:/]", re.IGNORECASE)
_PERSON: Final = re.compile(r"@[A-Z0-9]+")
_ENTITY: Final = re.compile(r"&(amp|lt|gt);")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">"}
_FENCE: Final = re.compile(r"[ \t]*```[ \t]*")
_TYPOGRAPHY: Final = str.maketrans({
    **dict.fromkeys("“”„‟", '"'),
    **dict.fromkeys("‘’‚‛", "'"),
    "\u00a0": " ",
})  # fmt: skip


def unformatted(text: str) -> str:
    """What was pasted: links as their labels, entities as characters; without mentions, code fences, smart quotes."""
    text = _BRACKETED.sub(_bracketed, text)
    text = _ENTITY.sub(lambda found: _ENTITIES[found[1]], text)
    text = _without_fences(text).translate(_TYPOGRAPHY)
    whole = text.strip()
    if len(whole) > 2 and whole[0] == whole[-1] == "`" and "`" not in whole[1:-1]:
        text = whole[1:-1]
    return text.strip()


def _bracketed(found: re.Match[str]) -> str:
    target, label, space = found[1], found[2] or "", found[3]
    if _PERSON.fullmatch(target):
        return ""  # with the space behind it, so that what follows stands first
    if target.startswith("#"):
        return f"#{label}{space}" if label else ""
    if target.startswith("!"):
        # A date shows its label; @here, @channel and groups of people are no part of an error.
        return f"{label}{space}" if target.startswith("!date^") else ""
    if _ADDRESS.match(target):
        return f"{label or target.removeprefix('mailto:').removeprefix('tel:')}{space}"
    return found[0]


def _without_fences(text: str) -> str:
    """Every ``` becomes a line break, unless one is there already."""
    if "```" not in text:
        return text
    pieces = _FENCE.split(text)
    joined = pieces[0]
    for piece in pieces[1:]:
        needs_break = joined and piece and not joined.endswith("\n") and not piece.startswith("\n")
        joined += ("\n" if needs_break else "") + piece
    return joined
