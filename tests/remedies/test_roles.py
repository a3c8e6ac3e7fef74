"""An action's own role is what it uses: enough for all of its path, and nothing in it that no request asks for."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from bot.cluster.writer import Writer
from bot.playground.kubernetes import RecordedRequest, grants
from bot.remedies.action import actions
from bot.remedies.contract import Plan
from bot.remedies.records import mark
from bot.remedies.undo import plan_to_undo
from tests import roles
from tests.remedies import storage_scene
from tests.remedies.actions_found import trials
from tests.remedies.every_kind import WORKLOADS, worlds
from tests.remedies.scene import HEALED, Enter, Scene, through_journal

Rights = set[tuple[str, str, str]]


def granted(*argv: str) -> Rights:
    """Verb, group and resource of every rule, one by one."""
    return {
        (verb, group, resource)
        for rule in roles.rules(*argv)
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def used(requests: Iterable[RecordedRequest]) -> Rights:
    """Return the permissions that the writes need, dry runs included."""
    rights: Rights = set()
    for sent in requests:
        parts = [part for part in sent.path.split("/") if part]
        if sent.method != "GET" and "authorization.k8s.io" not in parts:
            address = grants.parse(method=sent.method, parts=parts, query=sent.query)
            subresource = f"/{address.subresource}" if address.subresource else ""
            rights.add((address.verb, address.group, f"{address.resource}{subresource}"))
    return rights


def refused(requests: Iterable[RecordedRequest]) -> list[str]:
    return [f"{sent.method} {sent.path}" for sent in requests if sent.status == 403]


async def walk(scene: Scene, plan: Plan) -> Plan | None:
    """Return the path of a plan up to its Event, each stage as it must be; the plan that takes it back."""
    applied = await scene.applied(plan, await scene.preview(plan))
    await scene.effect_of(plan, applied)
    await scene.verify(plan, applied, deadline=0.01)
    assert await mark(scene.connection, plan=plan, applied=applied, who="Ann", token="1") is None
    return plan_to_undo(plan, applied, now=plan.created)


def test_every_action_is_tried_on_every_kind_that_it_writes_to() -> None:
    tried = {(trial.action, trial.target.kind) for trial in trials()}
    assert tried == {(name, kind) for name, action in actions().items() for kind in action.writes}


@pytest.mark.parametrize("name", sorted(actions()))
async def test_an_action_uses_all_of_its_role_and_needs_nothing_beyond(enter: Enter, name: str) -> None:
    action = actions()[name]
    act = ("act", "--actions", name)
    own = [trial for trial in trials() if trial.action == name]
    beside = (dict(trial.world) for trial in own if trial.world)
    async with enter(HEALED, *worlds(), *beside, under=(("read",), act)) as scene:
        for target, args in ((trial.target, trial.args) for trial in own):
            for needed in action.needs(target, args):
                inside = target.name if target.kind == "Namespace" else target.namespace
                assert await Writer(scene.connection).may(needed, namespace=inside) is True
            back = await walk(scene, await scene.made(name, target, **args))
            assert (back is not None) == action.declaration.undoable
            if back is not None:
                await walk(scene, through_journal(back))

        assert refused(scene.cluster.requests) == []
        assert used(scene.cluster.requests) == granted(*act)


async def test_in_namespaces_an_action_is_let_act_there_and_nowhere_else(enter: Enter) -> None:
    act = ("act", "--actions", "restart-pod,rollout-restart", "--namespaces", "till")
    async with enter(HEALED, *worlds(), under=(("read",), act)) as scene:
        for target in WORKLOADS:
            await walk(scene, await scene.made("rollout-restart", target))
        assert refused(scene.cluster.requests) == []

        elsewhere = storage_scene.POD
        refusal = await scene.refused_preview(await scene.made("restart-pod", elsewhere))
        assert "delete on pods" in refusal.says.en
        assert elsewhere.name in scene.pods(elsewhere.namespace)
