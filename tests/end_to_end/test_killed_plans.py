"""SIGKILL in the middle of plans, of several writes too: each is sent once, told to its end, and can be taken back.

One process comes so far in one corner and so far in another, and is killed once for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

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
from tests.end_to_end.own_entries import FIXED, SERVING, Own, asleep, offices, old, spoiled
from tests.end_to_end.process import locked

pytestmark = pytest.mark.timeout(75)


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
        acknowledged = corner(at, own.broken, name="acknowledged, not claimed", names=own.names)
        everywhere = [*tried, acknowledged]
        serving = await at.start(**SERVING)
        await pressed(everywhere)
        await confirmed(tried)
        # As long as somebody else writes to the store, nothing can be claimed.
        async with locked(at.data, "casebook.db"):
            await confirmed({acknowledged: lambda each: lambda: not at.slack.views(each.user)})
            await killed(at, serving)
        assert await acknowledged.audited() == []

        serving = await at.start(**SERVING)
        await ended(everywhere, own.ends)
        for each in everywhere:
            with named(each):
                await assert_carried_out_once(each, own)
        if own.undoing:
            await taken_back(everywhere, own)
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
    await ended(those, "was restored")
    for each, sent in before.items():
        with named(each):
            assert each.sent == [*sent, *own.undoing]


async def test_killed_over_a_write_and_started_without_the_api_server_nobody_is_told_that_nothing_was_done(tmp_path):
    patch, rebuild = asleep(), spoiled()
    async with offices(tmp_path, CASEBOOK_RETRIES="0") as at:
        begun = {
            corner(at, own.broken, name=f"{own.broken.incident}: {name}", names=own.names): moment
            for own, name, moment in (
                (patch, "sent and not done", unread(patch.steps[0])),
                (patch, "done and not answered", unanswered(patch.steps[0])),
                (rebuild, "partly done", after(rebuild.steps[0])),
                (rebuild, "all but one done", unanswered(rebuild.steps[1])),
            )
        }
        only_claimed = corner(at, patch.broken, name="only claimed", names=patch.names)
        serving = await at.start(**SERVING)
        await pressed([*begun, only_claimed])
        await confirmed({**begun, only_claimed: claimed})
        await killed(at, serving)
        sent = {each: each.sent for each in begun}
        address = at.cluster.url.removeprefix("http://").split(":")
        await at.cluster.stop()

        serving = await at.start(**SERVING)
        await ended(begun, "UNKNOWN whether it was applied")
        await ended([only_claimed], "nothing was changed")
        await at.cluster.start(address[0], int(address[1]))
        assert await serving.stop() == 0
        # Nor when it can be reached again, by this process or the next one.
        assert await (await at.start(**SERVING)).stop() == 0
        for each in begun:
            with named(each):
                assert each.sent == sent[each]
                assert [entry.outcome for entry in await each.audited()] == ["claimed", "refused: outcome unknown"]
        assert only_claimed.sent == []
