"""Replace the descriptors of this process by terminals and pipes while a command runs in it.

rich asks the descriptors for the terminal's width, and a command writes to Python's streams: both are replaced.
"""

from __future__ import annotations

import contextlib
import os
import pty
import sys
import termios
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor


@contextlib.contextmanager
def lent(*given: int, encoding: str = "utf-8") -> Iterator[None]:
    """Replace 0, 1 and 2 by `given`, with Python's streams on them as the interpreter sets them up."""
    with contextlib.ExitStack() as back:
        for number, descriptor in enumerate(given):
            kept = os.dup(number)
            back.callback(os.close, kept)
            back.callback(os.dup2, kept, number)
            os.dup2(descriptor, number)
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            back.callback(setattr, sys, name, getattr(sys, name))
            stream = open(number, "w" if number else "r", encoding=encoding, closefd=False)  # noqa: SIM115
            setattr(sys, name, back.enter_context(stream))
        yield


@contextlib.contextmanager
def terminal(columns: int = 100) -> Iterator[tuple[int, Future[str]]]:
    """Yield a terminal's inner end and everything written to it, available once that end is closed."""
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (40, columns))
    with ThreadPoolExecutor(1) as pool:
        try:
            yield inner, pool.submit(_received, outer)
        finally:
            os.close(inner)


@contextlib.contextmanager
def at_hand(text: str) -> Iterator[int]:
    """Return the read end of a pipe with a short `text`."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)


def _received(terminal: int) -> str:
    """Return everything written to a terminal until its last writer has closed it."""
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux reports the closed other end this way
            chunk = b""
        if not chunk:
            os.close(terminal)
            return b"".join(chunks).decode().replace("\r\n", "\n")
        chunks.append(chunk)
