from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.store import Mute, Store, WatchPost
from bot.store.outbox import AcceptedJob

MINUTE = timedelta(minutes=1)


async def test_a_mute_lasts_until_it_ends_or_is_removed(store: Store, now: datetime) -> None:
    forever = Mute(channel="C1", muted="oom-killed", by="U1", at=now, until=None)
    short = Mute(channel="C1", muted="Pod shop/api-0", by="U1", at=now, until=now + MINUTE, reason="moved on Friday")
    await store.mutes.add(forever)
    await store.mutes.add(short)
    assert await store.mutes.list("C1", now) == (short, forever)
    assert await store.mutes.list("C2", now) == ()
    assert await store.mutes.list("C1", now + MINUTE) == (forever,)
    assert await store.mutes.remove("C1", "oom-killed")
    assert not await store.mutes.remove("C1", "oom-killed")
    assert await store.mutes.list("C1", now + MINUTE) == ()


async def test_a_mute_can_be_changed(store: Store, now: datetime) -> None:
    first = Mute(channel="C1", muted="dns", by="U1", at=now, until=now + MINUTE)
    second = replace(first, by="U2", until=None, reason="fixed in 2.4")
    await store.mutes.add(first)
    await store.mutes.add(second)
    assert await store.mutes.list("C1", now) == (second,)


async def test_a_person_has_one_opinion_per_answer(store: Store, now: datetime) -> None:
    assert await store.feedback.add("Ev1", "U1", "helpful", now)
    assert not await store.feedback.add("Ev1", "U1", "helpful", now)
    assert await store.feedback.add("Ev1", "U1", "wrong", now)
    assert await store.feedback.add("Ev1", "U2", "wrong", now)
    assert await store.feedback.add("Ev2", "U2", "helpful", now)
    opinions = [await store.feedback.has("Ev1", user, what) for user in ("U1", "U2") for what in ("helpful", "wrong")]
    assert opinions == [False, True, False, True]


async def test_a_remark_is_made_once_in_a_while(store: Store, now: datetime) -> None:
    assert await store.notices.once("C1:cannot-post", within=MINUTE, now=now)
    assert not await store.notices.once("C1:cannot-post", within=MINUTE, now=now + MINUTE - timedelta(seconds=1))
    assert await store.notices.once("C2:cannot-post", within=MINUTE, now=now)
    assert await store.notices.once("C1:cannot-post", within=MINUTE, now=now + MINUTE)


async def test_replicas_without_heartbeats_are_gone(store: Store, now: datetime) -> None:
    await store.replicas.beat("pod-a", "1", now)
    await store.replicas.beat("pod-b", "1", now)
    await store.replicas.beat("pod-b", "2", now + 2 * MINUTE)
    assert await store.replicas.gone(now + 2 * MINUTE, MINUTE) == ("pod-a",)
    assert await store.replicas.forget("pod-a")
    assert await store.replicas.gone(now + 2 * MINUTE, MINUTE) == ()


async def test_a_request_is_known_to_have_jobs_that_wait_for_their_record(store: Store, now: datetime) -> None:
    async def holds(id: str) -> bool:
        return await store.accepted_jobs.has_jobs_of(id, besides="withdraw")

    for kind, id in (("withdraw", "T1.C_1.5.withdrawn"), ("answer", "T1.C_1.50"), ("answer", "T1.CX1.5.amended")):
        await store.accepted_jobs.add(AcceptedJob(id=id, kind=kind, payload={}, at=now))
    assert not await holds("T1.C_1.5")
    await store.accepted_jobs.add(AcceptedJob(id="T1.C_1.5.amended", kind="answer", payload={}, at=now))
    assert await holds("T1.C_1.5")
    await store.accepted_jobs.delete(["T1.C_1.5.amended"])
    assert not await holds("T1.C_1.5")
    assert await holds("T1.C_1.50")


async def test_another_process_takes_over_a_watch_within_a_minute(store: Store, now: datetime) -> None:
    assert await store.watch_leases.take("prod", "pod-a", now)
    assert not await store.watch_leases.take("prod", "pod-b", now + timedelta(seconds=30))
    assert await store.watch_leases.take("stage", "pod-b", now)
    assert await store.watch_leases.take("prod", "pod-a", now + timedelta(seconds=30))
    # It stops renewing.
    assert not await store.watch_leases.take("prod", "pod-b", now + timedelta(seconds=60))
    assert await store.watch_leases.take("prod", "pod-b", now + timedelta(seconds=30 + 59))
    assert not await store.watch_leases.take("prod", "pod-a", now + timedelta(seconds=100))


