"""Starting, limiting, failing and closing jobs."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bot.jobs import JobRun, Jobs, JobsUnavailable, JobTurn, TooManyJobs
from bot.metrics import Metrics
from intents.domain import Json
from tests.jobs.conftest import Launch
from tests.jobs.test_crashes import run_sql
from tests.jobs.world import World
from tests.waiting import until


class Gate:
    """A step that waits until it is released, and counts the waiting jobs."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside = 0
        self.most = 0
        self.entered: Counter[str] = Counter()

    async def step(self, id: str) -> Json:
        self.entered[id] += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        return {"through": id}

    async def workflow(self, run: JobRun, payload: Json) -> Json | None:
        return await run.step("gate", self.step, run.id)


async def test_a_job_runs_its_steps_and_is_answered(launch: Launch, world: World) -> None:
    jobs = await launch()
    await jobs.start("answer", "Ev1", {"text": "错误 🙂\x00"})
    assert await jobs.idle(5)
    assert world.seen("posts") == Counter(["Ev1:EV1"])
    assert jobs.running == 0


async def test_the_same_id_starts_once_however_often_it_is_delivered(launch: Launch, world: World) -> None:
    jobs = await launch()
    await asyncio.gather(*(jobs.start("answer", "Ev1", {}) for _ in range(8)))
    assert await jobs.idle(5)
    await jobs.start("answer", "Ev1", {})
    assert await jobs.idle(5)
    assert world.seen("bodies") == Counter(["Ev1"])


async def test_an_id_of_another_kind_and_an_unknown_kind_are_errors(launch: Launch) -> None:
    jobs = await launch()
    await jobs.start("answer", "Ev1", {})
    with pytest.raises(ValueError, match="another kind"):
        await jobs.start("stumble", "Ev1", {})
    with pytest.raises(ValueError, match="no workflow is registered for jobs of kind"):
        await jobs.start("make-coffee", "Ev2", {})


async def test_a_job_may_start_another_from_a_step(launch: Launch, world: World) -> None:
    started: list[Jobs] = []

    async def begin() -> Json:
        await started[0].start("answer", "Ev1:child", {})
        return {}

    async def parent(run: JobRun, _payload: Json) -> None:
        await run.step("begin", begin)

    started.append(await launch(workflows={**world.workflows, "parent": parent}))
    await started[0].start("parent", "Ev1", {})
    assert await started[0].idle(5)
    assert world.seen("posts") == Counter(["Ev1:child:EV1:CHILD"])


async def test_the_concurrency_limit_holds(launch: Launch) -> None:
    gate = Gate()
    jobs = await launch(workflows={"gate": gate.workflow}, concurrency=2)
    await asyncio.gather(*(jobs.start("gate", f"Ev{number}", {}) for number in range(6)))
    await until(lambda: gate.inside == 2 and jobs.running == 6)
    assert not await jobs.idle(0.01)
    gate.open.set()
    assert await jobs.idle(5)
    assert gate.most == 2
    assert gate.entered.total() == 6


@pytest.mark.parametrize("database", ["sqlite"])
async def test_one_person_may_have_only_so_many_jobs_waiting(launch: Launch) -> None:
    gate = Gate()
    jobs = await launch(
        workflows={"gate": gate.workflow},
        concurrency=1,
        turn_of=lambda _kind, payload: JobTurn(person=payload["user"], bounded=True),
    )
    started = [jobs.start("gate", f"alex-{number}", {"user": "alex"}) for number in range(101)]
    for each in started:
        await each
    await until(lambda: jobs.running == 101)
    with pytest.raises(TooManyJobs, match="of one person"):
        jobs.check_bound(jobs.turn_of("gate", {"user": "alex"}))
    jobs.check_bound(jobs.turn_of("gate", {"user": "bo"}))
    await jobs.start("gate", "bo-1", {"user": "bo"})
    gate.open.set()
    assert await jobs.idle(20)
    assert gate.entered.total() == 102
    # Of the waiting jobs the other person's was next.
    assert [*gate.entered].index("bo-1") <= 2


async def test_a_sleeping_job_releases_its_slot(launch: Launch) -> None:
    woken = asyncio.Event()

    async def sleeper(run: JobRun, payload: Json) -> None:
        await run.sleep(payload["seconds"])
        woken.set()

    gate = Gate()
    gate.open.set()
    jobs = await launch(workflows={"sleep": sleeper, "gate": gate.workflow}, concurrency=1)
    await jobs.start("sleep", "long", {"seconds": 3600})
    await jobs.start("sleep", "short", {"seconds": 0.01})
    await jobs.start("gate", "Ev1", {})
    async with asyncio.timeout(5):
        await woken.wait()
    assert await jobs.idle(5)
    assert gate.entered == Counter(["Ev1"])


