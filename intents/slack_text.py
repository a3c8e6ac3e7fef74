"""Turn a message from Slack back into the text that the person pasted.

Slack writes entities for `& < >`, puts links and mentions into angle brackets, and links everything that looks like a
host name; its clients make quotes and dashes typographic. Pure, never raises.
"""

from __future__ import annotations

import re
from typing import Final

# A target and perhaps a label in angle brackets. A `<` that was typed arrives as an entity.
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
    """Return the pasted text: links as labels, entities as characters, no mentions, code fences or smart quotes."""
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
        return ""  # with the space after it, so that the next word comes first
    if target.startswith("#"):
        return f"#{label}{space}" if label else ""
    if target.startswith("!"):
        # A date shows its label; @here, @channel and user groups are not part of an error.
        return f"{label}{space}" if target.startswith("!date^") else ""
    if _ADDRESS.match(target):
        return f"{label or target.removeprefix('mailto:').removeprefix('tel:')}{space}"
    return found[0]


def _without_fences(text: str) -> str:
    """Replace every ``` by a line break, unless there is one already."""
    if "```" not in text:
        return text
    pieces = _FENCE.split(text)
    joined = pieces[0]
    for piece in pieces[1:]:
        needs_break = joined and piece and not joined.endswith("\n") and not piece.startswith("\n")
        joined += ("\n" if needs_break else "") + piece
    return joined
