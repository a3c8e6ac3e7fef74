"""Test that a message is compared with the incident channels as of its arrival, also those of other processes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.store import ChannelState, Store, open_store
from bot.surfaces.slack.channel_recorder import RecordedChannels


async def test_channel_opened_by_another_process_is_recorded_at_once(store: Store, url: str, now):
    channels = RecordedChannels(store=store)
    finding = True

    async def chat() -> None:
        while finding:
            await asyncio.gather(*(channels.find(f"C-chat-{number}") for number in range(20)))

    chatting = asyncio.create_task(chat())
    async with open_store(url) as other:
        for number in range(20):
            channel = f"C{number}"
            assert await channels.find(channel) is None
            await other.chronicles.open(channel, team="T1", name="inc", at=now)
            assert await channels.find(channel) is True
        await other.chronicles.set_state("C0", ChannelState.DISMISSED, now + timedelta(minutes=1))
        assert await channels.find("C0") is False
    finding = False
    await chatting


async def test_messages_of_a_cancelled_event_and_another_share_a_query(store: Store, now):
    channels = RecordedChannels(store=store)
    await store.chronicles.open("C1", team="T1", name="inc", at=now)
    first, second = (asyncio.create_task(channels.find(each)) for each in ("C1", "C2"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second is None
    assert await channels.find("C1") is True
