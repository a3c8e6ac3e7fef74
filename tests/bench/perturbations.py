"""Perturb an error as people paste it: cut, misspelt, with other names, wrapped by a terminal, within a log."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Final

from intents.background import ordinary_lines

_NAME: Final = re.compile(r"\b[a-z]+(?:-[a-z0-9]+)+\b")
_WORD: Final = re.compile(r"[A-Za-z]{6,}")
_LONG: Final = 60

Perturbation = Callable[[random.Random, str], str]


def truncated(chance: random.Random, text: str) -> str:
    """Cut the last line, by at most a third."""
    head, newline, last = text.rpartition("\n")
    if len(last) < _LONG:
        return text
    return head + newline + last[: chance.randint(len(last) * 2 // 3, len(last) - 1)]


def misspelt(chance: random.Random, text: str) -> str:
    """Swap two letters in two longer words."""
    words = list(_WORD.finditer(text))
    letters = list(text)
    for word in chance.sample(words, min(2, len(words))):
        at = chance.randint(word.start() + 1, word.end() - 2)
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def renamed(chance: random.Random, text: str) -> str:
    """Replace every hyphenated lower-case name that has a digit."""
    names: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        name = match.group()
        if not any(char.isdigit() for char in name):
            return name
        return names.setdefault(
            name, "".join(chance.choice("bcdfghklmnprstvz") for _ in range(6)) + f"-{chance.randint(0, 9)}"
        )

    return _NAME.sub(other, text)


def wrapped(chance: random.Random, text: str) -> str:
    """Break the lines as a terminal of 80 to 140 columns does, within words."""
    width = chance.randint(80, 140)
    return "\n".join(line[at : at + width] for line in text.split("\n") for at in range(0, max(1, len(line)), width))


def quoted(chance: random.Random, text: str) -> str:
    """Quote the text as in a chat: escaped, in colours, with a question around it."""
    colour = chance.choice(("\x1b[31m", "\x1b[1;33m", "[31m"))
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        "hi, what is this?\r\n"
        + "\r\n".join(f"&gt; {colour}{line}\x1b[0m" for line in escaped.split("\n"))
        + "\r\nthanks"
    )


def surrounded(chance: random.Random, text: str) -> str:
    """Put twenty ordinary lines around the text."""
    lines = chance.sample(ordinary_lines(), 20)
    at = chance.randint(0, 20)
    return "\n".join([*lines[:at], text, *lines[at:]])


PERTURBATIONS: Final[Mapping[str, Perturbation]] = {
    "as it is": lambda _, text: text,
    "truncated": truncated,
    "misspelt": misspelt,
    "other names": renamed,
    "wrapped": wrapped,
    "quoted": quoted,
    "surrounded": surrounded,
}


def log_of(chance: random.Random, size: int, text: str) -> str:
    """Return a log of the given size whose lines differ, with one text in its middle."""
    lines: list[str] = []
    length = len(text)
    while length < size:
        line = f"2025-04-12T09:{chance.randint(10, 59)}:{chance.randint(10, 59)}.{chance.randint(0, 999):03}Z "
        line += chance.choice(ordinary_lines()) + f" request={''.join(chance.choices('ghijklmnopqrstuv', k=8))}"
        lines.append(line)
        length += len(line) + 1
    lines.insert(len(lines) // 2, text)
    return "\n".join(lines)
