"""Test the lane: turns in a fair order at the lane's rate, and no trace of cancelled waiters."""

import asyncio
import time

import pytest

from bot.slack.errors import RateLimited, SlackUnavailable
from bot.slack.pacer import Lane, Limits, Pacer, Rate, Urgency, unasked
from tests.clocks import Stopwatch


def lane(*, every: float, burst: int = 1, waiting: int = 1000) -> Lane:
    return Lane(name="chat.test", rate=Rate(every=every, burst=burst), waiting=waiting)


async def served(where: Lane, wanted: list[tuple[str, Urgency]], *, patience: float = 10.0) -> list[str]:
    """Wait for all turns concurrently and return the names in their order."""
    order: list[str] = []

    async def one(name: str, urgency: Urgency) -> None:
        await where.turn(key=name.partition("-")[0], urgency=urgency, patience=patience)
        order.append(name)

    await asyncio.gather(*(one(name, urgency) for name, urgency in wanted))
    return order


@pytest.mark.simulated_time
async def test_burst_goes_at_once_and_the_rest_at_the_rate():
    where = lane(every=0.05, burst=3)
    watch = Stopwatch()
    moments = []
    for _ in range(6):
        await where.turn(patience=5)
        moments.append(watch.seconds)
    assert moments == pytest.approx([0, 0, 0, 0.05, 0.1, 0.15], abs=1e-5)


async def test_no_window_exceeds_burst_and_rate():
    where = lane(every=0.01, burst=4)
    loop = asyncio.get_running_loop()
    moments: list[float] = []

    async def one() -> None:
        await where.turn(patience=5)
        moments.append(loop.time())

    await asyncio.gather(*(one() for _ in range(30)))
    for first, start in enumerate(moments):
        for last in range(first, len(moments)):
            # The burst and one more for every interval.
            assert last - first + 1 <= 4 + (moments[last] - start) / 0.01 + 1.01


async def test_busy_channel_does_not_delay_another():
    where = lane(every=0.002)
    # Until all have arrived.
    where.hold(0.1)
    busy = [(f"busy-{number}", Urgency.USUAL) for number in range(40)]
    order = await served(where, [*busy, ("quiet-0", Urgency.USUAL)])
    assert order.index("quiet-0") == 1


async def test_order_within_a_channel_is_kept():
    where = lane(every=0.001)
    order = await served(where, [(f"one-{number}", Urgency.USUAL) for number in range(20)])
    assert order == [f"one-{number}" for number in range(20)]


async def test_final_precedes_usual_and_usual_precedes_progress():
    where = lane(every=0.01)
    await where.turn(patience=1)
    order = await served(
        where, [("a", Urgency.PROGRESS), ("b", Urgency.USUAL), ("c", Urgency.FINAL), ("d", Urgency.USUAL)]
    )
    assert order == ["c", "b", "d", "a"]


async def test_progress_leaves_part_of_the_burst_to_others():
    where = lane(every=60, burst=8)
    for _ in range(6):
        await where.turn(urgency=Urgency.PROGRESS, patience=0.01)
    with pytest.raises(SlackUnavailable):
        await where.turn(urgency=Urgency.PROGRESS, patience=0.01)
    await where.turn(urgency=Urgency.FINAL, patience=0.01)


async def test_cancelled_waiter_takes_no_turn():
    where = lane(every=0.05)
    await where.turn(patience=1)
    impatient = [asyncio.create_task(where.turn(patience=60)) for _ in range(100)]
    patient = asyncio.create_task(where.turn(patience=60))
    await asyncio.sleep(0)
    for task in impatient:
        task.cancel()
    started = time.monotonic()
    await patient
    assert time.monotonic() - started < 2
    assert all(
        isinstance(result, asyncio.CancelledError)
        for result in await asyncio.gather(*impatient, return_exceptions=True)
    )


async def test_turn_granted_during_cancellation_goes_to_the_next():
    where = lane(every=30, burst=1)
    await where.turn(patience=1)
    first, second = (asyncio.create_task(where.turn(patience=5)) for _ in range(2))
    await asyncio.sleep(0)
    where.give_back()
    # The first waiter has got its turn, but has not run since.
    first.cancel()
    async with asyncio.timeout(1):
        await second
    assert first.cancelled()


async def test_wait_is_bounded():
    where = lane(every=60)
    await where.turn(patience=1)
    with pytest.raises(SlackUnavailable):
        await where.turn(patience=0.02)


