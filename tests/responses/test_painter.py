"""Test that plots are drawn in a process of their own, which may end at any time."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace

import pytest

from bot.common.painter import DrawingFailed, Painter
from responses.plots import png
from tests.responses.test_plots import plot


def test_the_process_draws_the_same_picture_and_one_that_was_killed_is_replaced() -> None:
    painter, expected = Painter(), png(plot())

    assert painter.png(plot()) == expected
    first = painter._process
    assert painter.png(plot()) == expected
    assert painter._process is first is not None
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    with pytest.raises(DrawingFailed, match="Error"):
        painter.png(replace(plot(), lines=()))
    second = painter._process
    assert second is not None
    second.kill()
    second.wait()


def test_a_program_that_ends_at_once_is_an_error() -> None:
    with pytest.raises(DrawingFailed, match="the process ended"):
        Painter((sys.executable, "-c", "")).png(plot())