async def test_a_failing_job_is_reported_and_does_not_affect_others(
    launch: Launch, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[tuple[str, str, Json, str]] = []

    async def failed(kind: str, id: str, payload: Json, error: Exception) -> None:
        failures.append((kind, id, payload, repr(error)))

    async def fails(_run: JobRun, _payload: Json) -> None:
        raise LookupError("no such thing")

    jobs = await launch(workflows={**world.workflows, "fails": fails}, failed=failed)
    await jobs.start("fails", "Ev1", {"a": 1})
    await jobs.start("answer", "Ev2", {})
    assert await jobs.idle(5)
    assert failures == [("fails", "Ev1", {"a": 1}, "LookupError('no such thing')")]
    assert world.seen("posts") == Counter(["Ev2:EV2"])
    assert "Exception encountered" not in caplog.text  # logged once, by us
    await jobs.start("fails", "Ev1", {"a": 1})
    assert await jobs.idle(5)
    assert len(failures) == 1


async def test_closing_lets_jobs_finish(launch: Launch) -> None:
    gate = Gate()
    jobs = await launch(workflows={"gate": gate.workflow})
    await jobs.start("gate", "Ev1", {})
    await until(lambda: gate.inside == 1)
    closing = asyncio.create_task(jobs.close(drain=5))
    await asyncio.sleep(0)
    with pytest.raises(JobsUnavailable, match="shutting down"):
        await jobs.start("gate", "Ev2", {})
    gate.open.set()
    await closing
    gate.entered.clear()
    again = await launch(workflows={"gate": gate.workflow})
    assert await again.idle(5)
    assert not gate.entered


async def test_jobs_unfinished_at_closing_resume_at_the_next_start(launch: Launch) -> None:
    gate = Gate()
    jobs = await launch(workflows={"gate": gate.workflow})
    await jobs.start("gate", "Ev1", {})
    await until(lambda: gate.inside == 1)
    await jobs.close(drain=0.01)
    assert gate.inside == 0
    with pytest.raises(JobsUnavailable, match="shut down"):
        await jobs.start("gate", "Ev2", {})
    gate.open.set()
    again = await launch(workflows={"gate": gate.workflow})
    assert await again.idle(5)
    assert gate.entered == Counter({"Ev1": 2})
    # The loop's own threads outlive the engine's.
    assert await asyncio.to_thread(lambda: "alive") == "alive"


async def test_job_results_are_counted_by_kind_and_recovered_jobs_separately(launch: Launch) -> None:
    async def fails(_run: JobRun, _payload: Json) -> None:
        raise LookupError

    gate, before, after = Gate(), Metrics(), Metrics()
    bodies = {"gate": gate.workflow, "fails": fails}
    jobs = await launch(workflows=bodies, watch=before.job)
    await jobs.start("gate", "Ev1", {})
    await jobs.start("fails", "Ev2", {})
    await until(lambda: gate.inside == 1 and shows(before, 'jobs_total{kind="fails",outcome="failed"} 1.0'))
    assert shows(before, 'jobs_running{kind="gate"} 1.0')
    await jobs.close(drain=0.01)
    # A page that took long to render is cached for a while.
    await until(lambda: shows(before, 'jobs_total{kind="gate",outcome="left"} 1.0'))
    assert shows(before, 'jobs_running{kind="gate"} 0.0')
    assert not shows(before, "jobs_recovered_total{")

    gate.open.set()
    again = await launch(workflows=bodies, watch=after.job)
    assert await again.idle(5)
    await until(lambda: shows(after, 'jobs_total{kind="gate",outcome="done"} 1.0'))
    assert shows(after, 'jobs_recovered_total{kind="gate"} 1.0')


def shows(metrics: Metrics, what: str) -> bool:
    return f"\ncasebook_{what}".encode() in metrics.exposed("")[0]


async def test_purging_deletes_jobs_finished_long_ago(launch: Launch, jobs_url: str, world: World) -> None:
    gate = Gate()
    jobs = await launch(workflows={**world.workflows, "gate": gate.workflow})
    await jobs.start("answer", "old", {})
    await jobs.start("answer", "new", {})
    await jobs.start("gate", "waiting", {})
    await until(lambda: gate.inside == 1 and jobs.running == 1)
    old = int((datetime.now(UTC) - timedelta(days=15)).timestamp() * 1000)
    run_sql(
        jobs_url,
        f"UPDATE {{}}workflow_status SET completed_at = {old} WHERE workflow_uuid IN ('old', 'waiting')"
        " AND status = 'SUCCESS'",
    )
    before = datetime.now(UTC) - timedelta(days=14)
    assert await jobs.purge(before) == 1
    assert await jobs.purge(before) == 0
    for id in ("old", "new"):
        await jobs.start("answer", id, {})
    gate.open.set()
    assert await jobs.idle(5)
    assert world.seen("bodies") == Counter({"old": 2, "new": 1})


async def test_one_instance_at_a_time(launch: Launch) -> None:
    jobs = await launch()
    with pytest.raises(JobsUnavailable, match="launched"):
        await jobs.launch()
    with pytest.raises(JobsUnavailable, match="already launched in this process"):
        await launch()
    await jobs.ping()


async def test_unlaunched_jobs_refuse_work_and_close_quietly(jobs_url: str) -> None:
    jobs = Jobs(url=jobs_url, executor="here", workflows={})
    with pytest.raises(JobsUnavailable, match="not launched"):
        await jobs.start("answer", "Ev1", {})
    with pytest.raises(JobsUnavailable):
        await jobs.ping()
    await jobs.close()
    await jobs.close()
