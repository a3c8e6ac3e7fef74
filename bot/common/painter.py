"""Draw plots in a process of their own, which ends when nothing more is to be drawn.

matplotlib takes 60 MB, and 100 MB after some plots, which a process cannot give back.
"""

from __future__ import annotations

import os
import pickle
import select
import struct
import subprocess
import sys
import threading
from typing import IO, Final

from intents.domain import Plot

# The next plot of a burst of answers is drawn without another start.
LINGERS_S: Final = 20.0
_HEAD: Final = struct.Struct(">?I")  # whether it is drawn, and the length of the picture or of the reason
_START: Final = (sys.executable, "-c", "from bot.common.painter import work; work()")


class DrawingFailed(Exception):
    """The picture could not be drawn."""


class Painter:
    """Draws one plot at a time. Blocking and thread-safe. A process that ended is replaced."""

    def __init__(self, command: tuple[str, ...] = _START) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._drawing = threading.Lock()

    def png(self, plot: Plot) -> bytes:
        """Return the picture of a plot. Raise DrawingFailed."""
        with self._drawing:
            # One that lingers may end just before it is asked.
            for again in (self._process is not None, False):
                try:
                    return self._asked(plot)
                except (OSError, EOFError, ValueError) as error:
                    self._process = None
                    if not again:
                        raise DrawingFailed("the process ended") from error
            raise AssertionError("the second attempt returns or raises")

    def _asked(self, plot: Plot) -> bytes:
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = self._started()
        assert process.stdin is not None, "a pipe"
        assert process.stdout is not None, "a pipe"
        pickle.dump(plot, process.stdin)
        process.stdin.flush()
        is_drawn, length = _HEAD.unpack(_read(process.stdout, _HEAD.size))
        content = _read(process.stdout, length)
        if not is_drawn:
            raise DrawingFailed(content.decode(errors="replace"))
        return content

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # Ctrl-C in a terminal is for this process, whose end closes the pipe.
            start_new_session=True,
        )
        threading.Thread(target=_reap, args=(process,), daemon=True).start()
        return process


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process and close its pipes."""
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                # What was not written is for nobody.
                continue


def _read(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def work() -> None:
    """Draw the plots that arrive on stdin, until it is closed or none arrives for a while."""
    from responses.plots import png  # noqa: PLC0415 - not in the process that asks

    arriving, drawn = sys.stdin.buffer, sys.stdout.buffer
    while select.select([arriving], [], [], LINGERS_S)[0]:
        try:
            plot = pickle.load(arriving)
        except EOFError:
            return
        try:
            is_drawn, content = True, png(plot)
        except Exception as error:  # noqa: BLE001 - said to the process that asks
            is_drawn, content = False, f"{type(error).__name__}: {error}".encode()
        drawn.write(_HEAD.pack(is_drawn, len(content)) + content)
        drawn.flush()


PAINTER: Final = Painter()
