"""States of incident channels; of two processes only one renders each revision of a summary."""

import asyncio
from datetime import datetime, timedelta

import pytest

from bot.store import ChannelState, FactRow, IncidentChannel, Store, open_store

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def opened(store: Store, now: datetime) -> Store:
    await store.chronicles.open("C1", team="T1", name="inc-1", at=now)
    return store


async def get(store: Store, channel: str = "C1") -> IncidentChannel:
    found = await store.chronicles.get(channel)
    assert found is not None
    return found


async def add(store: Store, now: datetime, key: str) -> int:
    """Add one more revision."""
    await store.chronicles.add("C1", FactRow(key=key, at=now, document={}))
    return (await get(store)).revision


async def test_a_channel_is_opened_once(store: Store, now: datetime) -> None:
    assert await store.chronicles.get("C1") is None
    assert await store.chronicles.open("C1", team="T1", name="inc-1", at=now)
    assert not await store.chronicles.open("C1", team="T1", name="inc-2", at=now + MINUTE)
    assert await get(store) == IncidentChannel(
        channel="C1",
        team="T1",
        name="inc-1",
        state=ChannelState.OPEN,
        opened=now,
        since=now,
        resolved=None,
        cursor=None,
        missed="",
        missed_cursor="",
        revision=1,
        shown=0,
        summary_ts="",
        canvas="",
    )


async def test_open_and_recently_resolved_channels_are_listed_newest_first(store: Store, now: datetime) -> None:
    for number in range(4):
        await store.chronicles.open(f"C{number}", team="T1", name="inc", at=now + number * MINUTE)
    await store.chronicles.set_state("C2", ChannelState.RESOLVED, now + 9 * MINUTE)
    await store.chronicles.set_state("C1", ChannelState.DISMISSED, now + 9 * MINUTE)
    assert [each.channel for each in await store.chronicles.list_live(now + 9 * MINUTE)] == ["C3", "C2", "C0"]
    assert [each.channel for each in await store.chronicles.list_live(now + 10 * MINUTE)] == ["C3", "C0"]


async def test_a_state_changes_once_and_late_events_do_not_change_it(opened: Store, now: datetime) -> None:
    assert await opened.chronicles.set_state("C1", ChannelState.RESOLVED, now + MINUTE)
    assert not await opened.chronicles.set_state("C1", ChannelState.RESOLVED, now + 2 * MINUTE)
    assert await opened.chronicles.set_state("C1", ChannelState.OPEN, now + 3 * MINUTE)
    assert not await opened.chronicles.set_state("C1", ChannelState.RESOLVED, now + MINUTE)
    assert not await opened.chronicles.set_state("C9", ChannelState.OPEN, now)
    found = await get(opened)
    assert (found.state, found.since, found.resolved, found.revision) == (
        ChannelState.OPEN,
        now + 3 * MINUTE,
        None,
        3,
    )


async def test_an_archived_channel_remembers_whether_it_was_resolved(opened: Store, now: datetime) -> None:
    await opened.chronicles.set_state("C1", ChannelState.RESOLVED, now + MINUTE)
    await opened.chronicles.set_state("C1", ChannelState.ARCHIVED, now + 2 * MINUTE)
    found = await get(opened)
    assert (found.state, found.since, found.resolved) == (ChannelState.ARCHIVED, now + 2 * MINUTE, now + MINUTE)


async def test_the_history_is_read_again_after_a_mistaken_dismissal(opened: Store, now: datetime) -> None:
    await opened.chronicles.backfilled("C1", "", after=None)
    await opened.chronicles.set_state("C1", ChannelState.DISMISSED, now + MINUTE)
    assert (await get(opened)).cursor == ""
    await opened.chronicles.set_state("C1", ChannelState.OPEN, now + 2 * MINUTE)
    assert (await get(opened)).cursor is None


async def test_the_latest_name_wins(opened: Store, now: datetime) -> None:
    assert await opened.chronicles.rename("C1", "inc-dns", now + 2 * MINUTE)
    assert not await opened.chronicles.rename("C1", "inc-2", now + MINUTE)
    assert not await opened.chronicles.rename("C1", "inc-dns", now + 2 * MINUTE)
    assert not await opened.chronicles.rename("C9", "inc-9", now)
    found = await get(opened)
    assert (found.name, found.revision) == ("inc-dns", 2)


async def test_catching_up_returns_the_previous_read_time_even_when_repeated(opened: Store, now: datetime) -> None:
    assert await opened.chronicles.caught_up("C1", "U1", now) is None
    assert await opened.chronicles.caught_up("C1", "U1", now) is None
    assert await opened.chronicles.caught_up("C1", "U1", now + MINUTE) == now
    assert await opened.chronicles.caught_up("C1", "U1", now + MINUTE) == now
    assert await opened.chronicles.caught_up("C1", "U1", now) == now  # arrives late
    assert await opened.chronicles.caught_up("C1", "U1", now + 2 * MINUTE) == now + MINUTE
    assert await opened.chronicles.caught_up("C1", "U2", now + MINUTE) is None
    assert await opened.chronicles.caught_up("C9", "U1", now) is None
    assert (await get(opened)).revision == 1