async def test_queue_is_bounded_and_progress_fills_at_most_half():
    where = lane(every=60, waiting=4)
    await where.turn(patience=1)
    waiting = [asyncio.create_task(where.turn(urgency=Urgency.PROGRESS, patience=5)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(SlackUnavailable):
        await where.turn(urgency=Urgency.PROGRESS, patience=5)
    waiting += [asyncio.create_task(where.turn(patience=5)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(SlackUnavailable):
        await where.turn(urgency=Urgency.FINAL, patience=5)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.simulated_time
async def test_hold_blocks_all_and_ends_without_a_burst():
    where = lane(every=0.1, burst=5)
    waiting = [asyncio.create_task(where.turn(patience=5)) for _ in range(2)]
    where.hold(0.1)
    watch = Stopwatch()
    await asyncio.gather(*waiting)
    assert watch.seconds == pytest.approx(0.1 + 0.1, abs=1e-5)


async def test_hold_longer_than_the_timeout_fails_at_once():
    where = lane(every=0.01)
    where.hold(60)
    started = time.monotonic()
    with pytest.raises(RateLimited) as raised:
        await where.turn(patience=20)
    assert time.monotonic() - started < 5
    assert raised.value.retry_after == pytest.approx(60, abs=1)


async def test_posts_in_one_channel_do_not_slow_another():
    limits = Limits(methods={}, other=Rate(every=0.001, burst=100), channel=Rate(every=60, burst=1))
    pacer = Pacer(limits)
    await pacer.turn("chat.postMessage", channel="C1")
    await pacer.turn("chat.postMessage", channel="C2", patience=0.1)
    with pytest.raises(SlackUnavailable):
        await pacer.turn("chat.postMessage", channel="C1", patience=0.05)
    await pacer.turn("chat.update", channel="C1", patience=0.1)


async def test_rate_limited_post_holds_its_channel_and_a_second_channel_holds_all():
    limits = Limits(methods={}, other=Rate(every=0.001, burst=100), channel=Rate(every=0.001, burst=10))
    pacer = Pacer(limits)
    pacer.refused("chat.postMessage", channel="C1", retry_after=60)
    with pytest.raises(RateLimited):
        await pacer.turn("chat.postMessage", channel="C1", patience=1)
    await pacer.turn("chat.postMessage", channel="C2", patience=1)
    pacer.refused("chat.postMessage", channel="C2", retry_after=60)
    with pytest.raises(RateLimited):
        await pacer.turn("chat.postMessage", channel="C3", patience=1)


async def test_post_refused_by_the_workspace_lane_keeps_its_channel_free():
    limits = Limits(methods={}, other=Rate(every=60, burst=1), channel=Rate(every=60, burst=1))
    pacer = Pacer(limits)
    await pacer.turn("chat.postMessage", channel="C1")
    with pytest.raises(SlackUnavailable) as raised:
        await pacer.turn("chat.postMessage", channel="C2", patience=0.02)
    assert raised.value.method == "chat.postMessage"
    with pytest.raises(SlackUnavailable) as again:
        await pacer.turn("chat.postMessage", channel="C2", patience=0.02)
    # The channel's only turn was returned: the next wait is for the workspace.
    assert again.value.method == "chat.postMessage"


@pytest.mark.simulated_time
async def test_every_turn_reports_its_wait():
    told: list[tuple[str, float]] = []
    limits = Limits(methods={}, other=Rate(every=0.001, burst=100), channel=Rate(every=0.25, burst=1))
    pacer = Pacer(limits, waited=lambda method, seconds: told.append((method, round(seconds, 3))))
    await pacer.turn("chat.postMessage", channel="C1")
    await pacer.turn("chat.postMessage", channel="C1")
    pacer.refused("chat.postMessage", channel="C1", retry_after=1)
    await pacer.turn("chat.postMessage", channel="C1")
    assert told == [("chat.postMessage", 0), ("chat.postMessage", 0.25), ("chat.postMessage", 1.25)]


@pytest.mark.simulated_time
async def test_unasked_calls_leave_a_share_to_the_others_and_wait_behind_them():
    where = lane(every=1.0, burst=8)
    with unasked():
        flood = [asyncio.create_task(where.turn(key="pastes", urgency=Urgency.FINAL, patience=60)) for _ in range(30)]
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert sum(each.done() for each in flood) == 6
    watch = Stopwatch()
    for _ in range(2):
        await where.turn(key="a mention", patience=5)
    assert watch.seconds == pytest.approx(0, abs=0.01)
    await where.turn(key="a mention", patience=5)
    assert watch.seconds < 1.1
    for each in flood:
        each.cancel()
    await asyncio.gather(*flood, return_exceptions=True)


@pytest.mark.simulated_time
async def test_busy_person_leaves_a_token_to_others():
    where = lane(every=1.0, burst=8)
    flood = [asyncio.create_task(where.turn(person="U1", patience=1_000)) for _ in range(40)]
    await asyncio.sleep(3)
    watch = Stopwatch()
    await where.turn(person="U2", patience=5)
    await where.turn(key="C1", patience=5)
    assert watch.seconds == pytest.approx(0, abs=1e-5)
    await asyncio.gather(*flood)


@pytest.mark.simulated_time
async def test_quiet_person_goes_before_the_waiting_calls_of_a_busy_one():
    where = lane(every=1.0, burst=2)
    flood = [asyncio.create_task(where.turn(person="U1", patience=1_000)) for _ in range(20)]
    await asyncio.sleep(0.5)
    watch = Stopwatch()
    await where.turn(person="U2", patience=5)
    assert watch.seconds == pytest.approx(0, abs=1e-5)
    await asyncio.gather(*flood)
