from datetime import datetime

from bot.store import OutboxEntry, PostingState, Store


async def test_a_first_attempt_differs_from_one_with_an_unknown_result(store: Store, now: datetime) -> None:
    assert await store.outbox.begin("Ev1:answer", "C1", "1.1", now) == PostingState(ts="", again=False)
    assert await store.outbox.begin("Ev1:answer", "C1", "1.1", now) == PostingState(ts="", again=True)


async def test_a_posted_message_is_not_posted_again(store: Store, now: datetime) -> None:
    await store.outbox.begin("Ev1:answer", "C1", "1.1", now)
    await store.outbox.done("Ev1:answer", "1.2")
    assert await store.outbox.begin("Ev1:answer", "C1", "1.1", now) == PostingState(ts="1.2", again=False)
    assert await store.outbox.get("Ev1:answer") == OutboxEntry(
        key="Ev1:answer", channel="C1", thread_ts="1.1", ts="1.2"
    )


async def test_a_message_finds_the_step_that_posted_it(store: Store, now: datetime) -> None:
    await store.outbox.begin("Ev1:answer", "C1", "1.1", now)
    assert await store.outbox.by_message("C1", "") is None
    await store.outbox.done("Ev1:answer", "1.2")
    assert await store.outbox.by_message("C1", "1.2") == "Ev1:answer"
    assert await store.outbox.by_message("C2", "1.2") is None


async def test_the_entry_of_a_message_posted_since_is_kept(store: Store, now: datetime) -> None:
    await store.outbox.begin("Ev1:answer", "C1", "1.1", now)
    await store.outbox.done("Ev1:answer", "1.3")
    assert not await store.outbox.forget("Ev1:answer", ts="1.2")
    assert await store.outbox.forget("Ev1:answer", ts="1.3")


async def test_a_forgotten_message_is_posted_again(store: Store, now: datetime) -> None:
    await store.outbox.begin("Ev1:answer", "C1", "1.1", now)
    assert await store.outbox.forget("Ev1:answer")
    assert not await store.outbox.forget("Ev1:answer")
    assert await store.outbox.get("Ev1:answer") is None
    assert await store.outbox.begin("Ev1:answer", "C1", "1.1", now) == PostingState(ts="", again=False)
