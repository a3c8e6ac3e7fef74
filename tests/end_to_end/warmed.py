"""Do the slowest parts of a start once: `process.py` forks from a process that has imported this module."""

# ruff: noqa: E402 - the collector is stopped before anything is imported
from __future__ import annotations

import gc

# All objects stay, so that there is nothing to collect.
gc.disable()

import bot.cli.serve
import bot.store.migration  # noqa: F401
import tests.end_to_end.process  # noqa: F401
from bot.diagnosing import build_engine
from responses.redaction import redact

ENGINE, _ = build_engine()
# Patterns are compiled when they are first used.
redact("password=x")
# Keeps the memory pages shared with the forked processes.
gc.collect()
gc.freeze()
gc.enable()
