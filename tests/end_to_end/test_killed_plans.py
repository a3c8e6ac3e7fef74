"""SIGKILL in the middle of plans, of several writes too: each is sent once, told to its end, and can be taken back.

One process comes so far in one corner and so far in another, and is killed once for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.remedies.verifying import Pace
from tests.end_to_end import own_entries
from tests.end_to_end.corners import (
    Corner,
    Moment,
    after,
    claimed,
    confirmed,
    corner,
    ended,
    killed,
    named,
    pressed,
    unanswered,
    unread,
    untold,
    watched,
)
from tests.end_to_end.own_entries import FIXED, Own, asleep, old, spoiled
from tests.end_to_end.process import Premises, premises

pytestmark = pytest.mark.timeout(75)

# Long enough to be killed in, short enough to wait for.
SERVING: Mapping[str, Any] = {
    "catalog_alone": True,
    "verify_pace": Pace(every=0.1, well=0.3, failing=0.3),
    "verify_within": 3,
}
POLICY = """
remediation: [{clusters: ["*"], namespaces: ["*"], cluster_scoped: true}]
acting: [{users: ["*"], clusters: ["*"], namespaces: ["*"], cluster_scoped: true, actions: ["*"]}]
"""


@asynccontextmanager
async def offices(directory: Path, **variables: str) -> AsyncIterator[Premises]:
    """Where everybody may press everything, and nobody gives up on the API server as soon as the process is killed."""
    policy = directory / "policy.yaml"
    policy.write_text(POLICY)
    entries = own_entries.catalog(directory / "catalog")
    settings = {"CASEBOOK_POLICY": str(policy), "CASEBOOK_CATALOG": str(entries), "CASEBOOK_CALL_TIMEOUT": "20"}
    async with premises(directory, pace=False, **settings, **variables) as at:
        yield at


def moments(own: Own) -> dict[str, Moment]:
    """Every point at which carrying it out can be cut off, by what has happened by then."""
    found: dict[str, Moment] = {"claimed": claimed}
    for number, step in enumerate(own.steps, 1):
        found[f"write {number} sent and not done"] = unread(step)
        found[f"write {number} done and not answered"] = unanswered(step)
        if step is not own.steps[-1]:
            found[f"write {number} done and not told"] = after(step)
    return found | {"watched": watched(own.looks), "over and not told": untold}


@pytest.mark.parametrize("own", [asleep(), spoiled(), old()], ids=lambda own: own.broken.incident)
async def test_killed_anywhere_in_a_plan_each_write_is_sent_once_and_told_and_can_be_taken_back(tmp_path, own):
    async with offices(tmp_path) as at:
        tried = {corner(at, own.broken, name=name, names=own.names): one for name, one in moments(own).items()}
        serving = await at.start(**SERVING)
        await pressed(tried)
        await confirmed(tried)
        await killed(at, serving)

        serving = await at.start(**SERVING)
        await ended(tried, own.ends)
        for each in tried:
            with named(each):
                await assert_carried_out_once(each, own)
        if own.undoing:
            await taken_back(tried, own)
        assert await serving.stop() == 0


async def assert_carried_out_once(each: Corner, own: Own) -> None:
    """By what the API server was sent, in the order of the steps; what it never got to do was sent once more."""
    expected = list(own.steps)
    if "sent and not done" in each.name:
        number = int(each.name.split()[1])
        expected.insert(number, own.steps[number - 1])
    assert each.sent == expected
    outcomes = [entry.outcome for entry in await each.audited()]
    assert outcomes == ["claimed", "applied", "fixed" if own.ends == FIXED else "done"]
    assert "⏳" not in each.shown
    assert each.undo == bool(own.undoing)


async def taken_back(those: Collection[Corner], own: Own) -> None:
    """Undo is pressed in every corner, and writes what stood there before, once."""
    before = {each: each.sent for each in those}
    await asyncio.gather(*(each.press("Undo") for each in those))
    await asyncio.gather(*(each.confirm() for each in those))
    await ended(those, "as it was before")
    for each, sent in before.items():
        with named(each):
            assert each.sent == [*sent, *own.undoing]
