"""Accepted jobs wait outside the engine until a slot is near: asked-for ones pass, people take turns."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from structlog.testing import capture_logs

from bot.jobs import JobIntake, JobPayload, JobRun, JobTurn, JobUrgency, ScopedJobs
from bot.jobs.intake import Backlog, WaitingJob
from bot.store import Store
from bot.store.outbox import AcceptedJob
from intents.domain import Json
from tests.jobs.conftest import Launch
from tests.waiting import until

UNASKED, INTERACTIVE = JobUrgency.UNASKED, JobUrgency.INTERACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(JobPayload):
    kind = "work"
    user: str = ""
    urgency: JobUrgency = UNASKED


def waiting(person: str, number: int = 0, urgency: JobUrgency = UNASKED) -> WaitingJob:
    job = AcceptedJob(id=f"{person}{number}", kind="answer", payload={}, at=datetime.now(UTC))
    return WaitingJob(job, JobTurn(person=person, urgency=urgency), monotonic())


def started(backlog: Backlog, *, room: bool = True, full: str = "") -> list[str]:
    """Take all jobs that may start, and return their ids."""
    found = iter(lambda: backlog.next(has_room=lambda: room, may_start=lambda person: person != full), None)
    return [each.job.id for each in found]


def backlog_of(*jobs: WaitingJob) -> Backlog:
    backlog = Backlog()
    for each in jobs:
        backlog.add(each)
    return backlog


def test_people_take_turns() -> None:
    backlog = backlog_of(*(waiting("alex", number) for number in range(4)), waiting("bo"), waiting("carol"))
    assert started(backlog) == ["alex0", "bo0", "carol0", "alex1", "alex2", "alex3"]
    assert len(backlog) == 0


def test_only_jobs_that_somebody_asked_for_start_without_room() -> None:
    asked = [waiting("bo", number, urgency=JobUrgency.ASKED) for number in range(2)]
    backlog = backlog_of(waiting("alex"), *asked, waiting("carol", urgency=JobUrgency.ASKED))
    backlog.add(waiting("dan", urgency=INTERACTIVE))
    assert started(backlog, room=False) == ["dan0", "bo0", "carol0", "bo1"]
    assert len(backlog) == 1


def test_one_person_may_not_fill_the_engine_by_asking() -> None:
    backlog = backlog_of(waiting("alex", urgency=JobUrgency.ASKED), waiting("bo"), waiting("alex", 1, INTERACTIVE))
    assert started(backlog, full="alex") == ["alex1", "bo0"]


def test_a_person_with_many_waiting_jobs_does_not_hold_up_others() -> None:
    backlog = backlog_of(waiting("alex"), waiting("alex", 1), waiting("bo"))
    assert started(backlog, full="alex") == ["bo0"]
    assert started(backlog) == ["alex0", "alex1"]


def test_a_job_whose_start_failed_is_the_next_of_its_person() -> None:
    backlog = backlog_of(waiting("alex"), waiting("alex", 1))
    first = backlog.next(has_room=lambda: True, may_start=lambda _person: True)
    assert first is not None
    backlog.add(first, again=True)
    assert started(backlog) == ["alex0", "alex1"]


async def test_engine_gets_few_unasked_jobs_and_all_run(launch: Launch, store: Store) -> None:
    release = asyncio.Event()
    ran: Counter[str] = Counter()

    async def work(run: JobRun, _payload: Json) -> None:
        await release.wait()
        ran[run.id] += 1

    def turn_of(_kind: str, payload: Json) -> JobTurn:
        return JobTurn(person=payload["user"], urgency=JobUrgency(payload["urgency"]))

    jobs = await launch(workflows={"work": work}, concurrency=4, turn_of=turn_of)
    intake = JobIntake(jobs=ScopedJobs(jobs), store=store.accepted_jobs)
    with capture_logs() as logged:
        async with intake.running():
            for number in range(40):
                await intake.start(f"unasked-{number}", Work(user=f"person-{number}", urgency=UNASKED))
            await until(lambda: jobs.running >= 8)
            await asyncio.sleep(0.3)
            # Two starts may be under way when the last room is taken. One that takes too long goes on beside the next.
            late = sum(each["event"] == "job_start_delayed" for each in logged)
            assert 8 <= jobs.running <= 10 + late
            await intake.start("asked", Work(user="bo", urgency=INTERACTIVE))
            await until(lambda: "asked" in jobs._turns.records)
            release.set()
            assert await jobs.idle(30)
    assert len(ran) == 41
    assert set(ran.values()) == {1}


async def test_a_job_that_another_process_took_meanwhile_is_not_started_again(launch: Launch, store: Store) -> None:
    ran: Counter[str] = Counter()

    async def work(run: JobRun, _payload: Json) -> None:
        ran[run.id] += 1

    jobs = await launch(workflows={"work": work})
    intake = JobIntake(jobs=ScopedJobs(jobs), store=store.accepted_jobs, shared_after_s=0.0)
    async with intake.running():
        gone = AcceptedJob(id="taken", kind="work", payload={}, at=datetime.now(UTC))
        intake.take(gone)
        await intake.start("stored", Work())
        assert await jobs.idle(20)
    assert ran == Counter(["stored"])
