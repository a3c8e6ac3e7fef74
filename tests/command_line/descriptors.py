"""The descriptors that a process is started with: ends of terminals and pipes, lent to a command in this process.

rich asks the descriptors for the width of a terminal, and a command writes to Python's streams: both are exchanged.
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
    """0, 1 and 2 are `given` for as long as this lasts, and Python's streams are on them as an interpreter has them."""
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
    """A terminal's inner end, and all that was written to it, which is there when nobody holds that end any more."""
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (40, columns))
    with ThreadPoolExecutor(1) as pool:
        try:
            yield inner, pool.submit(_received, outer)
        finally:
            os.close(inner)


@contextlib.contextmanager
def at_hand(text: str) -> Iterator[int]:
    """The end of a pipe to read `text` from, which is short."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)


def _received(terminal: int) -> str:
    """Everything written to a terminal until its last writer is gone."""
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody holds the other end any more
            chunk = b""
        if not chunk:
            os.close(terminal)
            return b"".join(chunks).decode().replace("\r\n", "\n")
        chunks.append(chunk)
