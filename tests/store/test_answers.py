import asyncio
from datetime import datetime, timedelta
from typing import Any

from bot.store import Store, StoredAnswer


async def save(store: Store, now: datetime, revision: int = 1, **fields: Any) -> bool:
    values: dict[str, Any] = {
        "request_id": "Ev1",
        "channel": "C1",
        "ts": "1.2",
        "incident": "oom-killed",
        "verdict": "confirmed",
        "message": {"text": "a\x00b"},
    }
    return await store.answers.save(StoredAnswer(revision=revision, saved=now, **{**values, **fields}))


async def test_an_answer_is_read_back_by_request_and_by_message(store: Store, now: datetime) -> None:
    assert await save(store, now)
    expected = StoredAnswer(
        request_id="Ev1",
        revision=1,
        channel="C1",
        ts="1.2",
        incident="oom-killed",
        verdict="confirmed",
        message={"text": "a\ufffdb"},
        shown={},
        saved=now,
    )
    assert await store.answers.get("Ev1") == expected
    assert await store.answers.by_message("C1", "1.2") == expected
    assert await store.answers.by_message("C1", "") is None


async def test_a_later_revision_replaces_and_an_earlier_one_does_not(store: Store, now: datetime) -> None:
    assert await save(store, now, revision=2, verdict="likely")
    await store.answers.note("Ev1", {"restart": "done"})
    assert not await save(store, now, revision=1, verdict="possible")
    assert await save(store, now + timedelta(1), revision=3, verdict="confirmed")
    found = await store.answers.get("Ev1")
    assert found is not None
    assert (found.revision, found.verdict, found.shown) == (3, "confirmed", {"restart": "done"})


async def test_concurrent_notes_on_a_message_are_all_kept(store: Store, now: datetime) -> None:
    await save(store, now)
    await asyncio.gather(*(store.answers.note("Ev1", {f"remedy-{number}": number}) for number in range(12)))
    found = await store.answers.get("Ev1")
    assert found is not None
    assert found.shown == {f"remedy-{number}": number for number in range(12)}


async def test_a_deleted_answer_is_gone(store: Store, now: datetime) -> None:
    await save(store, now)
    assert await store.answers.delete("Ev1")
    assert not await store.answers.delete("Ev1")
    assert await store.answers.note("Ev1", {"a": 1}) is None
    assert await store.answers.get("Ev1") is None
