"""Saved incidents in the store: versions, audience, removal."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.store import LearnedEntry, Store


async def test_every_version_is_kept_and_the_newest_counts(store: Store, now: datetime) -> None:
    first = entry(now)
    second = replace(first, version=2, yaml="id: b", shared=True)
    assert await store.learned.save(first)
    assert not await store.learned.save(replace(first, yaml="id: other"))
    assert await store.learned.save(second)
    assert await store.learned.newest() == (second,)
    assert await store.learned.versions(first.id) == (first, second)


async def test_state_changes_with_every_save_share_and_removal(store: Store, now: datetime) -> None:
    seen = [await store.learned.state()]
    await store.learned.save(entry(now))
    seen.append(await store.learned.state())
    assert await store.learned.share("learned-a", 1, shared=True, now=now + timedelta(seconds=1))
    seen.append(await store.learned.state())
    assert (await store.learned.newest())[0].shared
    assert not await store.learned.share("learned-a", 2, shared=True, now=now)
    assert await store.learned.remove("learned-a")
    seen.append(await store.learned.state())
    assert len({*seen}) == 3
    assert seen[0] == seen[3]
    assert not await store.learned.remove("learned-a")


async def test_purge_keeps_saved_incidents_and_no_credentials_are_stored(store: Store, now: datetime) -> None:
    await store.learned.save(replace(entry(now), yaml="root_cause: password=hunter2-x7Kq9x7Kq9"))
    later = now + timedelta(days=4000)
    await store.purge(later, chronicles_before=later)
    (kept,) = await store.learned.newest()
    assert "hunter2" not in kept.yaml


def entry(now: datetime) -> LearnedEntry:
    return LearnedEntry(
        id="learned-a", version=1, yaml="id: a", channel="C1", channel_name="pay", author="U1", by="Alex", at=now
    )
