"""Where answers are written: colours and width of a terminal, plain text in a pipe, progress on stderr."""

from __future__ import annotations

import os
import re
import sys
from types import TracebackType
from typing import Final, Self, TextIO

from rich.console import Console, RenderableType

# In a pipe nothing wraps: a sentence stays one line for grep, and whoever shows it wraps it.
_UNWRAPPED: Final = 100_000
_CLEAR_LINE: Final = "\r\x1b[2K"
# rich fills cells up to their width; whoever copies lines or compares them wants none of it.
_TRAILING: Final = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)


def console(stream: TextIO | None = None) -> Console:
    """A console on `stream` (stdout). NO_COLOR and COLUMNS are honoured; no markup, no highlighting, no emoji."""
    stream = stream or sys.stdout
    terminal = stream.isatty()
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() and int(columns) >= 20 else None
    return Console(
        file=stream,
        force_terminal=terminal,
        width=width or (None if terminal else _UNWRAPPED),
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=False,
        legacy_windows=False,
    )


def show(page: RenderableType, stream: TextIO | None = None) -> None:
    """Write a page to `stream` (stdout)."""
    written = console(stream)
    with written.capture() as captured:
        written.print(page, crop=False)
    written.file.write(_TRAILING.sub(r"\1", captured.get()))
    written.file.flush()


def note(message: str) -> None:
    """One line on stderr, beside the answer."""
    sys.stderr.write(f"casebook: {message}\n")
    sys.stderr.flush()


class ProgressLine:
    """A line on stderr while the cluster is read, gone before the answer comes. Silent unless stderr is a terminal."""

    def __init__(self, *, shown: bool = True) -> None:
        self._shown = shown and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._written = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.clear()

    def say(self, text: str) -> None:
        if self._shown:
            self._written = True
            sys.stderr.write(f"{_CLEAR_LINE}{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._written:
            self._written = False
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()