async def test_a_revision_is_rendered_by_one_process_and_then_shown(opened: Store, now: datetime) -> None:
    assert [each.channel for each in await opened.chronicles.list_due(now)] == ["C1"]
    assert await opened.chronicles.claim_summary("C1", 1, "A", now)
    assert await opened.chronicles.claim_summary("C1", 1, "A", now)  # the same attempt, repeated
    assert not await opened.chronicles.claim_summary("C1", 1, "B", now)
    assert await opened.chronicles.list_due(now) == ()
    await opened.chronicles.rendered("C1", 1, "A")
    assert not await opened.chronicles.claim_summary("C1", 1, "B", now)
    assert await opened.chronicles.list_due(now + 9 * MINUTE) == ()
    await opened.chronicles.rendered("C1", 1, "A")  # reported again
    await opened.chronicles.rendered("C9", 1, "A")
    assert (await get(opened)).shown == 1


async def test_the_renderer_learns_of_newer_revisions(opened: Store, now: datetime) -> None:
    await opened.chronicles.claim_summary("C1", 1, "A", now)
    assert await add(opened, now, "r:P1") == 2
    assert not await opened.chronicles.claim_summary("C1", 2, "B", now)
    await opened.chronicles.rendered("C1", 1, "A")
    assert ((await get(opened)).shown, (await get(opened)).revision) == (1, 2)
    assert not await opened.chronicles.claim_summary("C1", 3, "B", now)  # does not exist yet
    assert await opened.chronicles.claim_summary("C1", 2, "B", now)


async def test_a_late_report_after_the_lease_causes_another_rendering(opened: Store, now: datetime) -> None:
    await opened.chronicles.claim_summary("C1", 1, "A", now, lease=MINUTE)
    assert await add(opened, now, "r:P1") == 2
    assert [each.channel for each in await opened.chronicles.list_due(now + MINUTE)] == ["C1"]
    assert await opened.chronicles.claim_summary("C1", 2, "B", now + MINUTE)
    await opened.chronicles.rendered("C1", 2, "B")
    assert (await get(opened)).shown == 2
    # A wakes up: its text may have replaced B's.
    await opened.chronicles.rendered("C1", 1, "A")
    assert (await get(opened)).shown == 0
    assert await opened.chronicles.claim_summary("C1", 2, "B", now + 2 * MINUTE)


async def test_the_places_of_the_summary_are_stored(opened: Store) -> None:
    assert await opened.chronicles.placed("C1", summary_ts="1.1")
    assert await opened.chronicles.placed("C1", canvas="F1")
    assert not await opened.chronicles.placed("C9", canvas="F1")
    found = await opened.chronicles.get("C1")
    assert found is not None
    assert (found.summary_ts, found.canvas) == ("1.1", "F1")


async def test_the_posting_of_a_summary_is_kept_as_long_as_its_channel(opened: Store, now: datetime) -> None:
    for key in ("C1/summary", "C1/other"):
        await opened.outbox.begin(key, "C1", "", now)
        await opened.outbox.done(key, key)
    await opened.chronicles.placed("C1", summary_ts="C1/summary")
    later = now + timedelta(days=40)
    await opened.purge(later, chronicles_before=now - MINUTE)
    assert await opened.outbox.get("C1/summary") is not None
    assert await opened.outbox.get("C1/other") is None
    await opened.chronicles.set_state("C1", ChannelState.RESOLVED, now + MINUTE)
    await opened.purge(later, chronicles_before=later)
    assert await opened.outbox.get("C1/summary") is None


async def test_a_failed_attempt_releases_its_own_claim_only(opened: Store, now: datetime) -> None:
    await opened.chronicles.claim_summary("C1", 1, "A", now)
    await opened.chronicles.release_summary("C1", "B")
    await opened.chronicles.release_summary("C9", "A")
    assert not await opened.chronicles.claim_summary("C1", 1, "B", now)
    await opened.chronicles.release_summary("C1", "A")
    assert await opened.chronicles.claim_summary("C1", 1, "B", now)


async def test_concurrent_opening_resolving_and_rendering_happen_once(url: str, now: datetime) -> None:
    async with open_store(url) as one, open_store(url) as other:
        stores = [one, other] * 4
        open_all = (store.chronicles.open("C1", team="T1", name="inc-1", at=now) for store in stores)
        assert sum(await asyncio.gather(*open_all)) == 1
        resolve_all = (store.chronicles.set_state("C1", ChannelState.RESOLVED, now + MINUTE) for store in stores)
        assert sum(await asyncio.gather(*resolve_all)) == 1
        claim_all = (store.chronicles.claim_summary("C1", 2, f"{n}", now) for n, store in enumerate(stores))
        assert sum(await asyncio.gather(*claim_all)) == 1


async def test_concurrent_changes_all_count(url: str, now: datetime) -> None:
    async with open_store(url) as one, open_store(url) as other:
        await one.chronicles.open("C1", team="T1", name="inc-1", at=now)
        await asyncio.gather(*(add(store, now, f"r:{n}") for n, store in enumerate([one, other] * 6)))
        assert (await get(one)).revision == 13
