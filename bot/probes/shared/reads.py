"""Reads that several probes make beside their own: events and owners of an object, and what decides no verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bot.cluster import owners
from bot.cluster.access import PARTIAL, collect_gaps, record_gap
from bot.cluster.events import event_last_seen
from bot.cluster.owners import Owners, Top
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN
from intents.domain import Json, ObjectRef


async def events_about(look: Look, about: ObjectRef) -> Sequence[Json]:
    """Return the events about an object, oldest first; none, and a gap, if they are not readable."""
    return await look.unless_refused(look.snapshot.events(about), ())


async def newest_warning(look: Look, about: ObjectRef) -> tuple[str, int]:
    """Return what the newest event about an object warns of, and its age; a later success ends it."""
    events = await events_about(look, about)
    if not events or events[-1].get("type") != "Warning":
        return "", UNKNOWN
    return f"{events[-1].get('reason', '')}: {events[-1].get('message', '')}", seen_s(look, events[-1])


def seen_s(look: Look, event: Json) -> int:
    """Return whole seconds since an event was last seen, -1 where no time is known."""
    seen = event_last_seen(event)
    return UNKNOWN if seen is None else max(int((look.now - seen).total_seconds()), 0)


async def owners_of(look: Look, obj: Json) -> Owners:
    """Return the owners of an object, with a gap where one is not readable."""
    found = await owners.owners_of(look.snapshot, obj)
    if found.gap:
        record_gap(found.gap)
    return found


async def topmost(look: Look, obj: Json) -> Top:
    """Return the last of the owners of an object, with a gap if it is not readable."""
    found = await owners.topmost(look.snapshot, obj)
    if found.gap:
        record_gap(found.gap)
    return found


@contextmanager
def beside_the_verdict() -> Iterator[None]:
    """Record no gap for the reads inside the block, since they decide no verdict; only for what may not be shown."""
    with collect_gaps() as gaps:
        yield
    for gap in gaps:
        if gap.detail == PARTIAL:
            record_gap(gap)
