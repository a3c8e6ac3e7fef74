"""A plan that was begun and interrupted: its traces are known again, and what is not known is not told as undone."""

from __future__ import annotations

from typing import Any

import pytest

from bot.remedies.changes import changes_between
from bot.remedies.contract import Reason, Refusal
from intents.domain import ObjectRef
from tests.remedies.scene import HEALED, Enter

BARE = {"kind": "Node", "metadata": {"name": "worker-9"}}
WORKER = ObjectRef(kind="Node", name="worker-9")
NODES = ("", "nodes")


def put(scene: Any, spec: dict[str, Any]) -> None:
    """Somebody else writes."""
    node = scene.stored("", "nodes", WORKER.name)
    scene.cluster.store.put(table=NODES, namespace="", name=WORKER.name, obj={**node, "spec": spec})


async def test_what_was_added_is_known_again_where_others_have_added_to_it_and_is_not_taken_back_with_theirs(
    enter: Enter,
) -> None:
    async with enter(HEALED, {"objects": [BARE]}) as scene:
        plan = await scene.made("cordon", WORKER)
        preview = await scene.preview(plan)
        put(scene, {"unschedulable": True, "taints": [{"key": "k", "effect": "NoSchedule"}]})

        found = await scene.apply(plan, preview, resumed=True)

        assert not isinstance(found, Refusal)
        assert found.undo == ()
        assert scene.writes() == []


@pytest.mark.parametrize(("resumed", "reason"), [(True, Reason.OUTCOME_UNKNOWN), (False, Reason.CONFLICT)])
async def test_where_somebody_has_written_since_it_is_not_said_that_nothing_was_done_by_what_was_begun(
    enter: Enter, resumed: bool, reason: Reason
) -> None:
    async with enter(HEALED, {"objects": [{**BARE, "spec": {"podCIDR": "10.0.0.0/24"}}]}) as scene:
        plan = await scene.made("cordon", WORKER)
        preview = await scene.preview(plan)
        put(scene, {"podCIDR": "10.0.1.0/24"})

        refused = await scene.apply(plan, preview, resumed=resumed)

        assert isinstance(refused, Refusal)
        assert refused.reason is reason
        assert ("it is unknown whether it changed" in refused.says.en) == resumed
        assert scene.writes() == []


def test_what_was_added_holds_with_more_in_it_and_not_with_less() -> None:
    (change,) = changes_between({}, {"spec": {"a": 1, "b": {"c": 2}}})

    assert change.holds({"spec": {"a": 1, "b": {"c": 2, "d": 3}}, "status": {}})
    assert change.is_shared({"spec": {"a": 1, "b": {"c": 2, "d": 3}}})
    assert not change.is_shared({"spec": {"a": 1, "b": {"c": 2}}})
    assert not change.holds({"spec": {"a": 1}})
    assert not change.holds({"spec": {"a": 2, "b": {"c": 2}}})
