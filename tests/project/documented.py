"""Read the documents as readers use them: commands with their output, links, inline code."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(
    r"^(?P<indent> *)```(?P<kind>[a-z]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_ASSIGNMENT: Final = re.compile(r"[A-Z_][A-Z0-9_]*=.*", re.DOTALL)
# Separators between commands.
_JOINED: Final = frozenset({"|", "||", "&&", ";"})
# A line that matches any output.
_ANYTHING: Final = "…\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program with its arguments.

    `assigned` are the variable assignments before it; `prints` is the documented output.
    """

    page: str
    words: tuple[str, ...]
    assigned: tuple[str, ...] = ()
    prints: str = ""

    @property
    def program(self) -> str:
        return Path(self.words[0]).name

    def __str__(self) -> str:
        return f"{self.page}: {' '.join((*self.assigned, *self.words))}"

    def option(self, name: str) -> Iterator[str]:
        """Yield the value after each `name`."""
        return (value for option, value in zip(self.words, self.words[1:], strict=False) if option == name)

    def would_print(self, out: str) -> bool:
        pattern = ".*".join(re.escape(part) for part in self.prints.split(_ANYTHING))
        return re.fullmatch(pattern, out, re.DOTALL) is not None


def blocks(page: Path, *kinds: str) -> Iterator[str]:
    """Yield the fenced blocks of these kinds, without indentation."""
    for found in _BLOCK.finditer(page.read_text("utf-8")):
        if found["kind"] in kinds:
            yield textwrap.dedent(found["text"])


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands: in a `console` block the lines after `$` with their output, in `sh` every line."""
    for text in blocks(page, "console"):
        for found in re.finditer(r"^\$ (.*(?:(?<=\\)\n.*)*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            yield from _commands(page, found[1], prints=found[2])
    for text in blocks(page, "sh"):
        for line in re.sub(r"\\\n", " ", text).splitlines():
            yield from _commands(page, line)


def _commands(page: Path, line: str, *, prints: str = "") -> Iterator[Command]:
    lexer = shlex.shlex(line.replace("\\\n", " "), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    found = []
    for word in [*lexer, ";"]:
        if word not in _JOINED:
            words.append(word)
        elif words:
            assigned = tuple(
                word for word in words if _ASSIGNMENT.fullmatch(word) and words.index(word) < _first(words)
            )
            found.append((assigned, tuple(words[_first(words) :])))
            words = []
    for assigned, rest in found:
        # The output of several commands belongs to none of them.
        yield Command(page=page.name, words=rest, assigned=assigned, prints=prints if len(found) == 1 else _ANYTHING)


def _first(words: list[str]) -> int:
    """Return the index of the program."""
    return next(index for index, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word))


def inline(page: Path) -> set[str]:
    """Return the texts in single backticks outside of blocks, each on one line."""
    return set(re.findall(r"`([^`\n]+)`", _BLOCK.sub("", page.read_text("utf-8"))))


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
