"""Kill the process in the middle of plans: each write is sent once, its result reported, its undo kept.

One process reaches a different moment in each corner and is killed once for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

import pytest

from tests.end_to_end.corners import (
    Corner,
    Moment,
    claim_not_shown,
    confirm_until,
    corner_in_errors,
    kill_and_clear,
    make_corner,
    press_in_all,
    result_not_shown,
    verification_started,
    wait_for_results,
    write_answered,
    write_not_answered,
    write_not_handled,
)
from tests.end_to_end.own_entries import (
    FIXED,
    SERVING,
    OwnEntry,
    asleep_deployment,
    old_node,
    open_premises,
    spoiled_pod,
)
from tests.end_to_end.process import locked

pytestmark = pytest.mark.timeout(75)


def moments(own: OwnEntry) -> dict[str, Moment]:
    """Return every moment at which applying the plan can be interrupted, by its name."""
    found: dict[str, Moment] = {"claimed": claim_not_shown}
    for number, step in enumerate(own.steps, 1):
        found[f"write {number} sent and not done"] = write_not_handled(step)
        found[f"write {number} done and not answered"] = write_not_answered(step)
        if step is not own.steps[-1]:
            found[f"write {number} done and not told"] = write_answered(step)
    return found | {"watched": verification_started(own.looks), "over and not told": result_not_shown}


# Submitted, and the plan cannot be claimed.
UNCLAIMED: Final = "acknowledged, not claimed"
# A patch is interrupted at every moment, guarded writes at every write, and evictions where they differ from both.
PATCH_AND_EVICTIONS: Final = (
    (asleep_deployment(), (*moments(asleep_deployment()), UNCLAIMED)),
    (
        old_node(),
        (
            "write 1 done and not answered",
            "write 1 done and not told",
            "write 2 sent and not done",
            "write 2 done and not told",
            "write 3 done and not answered",
            "watched",
            "over and not told",
        ),
    ),
)
GUARDED_WRITES: Final = ((spoiled_pod(), [name for name in moments(spoiled_pod()) if name.startswith("write")]),)


@pytest.mark.parametrize("interrupted", [PATCH_AND_EVICTIONS, GUARDED_WRITES], ids=["patch, evictions", "guarded"])
async def test_killed_anywhere_in_a_plan_sends_each_write_once_and_keeps_undo(tmp_path, interrupted):
    async with open_premises(tmp_path) as at:
        plans = {
            make_corner(at, own.broken, name=f"{own.broken.incident}: {name}", names=own.names): (own, name)
            for own, names in interrupted
            for name in names
        }
        tried = {each: moments(own)[name] for each, (own, name) in plans.items() if name != UNCLAIMED}
        unclaimed = [each for each in plans if each not in tried]
        serving = await at.start(**SERVING)
        await press_in_all(plans)
        await confirm_until(tried)
        # While another program holds the write lock, no plan can be claimed.
        async with locked(at.data, "casebook.db"):
            await confirm_until(dict.fromkeys(unclaimed, lambda each: lambda: not at.slack.views(each.user)))
            await kill_and_clear(at, serving)
        assert [await each.audited() for each in unclaimed] == [[]] * len(unclaimed)

        serving = await at.start(**SERVING)
        for own, _ in interrupted:
            here = [each for each, (one, _) in plans.items() if one is own]
            await wait_for_results(here, own.ends)
            for each in here:
                with corner_in_errors(each):
                    await assert_carried_out_once(each, own)
            if own.undoing:
                await assert_undone(here, own)
        assert await serving.stop() == 0


async def assert_carried_out_once(each: Corner, own: OwnEntry) -> None:
    """Check the writes in the API server's order; only a write that it never handled was sent again."""
    expected = list(own.steps)
    if "sent and not done" in each.name:
        number = int(each.name.split("write ")[1][0])
        expected.insert(number, own.steps[number - 1])
    assert each.sent == expected
    outcomes = [entry.outcome for entry in await each.audited()]
    assert outcomes == ["claimed", "applied", "fixed" if own.ends == FIXED else "done"]
    assert "⏳" not in each.shown
    assert each.undo == bool(own.undoing)


async def assert_undone(those: Collection[Corner], own: OwnEntry) -> None:
    """Press undo in every corner and check that it restores the earlier state once."""
    before = {each: each.sent for each in those}
    await asyncio.gather(*(each.press("Undo") for each in those))
    await asyncio.gather(*(each.confirm() for each in those))
    await wait_for_results(those, "was restored")
    for each, sent in before.items():
        with corner_in_errors(each):
            assert each.sent == [*sent, *own.undoing]


async def test_killed_during_a_write_without_api_server_never_claims_that_nothing_changed(tmp_path):
    patch, rebuild = asleep_deployment(), spoiled_pod()
    async with open_premises(tmp_path, CASEBOOK_RETRIES="0") as at:
        begun = {
            make_corner(at, own.broken, name=f"{own.broken.incident}: {name}", names=own.names): moment
            for own, name, moment in (
                (patch, "sent and not done", write_not_handled(patch.steps[0])),
                (patch, "done and not answered", write_not_answered(patch.steps[0])),
                (rebuild, "partly done", write_answered(rebuild.steps[0])),
                (rebuild, "all but one done", write_not_answered(rebuild.steps[1])),
            )
        }
        only_claimed = make_corner(at, patch.broken, name="only claimed", names=patch.names)
        serving = await at.start(**SERVING)
        await press_in_all([*begun, only_claimed])
        await confirm_until({**begun, only_claimed: claim_not_shown})
        await kill_and_clear(at, serving)
        sent = {each: each.sent for each in begun}
        address = at.cluster.url.removeprefix("http://").split(":")
        await at.cluster.stop()

        serving = await at.start(**SERVING)
        await wait_for_results(begun, "UNKNOWN whether it was applied")
        await wait_for_results([only_claimed], "nothing was changed")
        await at.cluster.start(address[0], int(address[1]))
        assert await serving.stop() == 0
        # Also not when it is reachable again, by this process or the next.
        assert await (await at.start(**SERVING)).stop() == 0
        for each in begun:
            with corner_in_errors(each):
                assert each.sent == sent[each]
                assert [entry.outcome for entry in await each.audited()] == ["claimed", "refused: outcome unknown"]
        assert only_claimed.sent == []
