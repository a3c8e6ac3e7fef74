"""Plans, previews and results that the version before wrote are read, applied and undone.

`stored_before.json` was written by it, in the same simulated cluster.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from bot.common.portable import Portable
from bot.remedies.contract import Applied, Plan, Preview, Refusal
from bot.remedies.undo import plan_to_undo
from tests.remedies import storage_scene as store
from tests.remedies.scene import HEALED, Enter, Scene
from tests.remedies.workload_worlds import DEPLOYMENTS, template, web

STORED: Final[dict[str, dict[str, Any]]] = json.loads(Path(__file__).with_name("stored_before.json").read_text("utf-8"))
TYPES: Final[dict[str, type[Portable]]] = {
    "plan": Plan,
    "undo": Plan,
    "preview": Preview,
    "applied": Applied,
    "refusal": Refusal,
}


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, found in STORED.items() for kind in found])
def test_what_was_stored_is_read_and_would_be_stored_the_same(name: str, kind: str) -> None:
    document = STORED[name][kind]

    written = TYPES[kind].from_json(document).as_json()

    # Fields that are new since then have their defaults.
    assert {key: value for key, value in written.items() if key in document} == document


async def applied(scene: Scene, name: str) -> tuple[Plan, Applied]:
    plan, preview = Plan.from_json(STORED[name]["plan"]), Preview.from_json(STORED[name]["preview"])
    done = await scene.apply(plan, preview, now=plan.created)
    assert isinstance(done, Applied), done
    return plan, done


@pytest.mark.parametrize("name", [name for name, found in STORED.items() if "plan" in found])
async def test_what_was_previewed_is_applied_once(enter: Enter, name: str) -> None:
    async with enter(HEALED, web(template()), store.world()) as scene:
        plan, done = await applied(scene, name)
        writes = scene.writes()

        again = await scene.apply(plan, Preview.from_json(STORED[name]["preview"]), now=plan.created)

        assert not done.already
        assert isinstance(again, Applied)
        assert again.already
        assert writes
        assert scene.writes() == writes


async def test_what_was_applied_is_undone(enter: Enter) -> None:
    async with enter(HEALED, web(template()), store.world()) as scene:
        plan, done = await applied(scene, "scaled")
        stored = Applied.from_json(STORED["scaled"]["applied"])
        assert [step.fingerprint for step in done.undo] == [step.fingerprint for step in stored.undo]
        assert plan_to_undo(plan, stored, now=plan.created) == Plan.from_json(STORED["scaled"]["undo"])
        undo = Plan.from_json(STORED["scaled"]["undo"])

        await scene.apply(undo, await scene.preview(undo), now=undo.created)

        assert scene.stored(*DEPLOYMENTS, "web", "till")["spec"]["replicas"] == 2
