"""Which buttons an answer gets: those that could be carried out, on an object that is known exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.remedies.action import actions
from intents.domain import GapReason, ObjectRef, Permission, Verdict
from tests.remedies.scene import HEALED, POD, PULLS_AGAIN, Enter

REBUILT_AS_IT_IS = ("crashloop-cluster-id-mismatch", "the volume is from an earlier cluster")
REBUILT_AND_RECLAIMED = ("tikv-store-tombstone", "the newest store of a wanted pod is a Tombstone")
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


async def test_a_plan_names_the_object_by_its_uid_and_expires(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = (await scene.planned(now=NOW)).plans[0]

        uid = scene.pods()[POD]
        assert plan.target == ObjectRef(kind="Pod", namespace="front", name=POD, uid=uid)
        assert (plan.incident, plan.remedy, plan.action) == ("image-pull-failed", "retry-now", "restart-pod")
        assert plan.only_if == ("waiting", "retriable")
        assert plan.expires - plan.created == timedelta(minutes=30)
        assert plan.basis["uid"] == uid
        assert "registry.acme.io/shop/checkout:4.1.0" in plan.basis["images"]
        assert scene.writes() == []


async def test_ids_are_opaque_and_never_the_same(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        ids = [plan.id for _ in range(5) for plan in (await scene.planned(now=NOW)).plans]

        assert len(set(ids)) == len(ids) >= 5
        assert all(len(each) >= 20 and POD not in each for each in ids)


async def test_a_button_that_could_not_be_carried_out_is_withheld_and_the_verb_named(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        scene.cluster.forbid(verb="delete", resource="pods", namespace="front")

        planned = await scene.planned()

        assert "retry-now" not in {plan.remedy for plan in planned.plans}
        [withheld] = planned.withheld
        assert withheld.remedy == "retry-now"
        assert withheld.gap.permission == Permission(verb="delete", resource="pods")
        assert "needs delete on pods" in withheld.says.en


async def test_only_what_its_arguments_make_it_write_is_asked_for(enter: Enter) -> None:
    """The same action leaves a volume's reclaim policy alone in one entry and sets it in another."""
    buttons = {}
    for case in (REBUILT_AS_IT_IS, REBUILT_AND_RECLAIMED):
        async with enter(case) as scene:
            scene.cluster.forbid(verb="patch", resource="persistentvolumes")
            planned = await scene.planned()
            buttons[case] = [plan.action for plan in planned.plans if plan.action == "delete-claim-and-pod"]
            withheld = [each.gap.permission for each in planned.withheld]
            assert bool(buttons[case]) is (Permission(verb="patch", resource="persistentvolumes") not in withheld)

    assert buttons == {REBUILT_AS_IT_IS: ["delete-claim-and-pod"], REBUILT_AND_RECLAIMED: []}


async def test_a_right_that_cannot_be_asked_for_is_a_gap(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        scene.cluster.fail(path_prefix="/apis/authorization.k8s.io", status=500, times=99)

        planned = await scene.planned()

        assert planned.plans == ()
        assert [each.gap.reason for each in planned.withheld] == [GapReason.SERVER_ERROR]


async def test_the_policy_is_asked_with_the_action_and_its_object(enter: Enter) -> None:
    asked = []

    def nothing(action: str, target: ObjectRef) -> bool:
        asked.append((action, str(target)))
        return False

    async with enter(HEALED) as scene:
        planned = await scene.planned(allowed=nothing)

        assert not planned.plans
        assert not planned.withheld
        assert asked == [("rollout-restart", "Deployment monitoring/prometheus-adapter")]
        assert scene.cluster.requests == []


async def test_what_the_cluster_does_not_support_gets_no_button(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        scene.judged = replace(scene.judged, verdict=Verdict.POSSIBLE)

        assert (await scene.planned()).plans == ()


async def test_an_object_that_is_gone_gets_no_button(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        scene.cluster.store.remove(table=("", "pods"), namespace="front", name=POD)

        planned = await scene.planned()

        assert "retry-now" not in {plan.remedy for plan in planned.plans}
        assert not planned.withheld


async def test_an_object_that_cannot_be_read_is_a_gap(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        scene.cluster.forbid(verb="get", resource="pods")

        [withheld] = (await scene.planned()).withheld

        assert withheld.gap.reason is GapReason.FORBIDDEN


def test_an_action_writes_to_every_kind_that_it_is_declared_for_and_to_no_other() -> None:
    for name, action in actions().items():
        for kind in action.declaration.kinds:
            needed = action.needs(ObjectRef(kind=kind, namespace="shop", name="web"), {})
            assert needed, f"{name} is declared for {kind}, and does nothing to one"
            assert set(needed) <= set(action.permissions)
        assert action.needs(ObjectRef(kind="Teapot", name="pot"), {}) == ()
