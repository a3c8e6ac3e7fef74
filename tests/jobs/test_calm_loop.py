"""Work waits while the event loop is behind, one piece at a time, and begins under any load."""

from __future__ import annotations

import asyncio
import time

from bot.jobs.job_body import CalmLoop


def _hold_loop(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def _busy(stop: asyncio.Event) -> None:
    """Hold the loop for longer than a calm pass, pass after pass."""
    while not stop.is_set():
        _hold_loop(0.03)
        await asyncio.sleep(0)


async def test_work_begins_at_once_on_a_calm_loop() -> None:
    calm, began = CalmLoop(), time.monotonic()
    for _ in range(20):
        await calm.wait(since=0.0)

    assert time.monotonic() - began < 0.5


async def test_work_waits_until_the_loop_keeps_up() -> None:
    calm, stop = CalmLoop(), asyncio.Event()
    busy = asyncio.create_task(_busy(stop))
    waiting = asyncio.create_task(calm.wait(since=0.0))
    await asyncio.sleep(0.2)
    waited = not waiting.done()
    stop.set()
    await asyncio.wait_for(waiting, 0.3)
    await busy

    assert waited


async def test_work_begins_under_any_load() -> None:
    calm, stop = CalmLoop(), asyncio.Event()
    busy = asyncio.create_task(_busy(stop))
    async with asyncio.timeout(5):
        await calm.wait(since=0.0)
        await calm.wait(since=0.0)
    stop.set()
    await busy


async def test_what_began_first_is_next() -> None:
    calm, order = CalmLoop(), list[float]()

    async def work(since: float) -> None:
        await calm.wait(since)
        order.append(since)

    async with asyncio.TaskGroup() as tasks:
        for since in (3.0, 2.0, 1.0):
            tasks.create_task(work(since))

    # The first one had the turn before the others came.
    assert order == [3.0, 1.0, 2.0]


async def test_work_of_a_person_with_few_slots_is_next() -> None:
    calm, order = CalmLoop(), list[int]()

    async def work(held: int) -> None:
        await calm.wait(float(-held), held=held)
        order.append(held)

    async with asyncio.TaskGroup() as tasks:
        for held in (4, 3, 1):
            tasks.create_task(work(held))

    assert order == [4, 1, 3]


async def test_a_cancelled_caller_passes_its_turn_on() -> None:
    calm = CalmLoop()
    first, second, third = (asyncio.create_task(calm.wait(since)) for since in (1.0, 2.0, 3.0))
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()

    await asyncio.wait_for(third, 1)
