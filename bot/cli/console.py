"""Write answers: colours and width of a terminal, plain text in a pipe, progress on stderr."""

from __future__ import annotations

import os
import re
import sys
from io import StringIO
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

from bot.cli.runner import in_pipeline, without_commands

# Lines in a pipe do not wrap: a sentence stays on one line for grep.
_UNWRAPPED: Final = 100_000
_CLEAR_LINE: Final = "\r\x1b[2K"
# rich pads cells to their width; copied or compared lines should not contain the padding.
_TRAILING: Final = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)


def _console() -> Console:
    """Return a console on stdout. It honours NO_COLOR and COLUMNS; no markup, highlighting or emoji."""
    from rich.console import Console  # noqa: PLC0415 - `serve` writes lines only

    terminal = sys.stdout.isatty()
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() and int(columns) >= 20 else None
    return Console(
        file=sys.stdout,
        force_terminal=terminal,
        width=width or (None if terminal else _UNWRAPPED),
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=False,
        legacy_windows=False,
    )


def show(page: RenderableType) -> None:
    """Write a page to stdout."""
    written = _console()
    with written.capture() as captured:
        written.print(page, crop=False)
    text = _TRAILING.sub(r"\1", captured.get())
    written.file.write(without_commands(text) if in_pipeline() else text)
    written.file.flush()


def as_text(page: RenderableType) -> str:
    """Return a page as text without colours; its lines are not wrapped."""
    from rich.console import Console  # noqa: PLC0415 - as above

    written = Console(file=StringIO(), width=_UNWRAPPED, color_system=None, markup=False, highlight=False, emoji=False)
    with written.capture() as captured:
        written.print(page, crop=False)
    return _TRAILING.sub(r"\1", captured.get())


def write_json(text: str) -> None:
    """Write a JSON document to stdout. The runner of a pipeline finds no command in it, its reader the same values."""
    sys.stdout.write(without_commands(text, hashes="\\u0023") if in_pipeline() else text)
    sys.stdout.flush()


def note(message: str) -> None:
    """Write one line to stderr, next to the answer."""
    sys.stderr.write(f"casebook: {message}\n")
    sys.stderr.flush()


class ProgressLine:
    """A progress line on stderr, removed before the answer is shown. Silent unless stderr is a terminal."""

    def __init__(self, *, shown: bool = True) -> None:
        self._shown = shown and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._written = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def say(self, text: str) -> None:
        """Show a text in place of the last one."""
        if self._shown:
            self._written = True
            sys.stderr.write(f"{_CLEAR_LINE}{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._written:
            self._written = False
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()
