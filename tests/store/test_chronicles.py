"""Facts of incident channels arrive in any order, more than once, and through two processes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.store import ChannelState, FactRow, Mark, RecordedMessage, Store, open_store
from bot.store.types import storable, storable_key

TS = "1700000000.000100"
EDITED = "1700000060.000000"
LATER = "1700000061.000000"
MINUTE = timedelta(minutes=1)


def fact(at: datetime, says: str, key: str = "", *, ts: str = TS, incident: str = "") -> FactRow:
    document = {"at": at.isoformat(), "says": says}
    return FactRow(key=key or f"m:{ts}:error", at=at, ts=ts, incident=incident, document=document)


def said(at: datetime, says: str, *, ts: str = TS, version: str = "") -> RecordedMessage:
    """Return a message with one fact, or noise."""
    return RecordedMessage(ts=ts, version=version, facts=[fact(at, says, ts=ts)] if says else [])


def mark(at: datetime, what: str = "pinned", *, user: str = "U1", ts: str = TS, **more: Any) -> Mark:
    return Mark(ts=ts, user=user, what=what, at=at, **more)


async def marks(store: Store) -> list[tuple[str, str, str]]:
    found = await store.chronicles.read("C1")
    assert found is not None
    return sorted((each.user, each.what, each.says) for each in found.marks)


def texts(facts: Sequence[FactRow]) -> list[str]:
    return [each.document["says"] for each in facts]


async def revision(store: Store, channel: str = "C1") -> int:
    found = await store.chronicles.get(channel)
    assert found is not None
    return found.revision


@pytest.fixture
async def opened(store: Store, now: datetime) -> Store:
    await store.chronicles.open("C1", team="T1", name="inc-1", at=now)
    return store


async def test_facts_are_read_back_unchanged_by_time(opened: Store, now: datetime) -> None:
    first = FactRow(
        key="a:Ev1:oom",
        at=now,
        ts=TS,
        incident="oom",
        document={
            "says": "错误 🙂",
            "title": {"en": "x", "zh": "错"},
            "objects": [{"name": "web-0"}],
            "by_hand": False,
        },
    )
    later = fact(now + MINUTE, "later", "r:P1", ts="")
    assert await opened.chronicles.add("C1", later)
    assert await opened.chronicles.add("C1", first)
    assert await opened.chronicles.facts("C1") == (first, later)
    assert await opened.chronicles.facts("C2") == ()
    assert await opened.chronicles.read("C2") is None


async def test_a_redelivered_message_changes_nothing(opened: Store, now: datetime) -> None:
    message = RecordedMessage(
        ts=TS, facts=[replace(fact(now, "oom"), document={"says": "oom", "links": ("https://a.test",)})]
    )
    before = await revision(opened)
    assert await opened.chronicles.record("C1", message)
    assert not await opened.chronicles.record("C1", message)
    assert await revision(opened) == before + 1


async def test_an_edit_replaces_all_facts_of_a_message(opened: Store, now: datetime) -> None:
    both = [fact(now, "oom"), fact(now, "rolling back", f"m:{TS}:decision")]
    await opened.chronicles.record("C1", RecordedMessage(ts=TS, facts=both))
    await opened.chronicles.add("C1", fact(now, "from an answer", "a:Ev1:oom"))
    assert await opened.chronicles.record("C1", said(now, "oom in checkout", version=EDITED))
    assert sorted(texts(await opened.chronicles.facts("C1"))) == ["from an answer", "oom in checkout"]


async def test_an_edit_to_noise_removes_all_facts(opened: Store, now: datetime) -> None:
    await opened.chronicles.record("C1", said(now, "mitigated"))
    assert await opened.chronicles.record("C1", said(now, "", version=EDITED))
    assert await opened.chronicles.facts("C1") == ()


async def test_facts_read_by_a_newer_program_replace_the_old_ones(opened: Store, now: datetime) -> None:
    await opened.chronicles.record("C1", said(now, "dns?"))
    assert await opened.chronicles.record("C1", said(now, "is it dns?"))
    assert await opened.chronicles.record("C1", said(now, ""))
    assert await opened.chronicles.facts("C1") == ()


@pytest.mark.parametrize("second", ["an edit", ""])
async def test_an_edit_that_arrives_before_its_message_wins(opened: Store, now: datetime, second: str) -> None:
    await opened.chronicles.record("C1", said(now, second, version=LATER))
    before = await revision(opened)
    assert not await opened.chronicles.record("C1", said(now, "first"))
    assert not await opened.chronicles.record("C1", said(now, "between", version=EDITED))
    assert texts(await opened.chronicles.facts("C1")) == [second][: len(second)]
    assert await revision(opened) == before


async def test_a_deleted_message_stays_deleted(opened: Store, now: datetime) -> None:
    await opened.chronicles.forget("C1", TS)
    assert not await opened.chronicles.record("C1", said(now, "first"))
    assert not await opened.chronicles.record("C1", said(now, "edit", version=EDITED))
    assert not await opened.chronicles.mark("C1", mark(now))
    assert await opened.chronicles.facts("C1") == ()


async def test_deleting_a_message_removes_only_its_own_facts(opened: Store, now: datetime) -> None:
    await opened.chronicles.record("C1", said(now, "edit", version=EDITED))
    await opened.chronicles.mark("C1", mark(now))
    await opened.chronicles.add("C1", fact(now, "restarted", "r:P1"))
    assert await opened.chronicles.forget("C1", TS)
    assert not await opened.chronicles.forget("C1", TS)
    assert texts(await opened.chronicles.facts("C1")) == ["restarted"]
    assert await marks(opened) == []


async def test_noise_is_not_stored(opened: Store, now: datetime) -> None:
    before = await opened.chronicles.get("C1")
    assert not await opened.chronicles.record("C1", said(now, ""))
    assert not await opened.chronicles.reread("C1", [said(now, "")])
    assert not await opened.chronicles.backfilled("C1", "x", after="not there")
    assert await opened.chronicles.get("C1") == before


async def test_an_answer_replaces_its_facts_unless_a_later_revision_is_stored(opened: Store, now: datetime) -> None:
    oom, dns = fact(now, "oom", "a:Ev1:oom"), fact(now, "dns", "a:Ev1:dns")
    assert await opened.chronicles.replace("C1", "a:Ev1", [oom, dns], revision=2)
    assert not await opened.chronicles.replace("C1", "a:Ev1", [fact(now, "old", "a:Ev1:old")], revision=1)
    assert await opened.chronicles.replace("C1", "a:Ev1", [dns], revision=10)
    assert not await opened.chronicles.replace("C1", "a:Ev1", [oom], revision=9)
    assert texts(await opened.chronicles.facts("C1")) == ["dns"]
    assert await opened.chronicles.replace("C1", "a:Ev1", [], revision=10)
    assert await opened.chronicles.facts("C1") == ()


async def test_a_fact_found_again_keeps_its_first_date(opened: Store, now: datetime) -> None:
    for minutes, says in enumerate(["likely", "confirmed", "confirmed"]):
        known = fact(now + timedelta(minutes=minutes), says, key="a:R1:oom")
        changed = await opened.chronicles.replace("C1", "a:R1", [known])
        assert changed == (minutes < 2)
    (kept,) = await opened.chronicles.facts("C1")
    assert kept.at == now + timedelta(minutes=1)


async def test_a_remedy_stays_one_fact_through_all_its_states(opened: Store, now: datetime) -> None:
    await opened.chronicles.add("C1", fact(now, "applying", "r:P1", ts=""))
    assert await opened.chronicles.add("C1", fact(now + MINUTE, "fixed", "r:P1", ts=""))
    assert not await opened.chronicles.add("C1", fact(now + MINUTE, "fixed", "r:P1", ts=""))
    assert texts(await opened.chronicles.facts("C1")) == ["fixed"]


async def test_a_channel_that_is_unknown_or_dismissed_records_nothing(store: Store, now: datetime) -> None:
    await store.chronicles.open("C1", team="T1", name="inc-1", at=now)
    await store.chronicles.record("C1", said(now, "oom"))
    await store.chronicles.set_state("C1", ChannelState.DISMISSED, now + MINUTE)
    for channel in ("C1", "C9"):
        assert not await store.chronicles.record(channel, said(now, "other", ts="1700000009.000100"))
        assert not await store.chronicles.add(channel, fact(now, "x", "r:P1"))
        assert not await store.chronicles.forget(channel, TS)
        assert not await store.chronicles.mark(channel, mark(now))
        assert not await store.chronicles.reread(channel, [said(now, "other")])
        assert not await store.chronicles.backfilled(channel, "", after=None)
        assert not await store.chronicles.miss(channel, TS)
    assert texts(await store.chronicles.facts("C1")) == ["oom"]


async def test_a_history_page_is_recorded_once_and_one_process_moves_the_cursor(opened: Store, now: datetime) -> None:
    page = [said(now + number * MINUTE, f"line {number}", ts=f"170000000{number}.000100") for number in range(5)]
    await opened.chronicles.record("C1", said(now, "edited since", ts=page[1].ts, version=EDITED))
    assert await opened.chronicles.reread("C1", page)
    assert await opened.chronicles.backfilled("C1", "next", after=None)
    found = await opened.chronicles.read("C1")
    assert found is not None
    assert (found.channel.cursor, texts(found.facts)) == (
        "next",
        ["line 0", "edited since", "line 2", "line 3", "line 4"],
    )
    # A process killed before the cursor is saved reads the page again, or another process reads it too.
    assert not await opened.chronicles.reread("C1", page)
    assert not await opened.chronicles.backfilled("C1", "next", after=None)
    assert await opened.chronicles.read("C1") == found
    assert await opened.chronicles.backfilled("C1", "", after="next")
    assert await opened.chronicles.begin_anew("C1")
    again = await opened.chronicles.get("C1")
    assert again is not None
    assert again.cursor is None


async def test_deleted_messages_are_forgotten_and_kept_ones_can_be_listed(opened: Store, now: datetime) -> None:
    below = replace(
        fact(now, "reply", "m:1700000003.000100", ts="1700000003.000100"), document={"says": "reply", "thread_ts": TS}
    )
    await opened.chronicles.record("C1", said(now, "oom"))
    await opened.chronicles.record("C1", RecordedMessage(ts="1700000003.000100", facts=(below,)))
    await opened.chronicles.add("C1", fact(now, "ours", "a:Ev1:oom", ts="1700000004.000100"))
    assert await opened.chronicles.kept("C1") == {TS: "", "1700000003.000100": TS}
    assert await opened.chronicles.reread("C1", [], gone=[TS])
    assert not await opened.chronicles.reread("C1", [said(now, "oom")], gone=[TS])
    assert texts(await opened.chronicles.facts("C1")) == ["ours", "reply"]


async def test_missed_messages_are_read_by_one_process_and_again_after_a_new_gap(opened: Store) -> None:
    chronicles = opened.chronicles
    assert not await chronicles.made_up("C1", "x", after="")
    assert await chronicles.miss("C1", "1700000005.000000")
    assert await chronicles.made_up("C1", "1700000009.000000", after="")
    assert not await chronicles.made_up("C1", "1700000008.000000", after="")
    assert await chronicles.miss("C1", "1700000020.000000")
    found = await chronicles.get("C1")
    assert found is not None
    assert (found.missed, found.missed_cursor) == ("1700000005.000000", "")
    assert not await chronicles.made_up("C1", "", after="1700000009.000000")
    assert await chronicles.made_up("C1", "", after="")
    found = await chronicles.get("C1")
    assert found is not None
    assert found.missed == ""


async def test_a_found_mark_does_not_replace_an_existing_one(opened: Store, now: datetime) -> None:
    chronicles = opened.chronicles
    assert await chronicles.mark("C1", mark(now), found=True)
    assert not await chronicles.mark("C1", mark(now + 2 * MINUTE), found=True)
    assert await chronicles.mark("C1", mark(now + 3 * MINUTE, stands=False))
    assert await chronicles.mark("C1", mark(now + 4 * MINUTE), found=True)


async def test_the_later_of_two_versions_in_one_page_counts(opened: Store, now: datetime) -> None:
    page = [said(now, "edit", version=EDITED), said(now, "first")]
    await opened.chronicles.reread("C1", page)
    assert texts(await opened.chronicles.facts("C1")) == ["edit"]


async def test_the_last_mark_of_each_kind_per_person_stands_in_any_order(opened: Store, now: datetime) -> None:
    set_then = [
        mark(now, "cause", says="the pool"),
        mark(now + MINUTE, "cause", says="the pool of cart"),
        mark(now, "cause", user="U2"),
        mark(now + MINUTE, "cause", user="U2", stands=False),
        mark(now, "decision"),
    ]
    for order in (set_then, set_then[::-1]):
        for each in order:
            await opened.chronicles.mark("C1", each)
    assert await marks(opened) == [("U1", "cause", "the pool of cart"), ("U1", "decision", "")]
    assert not await opened.chronicles.mark("C1", *set_then)


async def test_marks_survive_edits(opened: Store, now: datetime) -> None:
    await opened.chronicles.record("C1", said(now, "oom"))
    before = await revision(opened)
    assert await opened.chronicles.mark("C1", mark(now, "wrong"), mark(now, "impact"))
    await opened.chronicles.record("C1", said(now, "oomkilled", version=EDITED))
    assert await marks(opened) == [("U1", "impact", ""), ("U1", "wrong", "")]
    assert await revision(opened) == before + 2


async def test_facts_about_the_same_incident_are_found_in_other_channels(opened: Store, now: datetime) -> None:
    for number, state in enumerate(ChannelState, 2):
        channel = f"C{number}"
        await opened.chronicles.open(channel, team="T1", name=f"inc-{number}", at=now + number * MINUTE)
        for key, incident, age in (("new", "oom", 0), ("old", "oom", 99), ("other", "dns", 0)):
            row = fact(now - age * MINUTE, f"{key} {channel}", f"a:{key}", ts=key, incident=incident)
            await opened.chronicles.add(channel, row)
        await opened.chronicles.set_state(channel, state, now + 99 * MINUTE)
    await opened.chronicles.add("C1", fact(now, "mine", "a:Ev9:oom", incident="oom"))
    found = await opened.chronicles.elsewhere(["oom", "x"], besides="C1", since=now - MINUTE)
    assert [(each.channel.name, texts(each.facts)) for each in found] == [
        ("inc-3", ["new C3"]),
        ("inc-2", ["new C2"]),
    ]
    await opened.chronicles.mark("C2", mark(now, "wrong", ts="new"))
    marked = await opened.chronicles.elsewhere(["oom"], besides="C3", since=now)
    assert [len(each.marks) for each in marked] == [1, 0]


async def test_inactive_channels_are_purged_and_dismissed_ones_stay_known(store: Store, now: datetime) -> None:
    old = now - timedelta(days=100)
    for state in ChannelState:
        for channel, last in ((f"old {state}", old), (f"new {state}", now)):
            await store.chronicles.open(channel, team="T1", name=channel, at=old)
            await store.chronicles.record(channel, said(last, "oom"))
            await store.chronicles.caught_up(channel, "U1", old)
            await store.chronicles.set_state(channel, state, old + MINUTE)
    before = now - timedelta(days=90)
    await store.purge(now - timedelta(days=14), chronicles_before=before)
    for state in ChannelState:
        dismissed = state is ChannelState.DISMISSED
        assert (await store.chronicles.get(f"old {state}") is not None) is dismissed
        assert await store.chronicles.facts(f"old {state}") == ()
        assert (await store.chronicles.facts(f"new {state}") == ()) is dismissed
    assert await store.chronicles.purge(before, dismissed_before=before) == 0


async def test_a_chronicle_reopened_after_a_purge_is_new(opened: Store, now: datetime) -> None:
    await opened.chronicles.forget("C1", TS)
    assert await opened.chronicles.purge(now + MINUTE, dismissed_before=now) == 1
    await opened.chronicles.open("C1", team="T1", name="inc-1", at=now)
    assert await opened.chronicles.record("C1", said(now, "oom"))
    assert await revision(opened) == 2


async def test_two_processes_store_the_same_message_once(url: str, now: datetime) -> None:
    page = [said(now + number * MINUTE, f"line {number}", ts=f"17000000{number:02}.000100") for number in range(10)]
    async with open_store(url) as one, open_store(url) as other:
        await one.chronicles.open("C1", team="T1", name="inc-1", at=now)
        await asyncio.gather(
            *(store.chronicles.record("C1", message) for message in page for store in (one, other)),
            *(store.chronicles.reread("C1", page) for store in (one, other)),
        )
        assert texts(await one.chronicles.facts("C1")) == [f"line {number}" for number in range(10)]
        assert await one.chronicles.read("C1") == await other.chronicles.read("C1")


VERSIONS = st.tuples(st.sampled_from(["1", "2"]), st.sampled_from(["", EDITED, LATER, "deleted"]))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    story=st.dictionaries(VERSIONS, st.sampled_from(["noise", "fact"]), max_size=6),
    pages=st.booleans(),
    data=st.data(),
)
async def test_order_and_repetition_of_messages_do_not_matter(
    store: Store, now: datetime, story: dict[tuple[str, str], str], pages: bool, data: st.DataObject
) -> None:
    in_order = sorted(story)
    again = data.draw(st.lists(st.sampled_from(in_order), max_size=3)) if in_order else []
    kept = []
    for told in (in_order, data.draw(st.permutations([*in_order, *again]))):
        channel = uuid4().hex
        await store.chronicles.open(channel, team="T1", name="inc-1", at=now)
        for ts, version in told:
            message = said(now, f"{ts} {version}" if story[ts, version] == "fact" else "", ts=ts, version=version)
            if version == "deleted":
                await store.chronicles.forget(channel, ts)
            elif pages:
                await store.chronicles.reread(channel, [message])
            else:
                await store.chronicles.record(channel, message)
        kept.append(await store.chronicles.facts(channel))
    assert kept[0] == kept[1]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=()), max_size=40))
@example("nul \x00 half a pair \ud83d")
async def test_any_text_can_be_stored_and_compares_equal_when_repeated(opened: Store, now: datetime, text: str) -> None:
    row = FactRow(key=f"m:{TS}:{text}", at=now, ts=TS, document={"says": text, text: [text]})
    await opened.chronicles.record("C1", RecordedMessage(ts=TS, facts=[row]))
    assert not await opened.chronicles.record("C1", RecordedMessage(ts=TS, facts=[row]))
    (found,) = await opened.chronicles.facts("C1")
    assert (found.key, found.document["says"]) == (storable_key(row.key), storable(text))
