"""Applied once: to the object that was previewed, found again after a crash, and never taken for granted in silence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from bot.playground.kubernetes import RecordedRequest
from bot.remedies.contract import Applied, Reason, Refusal, State
from bot.remedies.execution import done_already
from tests.remedies.scene import ADAPTER, HEALED, POD, PODS, PULLS_AGAIN, Enter, Scene

CASES = pytest.mark.parametrize("case", [PULLS_AGAIN, HEALED], ids=["pod", "workload"])


def prefix(case: tuple[str, str]) -> str:
    return PODS if case == PULLS_AGAIN else ADAPTER


def method(case: tuple[str, str]) -> str:
    return "DELETE" if case == PULLS_AGAIN else "PATCH"


def is_done(scene: Scene, case: tuple[str, str]) -> bool:
    """Return whether the API server holds the state that the plan describes."""
    return POD not in scene.pods() if case == PULLS_AGAIN else bool(scene.restarted_at())


def change_target(scene: Scene, case: tuple[str, str], edit: Any) -> None:
    if case == PULLS_AGAIN:
        scene.change("Pod", "front", POD, edit)
    else:
        scene.change("Deployment", "monitoring", "prometheus-adapter", edit)


# --- only to what was previewed ---


@CASES
async def test_what_was_changed_since_the_preview_is_not_written_to(enter: Enter, case: tuple[str, str]) -> None:
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        change_target(scene, case, lambda one: one["metadata"].setdefault("labels", {}).update(touched="yes"))

        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert not is_done(scene, case)
        assert scene.writes() == []


async def test_a_workload_made_anew_since_the_preview_is_not_written_to(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        change_target(scene, HEALED, lambda one: one["metadata"].update(uid="another"))

        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.restarted_at() == ""


async def test_a_pod_made_anew_since_the_preview_is_not_deleted_a_second_time(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        change_target(scene, PULLS_AGAIN, lambda one: one["metadata"].update(uid="another"))

        applied = await scene.applied(plan, preview)

        assert applied.already
        assert scene.pods()[POD] == "another"
        assert scene.writes() == []


async def test_a_pod_that_became_ready_since_the_preview_is_left_alone(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)

        def recover(pod: dict) -> None:
            pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]

        change_target(scene, PULLS_AGAIN, recover)
        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.ALREADY_FIXED
        assert POD in scene.pods()


@CASES
async def test_status_churn_between_preview_and_write_does_not_stop_it(enter: Enter, case: tuple[str, str]) -> None:
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        change_target(scene, case, lambda one: one["status"].update(observedGeneration=1))

        await scene.applied(plan, preview)

        assert is_done(scene, case)


@CASES
@pytest.mark.parametrize("how", ["its status, once", "its status, each time", "what people write"])
async def test_what_changes_between_the_last_look_and_the_write_is_refused_by_the_server_and_looked_at_again(
    enter: Enter, case: tuple[str, str], how: str
) -> None:
    """The race that no look can win: the precondition in the write itself does."""
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        turn = itertools.count()

        def touch(request: RecordedRequest) -> None:
            if not request.writes:
                return
            if how != "its status, each time":
                scene.cluster.meanwhile = None
            if how == "what people write":
                change_target(scene, case, lambda one: one["metadata"].setdefault("labels", {}).update(mine="1"))
            else:
                change_target(scene, case, lambda one: one["status"].update(observedGeneration=next(turn)))

        scene.cluster.meanwhile = touch
        result = await scene.apply(plan, preview)
        scene.cluster.meanwhile = None

        if how == "its status, once":
            assert not isinstance(result, Refusal)
            assert [verb for verb, _ in scene.writes()] == [method(case)] * 2
            assert is_done(scene, case)
        else:
            assert isinstance(result, Refusal)
            assert result.reason is Reason.CONFLICT
            assert len(scene.writes()) == (4 if how == "its status, each time" else 1)
            assert not is_done(scene, case)


# --- once ---


@CASES
async def test_a_step_that_runs_twice_writes_once(enter: Enter, case: tuple[str, str]) -> None:
    """As after a crash between the write and its record."""
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        assert await done_already(plan, preview, session=scene.session()) is None
        first = await scene.applied(plan, preview)
        revision = scene.cluster.store.revision

        found = await done_already(plan, preview, session=scene.session())
        second = await scene.applied(plan, preview)

        assert found == second
        assert (first.already, second.already) == (False, True)
        assert scene.cluster.store.revision == revision
        assert [verb for verb, _ in scene.writes()] == [method(case)]
        assert (await scene.verify(plan, second)).verification.state is State.FIXED


async def test_two_plans_for_one_workload_do_not_pass_for_each_other(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        plan = await scene.plan()
        other = (await scene.planned(now=plan.created)).plans[0]
        await scene.applied(plan, await scene.preview(plan))
        first = scene.restarted_at()

        refusal = await scene.check(other)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CHANGED
        assert scene.restarted_at() == first
        assert plan.id != other.id


async def test_what_is_deleted_by_someone_else_after_the_preview_is_not_deleted_again(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        scene.cluster.store.remove(table=("", "pods"), namespace="front", name=POD)

        applied = await scene.applied(plan, preview)

        assert applied.already
        assert scene.writes() == []


# --- no answer ---


@CASES
@pytest.mark.parametrize("hang", [True, False], ids=["hangs", "reset"])
async def test_a_write_whose_answer_is_lost_is_read_back_and_found_done(
    enter: Enter, case: tuple[str, str], hang: bool
) -> None:
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        scene.cluster.fail(path_prefix=prefix(case), method=method(case), done=True, hang=hang, reset=not hang)

        applied = await scene.apply(plan, preview, session=scene.session(deadline=0.5))

        assert isinstance(applied, Applied)
        assert is_done(scene, case)
        assert [verb for verb, _ in scene.writes()] == [method(case)]


@CASES
@pytest.mark.parametrize("hang", [True, False], ids=["hangs", "reset"])
async def test_a_write_that_never_arrived_is_read_back_and_not_repeated(
    enter: Enter, case: tuple[str, str], hang: bool
) -> None:
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        scene.cluster.fail(path_prefix=prefix(case), method=method(case), hang=hang, reset=not hang)

        refusal = await scene.apply(plan, preview, session=scene.session(deadline=0.5))

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.NOT_WRITTEN
        assert not is_done(scene, case)
        assert [verb for verb, _ in scene.writes()] == [method(case)]
        # A person may press again; the same plan then does it.
        await scene.applied(plan, preview)
        assert is_done(scene, case)


@CASES
async def test_an_outcome_that_cannot_be_read_back_is_said_to_be_unknown(enter: Enter, case: tuple[str, str]) -> None:
    async with enter(case) as scene:
        plan = await scene.plan()
        preview = await scene.preview(plan)
        scene.cluster.fail(path_prefix=prefix(case), method=method(case), done=True, reset=True)

        def while_nothing_can_be_read() -> Iterator[float]:
            scene.cluster.forbid(verb="get")
            yield 0.0

        refusal = await scene.apply(plan, preview, looks=while_nothing_can_be_read())

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.OUTCOME_UNKNOWN
        assert refusal.quote
        assert [verb for verb, _ in scene.writes()] == [method(case)]
