"""Do the slowest parts of a start and of the first answer once: `process.py` forks from a process with this module."""

# ruff: noqa: E402 - the collector is stopped before anything is imported
from __future__ import annotations

import gc

# All objects stay, so that there is nothing to collect.
gc.disable()

import asyncio
from contextlib import suppress

import bot.cli.serve
import bot.store.migration  # noqa: F401
import tests.end_to_end.process  # noqa: F401
from bot.cli.rehearsal import rehearse
from bot.diagnosing import build_engine
from bot.diagnosing.engine import CarriedMatch, match_text
from bot.metrics import Metrics
from bot.workflows.kept_answer import KeptAnswer
from intents.talk.unasked import may_answer
from responses.redaction import redact

ENGINE, _ = build_engine()


async def _diagnose(incident_id: str) -> None:
    """Import, compile and read what is used first by a diagnosis."""
    incident = ENGINE.catalog.incidents[incident_id]
    text = incident.examples.match[0]
    may_answer(text, await match_text(text, engine=ENGINE))
    await rehearse(ENGINE, incident, incident.cases[0])


# Patterns and schemas are compiled when they are first used.
redact("password=x")
Metrics()
for _kept in (CarriedMatch, KeptAnswer):
    with suppress(ValueError):
        _kept.from_json({})
asyncio.run(_diagnose("run-as-nonroot-root-image"))
# Keeps the memory pages shared with the forked processes.
gc.collect()
gc.freeze()
gc.enable()
