"""Slots for jobs: urgent ones first, then people in turn; one person never holds all of them."""

import asyncio

import pytest

from bot.jobs import JobTurn, JobUrgency
from bot.jobs.slots import FairQueue

ASKED, UNASKED = JobUrgency.ASKED, JobUrgency.UNASKED


def turn(person: str, channel: str = "C1", urgency: JobUrgency = ASKED) -> JobTurn:
    return JobTurn(person=person, channel=channel, urgency=urgency)


async def served(queue: FairQueue, wanted: list[JobTurn], *, held: JobTurn) -> list[str]:
    """Queue all while the only slot is held, and return them in the order in which they get it."""
    order: list[str] = []

    async def one(each: JobTurn) -> None:
        await queue.acquire(each)
        order.append(f"{each.person}@{each.channel}")
        await asyncio.sleep(0)
        queue.release(each)

    await queue.acquire(held)
    tasks = [asyncio.create_task(one(each)) for each in wanted]
    await asyncio.sleep(0)
    queue.release(held)
    await asyncio.gather(*tasks)
    return order


async def test_people_get_slots_in_turn() -> None:
    order = await served(FairQueue(1), [*[turn("alex")] * 5, turn("bo"), turn("carol")], held=turn("alex"))
    assert order[:3] == ["bo@C1", "carol@C1", "alex@C1"]


async def test_among_people_who_were_not_served_channels_take_turns() -> None:
    crowd = [turn(f"person-{number}", "C1") for number in range(5)]
    order = await served(FairQueue(1), [*crowd, turn("bo", "C2")], held=turn("alex", "C1"))
    assert order[0] == "bo@C2"


def crowd_of(workspace: str, count: int, urgency: JobUrgency = ASKED) -> list[JobTurn]:
    return [turn(f"person-{number}", urgency=urgency).within(workspace) for number in range(count)]


async def test_one_of_several_workspaces_holds_half_of_the_slots_but_for_a_press() -> None:
    queue = FairQueue(8)
    waiting = [asyncio.create_task(queue.acquire(each)) for each in crowd_of("T0ONE", 20)]
    await asyncio.sleep(0)
    assert sum(task.done() for task in waiting) == 4
    async with asyncio.timeout(1):
        # The same person and channel, elsewhere.
        await queue.acquire(turn("person-0").within("T0OTHER"))
        await queue.acquire(turn("person-99", urgency=JobUrgency.INTERACTIVE).within("T0ONE"))
    assert (queue.of("T0ONE"), queue.of("T0OTHER")) == (21, 1)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    # Four hold slots, and the press.
    assert (queue.of("T0ONE"), queue.of("T0OTHER")) == (5, 1)


async def test_workspaces_get_slots_in_turn() -> None:
    wanted = [*crowd_of("T0ONE", 30), *crowd_of("T0OTHER", 2)]
    order = await served(FairQueue(1), wanted, held=turn("alex").within("T0ONE"))
    assert [name.partition("/")[0] for name in order[:4]] == ["T0OTHER", "T0ONE", "T0OTHER", "T0ONE"]


async def test_urgent_jobs_go_first() -> None:
    wanted = [turn("bo", urgency=UNASKED), turn("carol"), turn("dave", urgency=JobUrgency.INTERACTIVE)]
    assert await served(FairQueue(1), wanted, held=turn("alex")) == ["dave@C1", "carol@C1", "bo@C1"]


async def test_one_person_holds_a_quarter_of_the_slots() -> None:
    queue = FairQueue(8)
    waiting = [asyncio.create_task(queue.acquire(turn("alex"))) for _ in range(20)]
    await asyncio.sleep(0)
    assert sum(task.done() for task in waiting) == 2
    async with asyncio.timeout(1):
        await queue.acquire(turn("bo"))
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_unasked_jobs_leave_slots_for_others() -> None:
    queue = FairQueue(4)
    waiting = [asyncio.create_task(queue.acquire(turn(f"person-{n}", urgency=UNASKED))) for n in range(8)]
    await asyncio.sleep(0)
    assert sum(task.done() for task in waiting) == 3
    async with asyncio.timeout(1):
        await queue.acquire(turn("bo"))
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


@pytest.mark.simulated_time
async def test_a_job_that_waited_long_goes_before_more_urgent_ones() -> None:
    queue, held = FairQueue(1), turn("alex")
    await queue.acquire(held)
    old = asyncio.create_task(queue.acquire(turn("bo", urgency=UNASKED)))
    await asyncio.sleep(25)
    new = asyncio.create_task(queue.acquire(turn("carol", urgency=ASKED)))
    await asyncio.sleep(0)
    queue.release(held)
    await asyncio.sleep(0)
    assert (old.done(), new.done()) == (True, False)
    new.cancel()
    await asyncio.wait([new])


async def test_a_cancelled_waiter_takes_no_slot() -> None:
    queue, held = FairQueue(1), turn("alex")
    await queue.acquire(held)
    gone, bo = (asyncio.create_task(queue.acquire(turn(name))) for name in ("gone", "bo"))
    await asyncio.sleep(0)
    queue.release(held)  # given to the first, which is cancelled before it runs
    gone.cancel()
    await asyncio.wait([gone])
    async with asyncio.timeout(1):
        await bo
