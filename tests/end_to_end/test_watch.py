"""The watch: trouble that lasts and is explained becomes one post, which says when it is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp

from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.workplace import Workplace, is_final, words_of, workplace

WATCH = "C0000000001 till"
WELL = {**SCENE, "faults": {}}


def posts_in(at: Workplace) -> list[dict[str, Any]]:
    return [one for one in at.ours() if is_final(one)]


async def watched(at: Workplace) -> None:
    """Wait until the seven kinds are watched."""
    async with asyncio.timeout(20):
        while at.cluster.watches < 7:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def looked(at: Workplace) -> None:
    """Wait for some rounds of the watch, and for the jobs that they started."""
    await asyncio.sleep(0.5)
    await at.settled()


async def test_cause_that_lasts_is_posted_once_and_edited_when_it_is_over(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, beat_s=0.05, watch=WATCH) as at:
        await watched(at)
        await looked(at)
        assert not posts_in(at)

        at.clock.advance(timedelta(minutes=3, seconds=1))
        (post,) = await at.slack.wait_for(lambda: posts_in(at))
        assert "app-config" in words_of(post["blocks"])
        assert "CONFIRMED" in words_of(post["blocks"])
        at.clock.advance(timedelta(minutes=10))
        await looked(at)
        assert len(posts_in(at)) == 1

        at.cluster.load(WELL)
        await looked(at)
        at.clock.advance(timedelta(minutes=1))
        await at.slack.wait_for(lambda: [one for one in posts_in(at) if "Over after" in one["text"]])
        assert len(posts_in(at)) == 1


async def test_trouble_that_ends_before_the_threshold_is_not_posted(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, beat_s=0.05, watch=WATCH) as at:
        await watched(at)
        at.cluster.load(WELL)
        await looked(at)
        at.clock.advance(timedelta(minutes=4))
        await looked(at)
        assert not posts_in(at)


async def test_restart_posts_nothing_twice(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, beat_s=0.05, watch=WATCH) as at:
        await watched(at)
        at.clock.advance(timedelta(minutes=3, seconds=1))
        await at.slack.wait_for(lambda: posts_in(at))
        await at.settled()
        (known,) = await at.app.store.watch_posts.of("", "till")
        clock = at.clock
    async with workplace(tmp_path, engine, SCENE, beat_s=0.05, watch=WATCH, clock=clock) as at:
        await watched(at)
        at.clock.advance(timedelta(minutes=4))
        await looked(at)
        assert not posts_in(at)
        assert await at.app.store.watch_posts.of("", "till") == (known,)


async def test_muted_incident_is_not_posted(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, beat_s=0.05, watch=WATCH) as at:
        await watched(at)
        await at.slack.slash(at.alex, at.channel, "mute namespace till 1d known")
        at.clock.advance(timedelta(minutes=4))
        await looked(at)
        assert not posts_in(at)


async def test_forbidden_watch_is_a_note_that_names_the_verb(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, {"forbidden": ["watch pods"]}, beat_s=0.05, watch=WATCH) as at:
        async with asyncio.timeout(20):
            while at.cluster.watches < 6:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await looked(at)
        async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/readyz") as ready:
            says = await ready.text()
        assert ready.status == 200
        assert "cannot watch pods in till: needs watch on pods" in says


async def test_another_replica_holds_the_lease(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, beat_s=0.05, watch=WATCH) as at:
        await watched(at)
        store = at.app.store
        # This replica stalls, and another one takes over: the watches here end.
        await store.watch_leases.release("", "test")
        while not await store.watch_leases.take("", "other", at.clock()):
            await store.watch_leases.release("", "test")
        async with asyncio.timeout(20):
            while at.cluster.watches:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        # The other one stops renewing.
        at.clock.advance(timedelta(minutes=1))
        await watched(at)
