from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store import NewRequest, RequestState, Store, Surface
from bot.store.types import storable


def asked(now: datetime, id: str = "Ev1", **fields: object) -> NewRequest:
    given_ = NewRequest(
        id=id,
        origin=Surface.MESSAGE,
        team="T1",
        channel="C1",
        source_ts="1.1",
        user="U1",
        text="oom",
        created=now,
    )
    return replace(given_, **fields)  # type: ignore[arg-type]


async def test_a_request_is_read_back_unchanged(store: Store, now: datetime) -> None:
    request = asked(
        now,
        origin=Surface.COMMAND,
        thread_ts="0.9",
        response_url="https://hooks.slack.test/1",
        kind="Pod",
        namespace="shop",
        name="web-0",
        files=({"id": "F1", "name": "a.log", "size": 3, "mimetype": "text/plain", "url": "https://f"},),
        language="zh",
        text="错误 🙂",
    )
    assert await store.requests.add(request)
    found = await store.requests.get("Ev1")
    assert found is not None
    assert found.original == request
    assert (found.revision, found.parts, found.state) == (1, {"1.1": "错误 🙂"}, RequestState.OPEN)


async def test_an_id_is_added_once(store: Store, now: datetime) -> None:
    assert await store.requests.add(asked(now))
    assert not await store.requests.add(asked(now, text="another"))
    found = await store.requests.get("Ev1")
    assert found is not None
    assert found.text == "oom"


async def test_times_of_any_zone_are_stored(store: Store, now: datetime) -> None:
    there = now.astimezone(timezone(timedelta(hours=8)))
    await store.requests.add(asked(there))
    found = await store.requests.get("Ev1")
    assert found is not None
    assert found.original.created == now
    assert found.original.created.tzinfo is UTC


async def test_an_unknown_request_returns_none(store: Store, now: datetime) -> None:
    assert await store.requests.get("Ev9") is None
    assert await store.requests.amend("Ev9", "1.1", "x", now) is None
    assert not await store.requests.withdraw("Ev9")


async def test_parts_join_in_the_order_of_their_messages(store: Store, now: datetime) -> None:
    await store.requests.add(asked(now, source_ts="1700000000.000200", text="two"))
    assert await store.requests.amend("Ev1", "1700000000.000300", "three", now) == 2
    assert await store.requests.amend("Ev1", "1700000000.000100", "one", now) == 3
    found = await store.requests.get("Ev1")
    assert found is not None
    assert found.text == found.original.text == "one\ntwo\nthree"
    assert found.revision == 3


async def test_an_edit_replaces_its_part_and_opens_the_request_again(store: Store, now: datetime) -> None:
    await store.requests.add(asked(now))
    await store.requests.set_state("Ev1", RequestState.ANSWERED)
    assert await store.requests.amend("Ev1", "1.1", "oomkilled", now) == 2
    found = await store.requests.get("Ev1")
    assert found is not None
    assert (found.text, found.state) == ("oomkilled", RequestState.OPEN)


async def test_a_trimmed_part_is_whole_again_beside_a_new_one_unless_it_was_edited(store: Store, now: datetime) -> None:
    await store.requests.add(asked(now, text="one"), more=[("1.2", "two")])
    await store.requests.amend("Ev1", "1.2", "edited", now)
    assert await store.requests.trim("Ev1", 3, {"1.2": "ed"})
    assert await store.requests.amend("Ev1", "1.3", "three", now, beside=[("1.1", "one"), ("1.2", "two")]) == 4
    found = await store.requests.get("Ev1")
    assert found is not None
    assert found.text == "one\ned\nthree"


async def test_a_redelivered_edit_changes_nothing(store: Store, now: datetime) -> None:
    await store.requests.add(asked(now))
    await store.requests.amend("Ev1", "1.1", "edited", now)
    await store.requests.set_state("Ev1", RequestState.ANSWERED)
    assert await store.requests.amend("Ev1", "1.1", "edited", now) == 2
    found = await store.requests.get("Ev1")
    assert found is not None
    assert found.state is RequestState.ANSWERED


async def test_a_withdrawn_request_stays_withdrawn(store: Store, now: datetime) -> None:
    await store.requests.add(asked(now))
    assert await store.requests.withdraw("Ev1")
    assert not await store.requests.withdraw("Ev1")
    assert not await store.requests.set_state("Ev1", RequestState.ANSWERED)
    assert await store.requests.amend("Ev1", "1.1", "x", now) is None
    assert await store.requests.find_part("C1", "1.1") is None
    found = await store.requests.get("Ev1")
    assert found is not None
    assert found.state is RequestState.WITHDRAWN


async def test_a_message_finds_the_request_it_belongs_to(store: Store, now: datetime) -> None:
    await store.requests.add(asked(now))
    await store.requests.amend("Ev1", "1.2", "more", now)
    assert await store.requests.find_part("C1", "1.2") == "Ev1"
    assert await store.requests.find_part("C2", "1.2") is None
    await store.requests.add(asked(now + timedelta(seconds=1), "Ev2", origin=Surface.SHORTCUT, source_ts="1.2"))
    assert await store.requests.find_part("C1", "1.2") == "Ev2"


async def test_a_request_without_a_message_is_not_found_by_message(store: Store, now: datetime) -> None:
    await store.requests.add(asked(now, origin=Surface.COMMAND, source_ts=""))
    assert await store.requests.find_part("C1", "") is None


async def test_a_thread_lists_its_requests_oldest_first(store: Store, now: datetime) -> None:
    await store.requests.add(asked(now + timedelta(seconds=2), "Ev3", thread_ts="1.1", source_ts="1.4", text="c"))
    await store.requests.add(asked(now, "Ev1", text="a"))
    await store.requests.add(asked(now + timedelta(seconds=1), "Ev2", thread_ts="1.1", source_ts="1.3", text="b"))
    await store.requests.add(asked(now, "Ev4", thread_ts="7.7", source_ts="7.8"))
    found = await store.requests.in_thread("C1", "1.1")
    assert [(request.id, request.text) for request in found] == [("Ev1", "a"), ("Ev2", "b"), ("Ev3", "c")]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=()), max_size=60))
async def test_any_text_can_be_stored(store: Store, now: datetime, text: str) -> None:
    id = f"Ev{hash(text)}"
    await store.requests.add(asked(now, id, text=text, files=({"name": text},)))
    found = await store.requests.get(id)
    assert found is not None
    assert found.text == found.original.files[0]["name"] == storable(text)
    if "\x00" not in text and text.isprintable():
        assert found.text == text
