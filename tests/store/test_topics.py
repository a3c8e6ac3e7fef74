import asyncio
from datetime import datetime, timedelta

from bot.store import Store, Topic, open_store

WINDOW = timedelta(minutes=10)


async def test_the_first_to_ask_leads_and_later_ones_count_up(store: Store, now: datetime) -> None:
    later = now + timedelta(minutes=5)
    assert await store.topics.join("C1", "oom", "Ev1", now=now, window=WINDOW) == Topic(
        leader="Ev1", count=1, first=now, last=now
    )
    assert await store.topics.join("C1", "oom", "Ev2", now=later, window=WINDOW) == Topic(
        leader="Ev1", count=2, first=now, last=later
    )


async def test_joining_twice_counts_once(store: Store, now: datetime) -> None:
    await store.topics.join("C1", "oom", "Ev1", now=now, window=WINDOW)
    await store.topics.join("C1", "oom", "Ev2", now=now, window=WINDOW)
    again = await store.topics.join("C1", "oom", "Ev1", now=now + timedelta(days=1), window=WINDOW)
    assert again == Topic(leader="Ev1", count=2, first=now, last=now)


async def test_repeats_do_not_extend_a_topic(store: Store, now: datetime) -> None:
    for number in range(3):
        when = now + number * WINDOW / 2
        topic = await store.topics.join("C1", "oom", f"Ev{number}", now=when, window=WINDOW)
        assert (topic.leader, topic.count) == ("Ev0", number + 1)
    late = now + WINDOW + timedelta(microseconds=1)
    assert (await store.topics.join("C1", "oom", "Ev9", now=late, window=WINDOW)).leader == "Ev9"


async def test_channels_and_fingerprints_do_not_share_topics(store: Store, now: datetime) -> None:
    for channel, fingerprint in (("C1", "oom"), ("C2", "oom"), ("C1", "dns")):
        topic = await store.topics.join(channel, fingerprint, f"{channel}{fingerprint}", now=now, window=WINDOW)
        assert topic.count == 1


async def test_a_topic_whose_answer_is_gone_is_reopened(store: Store, now: datetime) -> None:
    await store.topics.join("C1", "oom", "Ev1", now=now, window=WINDOW)
    await store.topics.join("C1", "oom", "Ev2", now=now, window=WINDOW)
    assert await store.topics.end("Ev2") == 0
    assert await store.topics.end("Ev1") == 1
    assert (await store.topics.join("C1", "oom", "Ev2", now=now, window=WINDOW)).leader == "Ev2"


async def test_a_closed_topic_takes_no_more_members_and_keeps_its_own(store: Store, now: datetime) -> None:
    await store.topics.join("C1", "oom", "Ev1", now=now, window=WINDOW)
    await store.topics.join("C1", "oom", "Ev2", now=now, window=WINDOW)
    await store.topics.close("Ev1")
    assert (await store.topics.join("C1", "oom", "Ev3", now=now, window=WINDOW)).leader == "Ev3"
    assert (await store.topics.join("C1", "oom", "Ev2", now=now, window=WINDOW)).leader == "Ev1"


async def test_one_of_several_members_takes_over(store: Store, now: datetime) -> None:
    for number in range(1, 4):
        await store.topics.join("C1", "oom", f"Ev{number}", now=now, window=WINDOW)
    taken = [
        await store.topics.take_over("C1", "oom", leader="Ev1", request_id=request, now=now)
        for request in ("Ev2", "Ev3")
    ]
    assert taken == [True, False]
    topic = await store.topics.join("C1", "oom", "Ev3", now=now, window=WINDOW)
    assert (topic.leader, topic.count) == ("Ev2", 3)


async def test_an_edited_request_ends_its_other_topics_only(store: Store, now: datetime) -> None:
    for fingerprint in ("oom", "dns"):
        await store.topics.join("C1", fingerprint, "Ev1", now=now, window=WINDOW)
    assert await store.topics.end("Ev1", other_than="dns") == 1
    assert (await store.topics.join("C1", "dns", "Ev2", now=now, window=WINDOW)).leader == "Ev1"


async def test_one_of_many_concurrent_joins_leads(url: str, now: datetime) -> None:
    async with open_store(url) as one, open_store(url) as other:
        joined = await asyncio.gather(
            *(
                store.topics.join("C1", "oom", f"Ev{number}", now=now, window=WINDOW)
                for number in range(10)
                for store in (one, other)  # each request is delivered to both processes
            )
        )
    assert len({topic.leader for topic in joined}) == 1
    assert {topic.count for topic in joined} == set(range(1, 11))
