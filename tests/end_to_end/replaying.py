"""Replay recorded incident channels against the real app at their recorded times.

The replay does not wait: the clock that the app and the simulated Slack share is advanced to each event.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.diagnosing import Engine
from bot.playground.slack import SimulatedSlack
from bot.surfaces.slack.surface import CHANNEL_EVENTS
from bot.workflows.chronicle.facts import facts_in
from intents.chronicle.facts import Fact
from responses.slack.as_text import as_text
from tests.channel_changes import channels_of
from tests.chronicle.recorded import Event, Recording, mentioning
from tests.end_to_end.workplace import UNPACED_ONCE, Clock, Workplace, broken_case, is_final, lines_of, workplace

_PERMALINK: Final = re.compile(r": /archives/\w+/p(?P<seconds>\d{10})(?P<micro>\d{6})(?:\?\S*)?")


# Longer than any replay: the summary is shown when the channel begins and when a test asks for it.
_SLOT_S: Final = 24 * 3_600.0
# The recording's time runs this many times slower while the app works.
_SLOWER: Final = 20
# Rate limits are in the recording's time; a replay is faster.
# Jobs that only wait count as idle.
_LOOK_S: Final = 0.01
_MOST_LOOKS: Final = 3_000
_IDLE_S: Final = 30.0
_ENDS: Final = ("FIXED", "NOT FIXED", "REFUSED", "WORSE", "UNKNOWN", "已修复", "未修复", "已拒绝", "恶化", "未知")


@dataclass(slots=True, kw_only=True)
class SlowClock(Clock):
    """A clock that barely moves between two events, however slow the machine is."""

    began: datetime
    _since: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return self.began + self.ahead + timedelta(seconds=(time.monotonic() - self._since) / _SLOWER)


@dataclass(slots=True)
class Replay:
    """A recorded channel with the app in it. `ids` are of users and bots, `ts` of messages by label."""

    at: Workplace
    recording: Recording
    ids: Mapping[str, str]
    channel: str = ""
    ts: dict[str, str] = field(default_factory=dict)
    _past: int = 0

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels of messages by ts; an answer whose remedy was pressed has the remedy's label."""
        return {ts: label for label, ts in self.ts.items()}

    async def begin(self) -> None:
        """Create the channel; its name makes it an incident, so the app joins."""
        recording = self.recording
        members = {self.ids[each] for each in (*recording.members, *bots_of(recording))}
        maker = self.ids[recording.members[0]]
        self.channel = await channels_of(self.at.slack).create(maker, recording.channel, members=members)
        await self.at.slack.wait_for(self.summary)

    async def until(self, moment: datetime | None = None) -> None:
        """Replay the events up to a time, all by default, and wait until the pinned message shows them."""
        coming = [event for event in self.recording.events[self._past :] if moment is None or event.at <= moment]
        self._past += len(coming)
        for event in coming:
            self.at.clock.advance(max(event.at - self.at.clock(), timedelta()))
            await self._do(event)
            await self._answered()
        await self.at.app.jobs.start("summary", f"test.{self._past}", {"channel": self.channel})
        await self._shown()

    async def _answered(self) -> None:
        """Wait until the work caused by an event is done, so that results carry its time."""
        sender = self.at.slack.sender
        for _ in range(_MOST_LOOKS):
            await asyncio.sleep(_LOOK_S)
            if not sender.delivering and await self.at.app.jobs.idle(_IDLE_S) and not sender.delivering:
                return
        raise AssertionError("the app does not come to rest")

    async def _shown(self) -> None:
        """Wait until the pinned message is up to date."""
        for _ in range(_MOST_LOOKS):
            known = await self.at.app.store.chronicles.get(self.channel)
            if known is not None and known.shown == known.revision:
                return
            await asyncio.sleep(_LOOK_S)
        raise AssertionError("the summary falls behind")

    async def _do(self, event: Event) -> None:
        slack, by, of = self.at.slack, self.ids.get(event.by, ""), event.of
        match event.act:
            case "say" | "paste":
                await self._say(event)
            case "edit":
                await slack.edit(self._author(of), self.channel, self.ts[of], mentioning(event.text, self.ids))
            case "delete":
                await slack.remove(self._author(of), self.channel, self.ts[of])
            case "react":
                await slack.marks.react(by, self.channel, self.ts[of], event.reaction)
            case "join":
                await channels_of(slack).join(self.ids[of], self.channel)
            case "leave":
                await channels_of(slack).leave(self.ids[of], self.channel)
            case "rename":
                await channels_of(slack).rename(by, self.channel, of)
            case "press":
                await self._press(event)

    async def _say(self, event: Event) -> None:
        text = event.text if event.bot else mentioning(event.text, self.ids)
        self.ts[event.label] = await self.at.slack.say(
            self.ids[event.by or event.bot],
            self.channel,
            text,
            thread_ts=self.ts[event.thread] if event.thread else "",
            files=(event.file,) if event.file else (),
            bot=bool(event.bot),
            attachments=tuple(map(dict, event.attachments)),
        )

    async def _press(self, event: Event) -> None:
        """Press and confirm the first remedy in a message's thread and wait for its result."""
        at, slack = self.at, self.at.slack
        answer = await at.answer(self.ts[event.of], self.channel)
        await at.submit(self.ids[event.by], (await at.dialog(self.ids[event.by], answer, self.channel))["id"])
        self.ts[event.label] = answer["ts"]

        def ended() -> bool:
            says = "\n".join(lines_of(slack.message(self.channel, answer["ts"])))
            return any(end in says for end in _ENDS)

        await slack.wait_for(ended)

    def _author(self, label: str) -> str:
        event = next(event for event in self.recording.events if event.label == label)
        return self.ids[event.by or event.bot]

    async def facts(self) -> tuple[Fact, ...]:
        """Return the stored facts."""
        return facts_in(await self.at.app.store.chronicles.facts(self.channel))

    def summary(self) -> dict[str, Any] | None:
        """Return the pinned message, or None while it is missing."""
        pinned = [one for one in self.at.ours(self.channel) if one.get("pinned_to") and is_final(one)]
        assert len(pinned) <= 1, pinned
        return pinned[0] if pinned else None

    def summary_blocks(self) -> list[dict[str, Any]]:
        """Return the blocks of the pinned message."""
        message = self.summary()
        assert message is not None
        return list(message["blocks"])

    def summary_ts(self) -> str:
        message = self.summary()
        assert message is not None
        return str(message["ts"])

    async def timeline_blocks(self) -> list[dict[str, Any]]:
        """Return the blocks that `/diagnose incident timeline` shows to a member."""
        slack, user = self.at.slack, self.ids[self.recording.members[0]]
        seen = {one["ts"] for one in slack.ephemerals(user)}
        await slack.slash(user, self.channel, "incident timeline")
        shown = await slack.wait_for(
            lambda: [one for one in slack.ephemerals(user) if one["ts"] not in seen and is_final(one)]
        )
        return list(shown[-1]["blocks"])

    def readable(self, blocks: Iterable[Mapping[str, Any]]) -> str:
        """Return the readable lines, with names instead of ids and labels instead of links."""
        says = (
            as_text([dict(block) for block in blocks]).replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")
        )
        for name, user in self.ids.items():
            says = says.replace(user, name)
        says = _PERMALINK.sub(self._linked, says.replace(self.at.slack.url, ""))
        return "\n".join(line.rstrip() for line in says.splitlines() if line.strip()) + "\n"

    def _linked(self, link: re.Match[str]) -> str:
        """Return the label of the linked message in brackets."""
        ts = f"{link['seconds']}.{link['micro']}"
        if label := self.labels.get(ts):
            return f" [{label}]"
        message = self.at.slack.message(self.channel, ts)
        return f" [ours below {self.labels.get(message.get('thread_ts', ''), 'nothing')}]"


def bots_of(recording: Recording) -> tuple[str, ...]:
    """Return the other integrations that post in the channel."""
    return tuple(dict.fromkeys(event.bot for event in recording.events if event.bot))


@asynccontextmanager
async def replaying(tmp_path: Path, engine: Engine, recording: Recording, **options: Any) -> AsyncIterator[Replay]:
    """Run the app with the recording's users just before the first event; `options` are those of `workplace`."""
    clock = SlowClock(began=recording.began)
    slack = SimulatedSlack(
        clock=lambda: clock().timestamp(),
        signature_clock=time.time,
        paced=False,
        events=("app_mention", "message", "reaction_added", "reaction_removed", *CHANNEL_EVENTS),
    )
    world = broken_case(engine, recording.incident, recording.case).world
    async with workplace(
        tmp_path,
        engine,
        world,
        slack=slack,
        clock=clock,
        slack_limits=UNPACED_ONCE,
        summary_slot_s=_SLOT_S,
        lang=recording.language,
        **options,
    ) as at:
        ids = {name: slack.add_user(name) for name in (*recording.people, *bots_of(recording))}
        replay = Replay(at=at, recording=recording, ids=ids)
        await replay.begin()
        yield replay