async def test_a_process_that_stops_gives_its_own_lease_up(store: Store, now: datetime) -> None:
    assert await store.watch_leases.take("prod", "pod-a", now)
    await store.watch_leases.release("prod", "pod-b")
    assert not await store.watch_leases.take("prod", "pod-b", now)
    await store.watch_leases.release("prod", "pod-a")
    assert await store.watch_leases.take("prod", "pod-b", now)


def watch_post(now: datetime, cause: str, *, objects: Sequence[Sequence[str]] = (("Pod", "shop", "web"),)) -> WatchPost:
    return WatchPost(
        key=f"{cause}/{now.timestamp()}",
        cause=cause,
        channel="C1",
        cluster="prod",
        document={"says": cause},
        objects=objects,
        since=now,
        opened=now,
    )


async def test_cause_keeps_its_post_until_it_is_over(store: Store, now: datetime) -> None:
    first = await store.watch_posts.open(watch_post(now, "a"), budget=2)
    again = await store.watch_posts.open(watch_post(now + MINUTE, "a", objects=[("Pod", "shop", "cart")]), budget=2)
    assert again.key == first.key
    assert len(again.objects) == 2
    assert [each.key for each in await store.watch_posts.lasting("prod")] == [first.key]
    assert await store.watch_posts.lasting("stage") == ()

    await store.watch_posts.note(first.key, {"muted_by": "U1"})
    await store.watch_posts.shown(first.key)
    await store.watch_posts.close(first.key, now + 2 * MINUTE)
    closed = await store.watch_posts.get(first.key)
    assert closed is not None
    assert (closed.notes, closed.shown, closed.over) == ({"muted_by": "U1"}, True, now + 2 * MINUTE)
    assert await store.watch_posts.lasting("prod") == ()
    assert (await store.watch_posts.open(watch_post(now + 3 * MINUTE, "a"), budget=2)).key != first.key


async def test_what_was_seen_before_a_post_was_over_is_no_new_cause(store: Store, now: datetime) -> None:
    first = await store.watch_posts.open(watch_post(now, "a"), budget=2)
    await store.watch_posts.close(first.key, now + 2 * MINUTE)
    later = watch_post(now + 3 * MINUTE, "a")
    assert (await store.watch_posts.open(later, budget=2, looked=now + MINUTE)).key == first.key
    assert (await store.watch_posts.open(later, budget=2, looked=now + 2 * MINUTE)).key == later.key


async def test_causes_beyond_the_budget_of_an_hour_share_a_digest(store: Store, now: datetime) -> None:
    async def opened(cause: str, at: datetime) -> str:
        return (await store.watch_posts.open(watch_post(at, cause), budget=2)).digest

    assert [await opened(cause, now) for cause in "ab"] == ["", ""]
    digests = [await opened(cause, now + number * MINUTE) for number, cause in enumerate("cde")]
    assert len({*digests}) == 1
    assert digests[0]
    assert [each.cause for each in await store.watch_posts.of_digest(digests[0])] == ["c", "d", "e"]
    # An hour later there is room again, and then the next digest begins.
    later = now + 65 * MINUTE
    assert [await opened(cause, later) for cause in "fg"] == ["", ""]
    assert await opened("h", later) not in ("", digests[0])


async def test_thresholds_of_a_channel_are_replaced_removed_and_purged(store: Store, now: datetime) -> None:
    for minutes in (15, 60):
        await store.watch_thresholds.set("C1", "quota-exceeded", minutes * MINUTE, by="U1", at=now)
    assert await store.watch_thresholds.of("C1") == {"quota-exceeded": 60 * MINUTE}
    assert await store.watch_thresholds.of("C2") == {}
    await store.watch_thresholds.remove("C1", "quota-exceeded")
    assert await store.watch_thresholds.of("C1") == {}

    await store.watch_thresholds.set("C1", "claim-lost", 15 * MINUTE, by="U1", at=now)
    await store.watch_posts.open(watch_post(now, "a"), budget=2)
    assert await store.purge(now + MINUTE, chronicles_before=now) == 2
    assert await store.watch_thresholds.of("C1") == {}
    assert await store.watch_posts.lasting("prod") == ()
