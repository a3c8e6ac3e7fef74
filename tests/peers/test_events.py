"""Check that our simulated events of channels, pins and reactions have the structure of Slack's own types."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.playground.slack import CHANNEL_EVENTS, SimulatedSlack
from tests.channel_changes import channels_of
from tests.slack_administration import invite_bot, set_archived
from tests.slack_client.scene import serving

TYPES = {kind: "".join(word.title() for word in kind.split("_")) + "Event" for kind in CHANNEL_EVENTS} | {
    # A number in Slack's samples and in practice, but a string in its types.
    "pin_added": 'Omit<PinAddedEvent, "pin_count"> & { pin_count: number }',
    "pin_removed": 'Omit<PinRemovedEvent, "pin_count"> & { pin_count: number }',
    "channel_join": "ChannelJoinMessageEvent",
    "channel_leave": "ChannelLeaveMessageEvent",
    "channel_name": "ChannelNameMessageEvent",
    "channel_archive_notice": "ChannelArchiveMessageEvent",
}


async def test_channel_events_compile_against_slacks_own_types(compiler: Callable[[str], list[str]]) -> None:
    events = await _recorded_events()
    assert {_kind(event) for event in events} >= set(TYPES)
    named = {word for each in CHANNEL_EVENTS for word in [TYPES[each]] if word.isalpha()}
    named |= {each for each in TYPES.values() if each.endswith("MessageEvent")} | {"PinAddedEvent", "PinRemovedEvent"}
    lines = [f'import type {{ {", ".join(sorted(named))} }} from "@slack/types";']
    lines += [
        f"/* {_kind(event)} */ export const _{number}: {TYPES[_kind(event)]} = {json.dumps(event)};"
        for number, event in enumerate(events)
        if _kind(event) in TYPES
    ]
    wrong = {**next(event for event in events if event["type"] == "pin_added"), "pinned": True}
    lines += ["// @ts-expect-error", f"export const _wrong: {TYPES['pin_added']} = {json.dumps(wrong)};"]

    assert compiler("\n".join(lines)) == []


async def _recorded_events() -> list[dict[str, Any]]:
    """Return the events of one public and one private channel, from creation to archiving."""
    events: list[dict[str, Any]] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        events.append((await request.json())["event"])
        return web.Response()

    slack = SimulatedSlack(paced=False, events=("message", *CHANNEL_EVENTS))
    await slack.start()
    try:
        async with serving(handle) as url:
            slack.deliver_to(url)
            ana, bo = slack.add_user("ana"), slack.add_user("bo")
            channel = ""
            for private in (False, True):
                channel = await channels_of(slack).create(ana, f"inc-{private:d}", private=private)
                await slack.channel_actions.invite(ana, channel)
                await slack.channel_actions.invite(ana, channel, bo)
                ts = await slack.say(ana, channel, "rolling back")
                await slack.marks.pin(bo, channel, ts)
                await slack.marks.unpin(bo, channel, ts)
                await slack.marks.react(bo, channel, ts, "pushpin")
                await slack.marks.unreact(bo, channel, ts, "pushpin")
                await channels_of(slack).leave(bo, channel)
                await channels_of(slack).rename(ana, channel, f"inc-4{private:d}")
                await channels_of(slack).remove(ana, channel)
                await slack.channel_actions.invite(ana, channel)
                await channels_of(slack).archive(ana, channel)
                await channels_of(slack).unarchive(ana, channel)
            # A closed private channel sends no events, so this one is archived without an event first.
            set_archived(slack, channel)
            invite_bot(slack, channel)
            await channels_of(slack).unarchive(ana, channel)
    finally:
        await slack.stop()
    return events


def _kind(event: dict[str, Any]) -> str:
    """Return the event's type, or a notice's subtype, which may equal an event type."""
    subtype = str(event.get("subtype") or event["type"])
    return f"{subtype}_notice" if event["type"] == "message" and subtype in CHANNEL_EVENTS else subtype
