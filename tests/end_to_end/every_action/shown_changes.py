"""The difference a dialog shows, taken as what it claims to be: a patch, which is carried out on what was there before.

What comes of it must be what the API server then has. Nothing of the code that made the difference is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from tests.end_to_end.every_action.watching import Json, of_people

_HUNK: Final = re.compile(r"@@ -(?P<begin>\d+)(?:,(?P<count>\d+))? \+\d+(?:,\d+)? @@")


def diff_of(view: Mapping[str, Any]) -> str:
    """Return the difference in a dialog, "" if it shows none."""
    elements = (element for block in view["blocks"] for element in block.get("elements", ()))
    shown = (each["elements"] for each in elements if each.get("type") == "rich_text_preformatted")
    return "\n".join("".join(leaf["text"] for leaf in leaves) for leaves in shown)


def parts_of(diff: str) -> dict[str, list[str]]:
    """Return the hunks of each object, by what the difference calls it: "Deployment shop/web"."""
    parts: dict[str, list[str]] = {}
    name = ""
    for line in diff.splitlines():
        if line.startswith("--- "):
            name = line.removeprefix("--- ").removesuffix(" now")
        elif not line.startswith("+++ "):
            parts.setdefault(name, []).append(line)
    return parts


def carried_out(hunks: Sequence[str], before: Json | None) -> Json | None:
    """Return the object that a difference makes of another, None for none. Raises ValueError where it does not fit."""
    then = list(_patched(hunks, _lines(before)))
    made: Json | None = yaml.safe_load("\n".join(then)) if then else None
    return made


def differing(diff: str) -> tuple[list[str], list[str]]:
    """Return the lines that a difference takes away, and those that it adds."""
    lines = [line for part in parts_of(diff).values() for line in part]
    return [line[1:] for line in lines if line[0] == "-"], [line[1:] for line in lines if line[0] == "+"]


def _lines(obj: Json | None) -> list[str]:
    if obj is None:
        return []
    return yaml.safe_dump(of_people(obj), sort_keys=True, allow_unicode=True, width=1_000).splitlines()


def _patched(hunks: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    at = 0
    for line in hunks:
        if match := _HUNK.fullmatch(line):
            # Of no lines at all it says after which one they would be.
            begin = int(match["begin"]) - (match["count"] != "0")
            yield from before[at:begin]
            at = begin
            continue
        sign, said = line[0], line[1:]
        if sign == "+":
            yield said
            continue
        if at >= len(before) or before[at] != said:
            raise ValueError(f"line {at + 1} is {before[at : at + 1]}, not {said!r}")
        at += 1
        if sign == " ":
            yield said
    yield from before[at:]
