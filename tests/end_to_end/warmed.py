"""What takes a process longest at its start, done once: `process.py` forks from one that has imported this."""

# ruff: noqa: E402 - the collector is stopped before anything is imported
from __future__ import annotations

import gc

# All of it stays, so that there is nothing to be collected before the end.
gc.disable()

import bot.cli.serve
import bot.store.migration  # noqa: F401
from bot.diagnosing import build_engine

ENGINE, _ = build_engine()
# Its pages stay shared with what is forked.
gc.collect()
gc.freeze()
gc.enable()
