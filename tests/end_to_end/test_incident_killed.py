"""Kill the process during an incident, and run two at once: same timeline, one pinned message."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from bot.store import Chronicle, open_store
from tests.end_to_end.corners import Corner, corner_in_errors, kill_and_clear, make_corner
from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import Broken, lines_of, root_cause, words_of
from tests.postgres import Server, postgres
from tests.slack_administration import remove_bot, restrict_history
from tests.waiting import until

# A fixture that tests request by name.
__all__ = ["postgres"]

pytestmark = pytest.mark.timeout(75)

INCIDENTS: Final = {"CASEBOOK_INCIDENT_CHANNELS": "corner-*"}
# The names that each copy of `broken` renames.
NAMES: Final = ("ledger",)
# The first process shows no change in its life; the next one shows changes almost at once.
FIRST: Final[Mapping[str, Any]] = {"summary_slot_s": 3_600.0}
NEXT: Final[Mapping[str, Any]] = {"summary_slot_s": 0.2}
# The page size of some apps in Slack, small enough to need several pages.
PAGE: Final = 15
CHATTER: Final = 35
# The timeline entries of the messages in each room.
KEPT: Final = ("report", "claim", "edited", "reply", "answer", "pinned", "end")

_LINK: Final = re.compile(r"https?://\S+?/archives/\w+/p(\d{10})(\d{6})(\?\S*)?")
_TIMES: Final = re.compile(r"\b\d\d:\d\d\b|\b\d+ (?:s|min)\b")


@dataclass(slots=True, kw_only=True, eq=False)
class Room:
    """An incident channel with the same messages as the others. `ts` are by label."""

    here: Corner
    ts: dict[str, str] = field(default_factory=dict)

    async def begin(self) -> None:
        """Post, edit, delete and reply."""
        await self._say("report", self.here.at.alex, "checkout is down, customers cannot pay")
        await self._say("claim", self.here.at.bo, "I'll take IC")
        await self._say("edited", self.here.at.bo, "has anybody looked at the graphs?")
        await self._say("deleted", self.here.at.alex, "I'll take comms")
        await self._say("reply", self.here.at.alex, "we decided to fail over to eu-west", below="report")
        slack, channel = self.here.at.slack, self.here.channel
        await slack.edit(self.here.at.bo, channel, self.ts["edited"], "rolling back checkout to v41")
        await slack.remove(self.here.at.alex, channel, self.ts["deleted"])

    async def find(self) -> None:
        """Paste an error, wait for the answer, then pin a message without signal words."""
        await self._say("paste", self.here.user, self.here.text)
        answer = await self.here.at.answer(self.ts["paste"], channel=self.here.channel)
        self.ts["answer"] = answer["ts"]
        async with asyncio.timeout(50):
            # The answer is posted just before its time is stored. To ask is work for the process, too.
            while "[answer]" not in await self.timeline():  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        await self._say("pinned", self.here.at.bo, "the coffee machine blinked at noon")
        await self.here.at.slack.marks.react(self.here.at.alex, self.here.channel, self.ts["pinned"], "pushpin")

    async def end(self) -> None:
        await self._say("end", self.here.at.bo, "mitigated, error rate is back to normal")

    async def _say(self, name: str, user: str, text: str, *, below: str = "") -> None:
        thread = self.ts[below] if below else ""
        self.ts[name] = await self.here.at.slack.say(user, self.here.channel, text, thread_ts=thread)

    @property
    def pinned(self) -> list[dict[str, Any]]:
        return [one for one in self.here.ours if one.get("pinned_to")]

    @property
    def summary(self) -> str:
        """Return the text of the pinned message."""
        return "\n".join(self._readable(one) for one in self.pinned)

    async def timeline(self) -> str:
        """Return the text of `/diagnose incident timeline`."""
        shown = await self.here.at.slack.slash(self.here.at.alex, self.here.channel, "incident timeline")
        return self._readable(shown.body)

    def unanswered(self, method: str, **given: str) -> bool:
        return any(given.items() <= call.arguments.items() for call in self.here.unanswered(method))

    def _readable(self, shown: Mapping[str, Any]) -> str:
        """Return the lines without times and with labels for links, so that rooms are comparable."""
        names = {ts: name for name, ts in self.ts.items()}

        def linked(link: re.Match[str]) -> str:
            return f"[{names.get(f'{link[1]}.{link[2]}', link[0])}]"

        says = _TIMES.sub("~", _LINK.sub(linked, "\n".join(lines_of(shown)))).replace(self.here.user, "somebody")
        own = (self.here.channel, *(f"{name}-{self.here.letter}" for name in (*self.here.names, "corner")))
        return re.sub("|".join(map(re.escape, own)), lambda name: name[0].rpartition("-")[0] or "channel", says)


def room(at: Premises, broken: Broken, name: str = "") -> Room:
    return Room(here=make_corner(at, broken, name=name, names=NAMES))


# Leaves a Slack call unanswered and returns a check whether the process waits for it.
Moment = Callable[[Room], Callable[[], bool]]


def call_held(method: str, *, after_execution: bool = False) -> Moment:
    def moment(of: Room) -> Callable[[], bool]:
        given = {"channel": of.here.channel}
        of.here.at.slack.fail(method, hang=True, after_execution=after_execution, times=1_000, given=given)
        return lambda: of.unanswered(method)

    return moment


async def test_killed_during_an_incident_gives_the_same_timeline_after_restart(tmp_path, broken):
    async with premises(tmp_path, pace=False, **INCIDENTS) as at:
        # On a busy machine a process may acknowledge an event too late; Slack redelivers it.
        at.slack.retry_pauses = (0.1, 0.5, 2.0)
        restrict_history(at.slack, items=PAGE, per_minute=1_000)
        # The call that the process waits for when killed, and whether it has answered by then.
        early = {
            "with the summary sent and unanswered": call_held("chat.postMessage"),
            "after Slack accepted the summary, before that was recorded": call_held(
                "chat.postMessage", after_execution=True
            ),
        }
        late = {
            "with the pin sent and unanswered": call_held("pins.add"),
            "after Slack pinned the summary, before that was recorded": call_held("pins.add", after_execution=True),
        }
        begun = {room(at, broken, name): moment for name, moment in early.items()}
        found = {room(at, broken, name): moment for name, moment in late.items()}
        waiting = room(at, broken, "with all recorded and nothing of it shown")
        invited = room(at, broken, "in the middle of a long history")

        serving = await at.start(**FIRST)
        unseen = await _unlisted(at, broken, "after the acknowledgement, before the channel was looked at")
        begun[unseen] = call_held("conversations.info")
        reached = {each: moment(each) for each, moment in {**begun, **found}.items()}
        reached[invited] = await _talked_before_we_came(invited)
        await _opened(waiting)
        await asyncio.gather(*(each.begin() for each in (*begun, *found, waiting)))
        await asyncio.gather(*(each.find() for each in (*found, waiting)))
        await waiting.end()
        await _all_reached(reached)
        await until(lambda: waiting.pinned)
        assert "Mitigated" not in waiting.summary
        # Nothing of this channel is stored: its messages are acknowledged, and only its history has them.
        await until(lambda: acknowledged(at).issuperset(unseen.ts.values()))
        assert await is_unknown(at, unseen.here.channel)
        await kill_and_clear(at, serving)

        serving = await at.start(**NEXT)
        calm = room(at, broken, "undisturbed")
        await calm.begin()
        # Findings and pins count from the time at which the channel became an incident.
        await at.slack.wait_for(lambda: all(each.pinned for each in (*begun, invited, calm)), timeout=50)
        await asyncio.gather(*(each.find() for each in (*begun, invited, calm)))
        await asyncio.gather(*(each.end() for each in (*begun, *found, invited, calm)))
        rooms = (*begun, *found, waiting, invited, calm)
        await _all_shown(at, rooms)
        told = {each: await each.timeline() for each in rooms}
        assert await serving.stop() == 0

        for each in rooms:
            with corner_in_errors(each.here):
                assert told[each] == told[calm]
                assert each.summary == calm.summary
                assert_shown_once(each)
        for name in KEPT:
            assert told[calm].count(f"[{name}]") == 1
        assert "rolling back" in told[calm]
        assert "comms" not in told[calm]
        assert "Mitigated" in calm.summary


async def _unlisted(at: Premises, broken: Broken, name: str) -> Room:
    """Create a room that the process must look up, because the list of channels was read before."""

    def listed(method: str) -> bool:
        return any(call.method == method and call.status for call in at.slack.calls)

    await until(lambda: listed("users.conversations") and listed("users.list"))
    at.slack.fail("users.conversations", hang=True, times=1_000)
    return room(at, broken, name)


async def _opened(waiting: Room) -> None:
    """Invite the bot before any message and wait until the summary's job is done."""
    at, channel = waiting.here.at, waiting.here.channel
    remove_bot(at.slack, channel)
    await at.slack.channel_actions.invite(at.alex, channel)
    await at.slack.wait_for(lambda: waiting.pinned)
    async with asyncio.timeout(20):
        while (known := (await chronicle_of(at, channel)).channel).shown < known.revision:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _all_reached(moments: Mapping[Room, Callable[[], bool]]) -> None:
    try:
        await until(lambda: all(so_far() for so_far in moments.values()))
    except TimeoutError as error:
        for each in (each for each, so_far in moments.items() if not so_far()):
            error.add_note(f"not stopped: {each.here.name}")
        raise


async def _talked_before_we_came(invited: Room) -> Callable[[], bool]:
    """Invite the bot after many messages; check whether it is reading their last page."""
    slack, channel = invited.here.at.slack, invited.here.channel
    remove_bot(slack, channel)
    await invited.begin()
    for number in range(CHATTER):
        await slack.say(invited.here.at.bo, channel, f"lol {number}")
    thread = {"channel": channel, "ts": invited.ts["report"]}
    slack.fail("conversations.replies", hang=True, times=1_000, given=thread)
    await slack.channel_actions.invite(invited.here.at.alex, channel)
    return lambda: invited.unanswered("conversations.replies", **thread)


async def _all_shown(at: Premises, rooms: tuple[Room, ...]) -> None:
    def shown(each: Room) -> bool:
        return "Mitigated" in each.summary and "[pinned]" in each.summary

    try:
        await at.slack.wait_for(lambda: all(shown(each) for each in rooms), timeout=50)
    except TimeoutError as error:
        for each in (each for each in rooms if not shown(each)):
            error.add_note(f"{each.here.name}: {len(each.pinned)} pinned\n{each.summary}")
        raise


def assert_shown_once(here: Room) -> None:
    """Check for exactly one summary; the process must have ended, so that no other can follow."""
    (summary,) = here.pinned
    assert [one for one in here.here.ours if not one.get("thread_ts")] == [summary]


def acknowledged(at: Premises) -> set[str]:
    """Return the ts of the messages that a process acknowledged."""
    return {one.payload["event"]["ts"] for one in at.slack.deliveries if one.type == "message" and one.status == 200}


async def chronicle_of(at: Premises, channel: str) -> Chronicle:
    async with open_store(at.store_url) as store:
        found = await store.chronicles.read(channel)
    assert found is not None
    return found


async def is_unknown(at: Premises, channel: str) -> bool:
    async with open_store(at.store_url) as store:
        return await store.chronicles.get(channel) is None


async def test_two_processes_keep_every_message_and_one_pinned_summary(tmp_path, broken, postgres: Server):
    async with premises(tmp_path, pace=False, CASEBOOK_DATABASE_URL=postgres.create(), **INCIDENTS) as at:
        # Messages that neither stored are not acknowledged, and Slack redelivers them.
        at.slack.retry_pauses = (0.1, 0.5, 2.0)
        here = room(at, broken)
        serving = [await at.start(replica=replica, **NEXT) for replica in ("one", "another")]
        rollbacks = [f"rolling back service {number} to the last release" for number in range(26)]
        # Both processes get one of the first two messages before the channel is known.
        reverted = await asyncio.gather(*(at.slack.say(at.alex, here.here.channel, each) for each in rollbacks[:2]))
        await at.slack.wait_for(lambda: here.pinned)
        await here.begin()
        found = asyncio.create_task(here.find())
        # The most messages that a channel gets at once.
        for few in (rollbacks[2:14], rollbacks[14:]):
            reverted += await asyncio.gather(*(at.slack.say(at.bo, here.here.channel, each) for each in few))
        await found
        await at.slack.wait_for(lambda: acknowledged(at).issuperset(reverted), timeout=50)
        await here.end()
        await _all_shown(at, (here,))
        told = await here.timeline()
        assert told == await here.timeline()  # by the other process
        for each in serving:
            assert await each.stop() == 0

        assert_shown_once(here)
        known = await chronicle_of(at, here.here.channel)
        kept = {here.ts[name] for name in KEPT}
        assert {row.ts for row in known.facts} >= {*reverted, *kept}
        assert known.channel.shown == known.channel.revision
        posted = [call for call in at.slack.calls if call.method == "chat.postMessage" and call.ok]
        assert len([call for call in posted if not call.arguments.get("thread_ts")]) == 1


async def test_dialog_that_one_process_opened_is_taken_by_the_next(tmp_path):
    async with premises(tmp_path, CASEBOOK_INCIDENT_CHANNELS="inc-*", pace=False) as at:
        channel, cause = at.slack.add_channel("inc-201"), "root cause is the expired certificate of the mirror"
        serving = await at.start(summary_slot_s=0.2)
        await at.slack.say(at.alex, channel, "checkout is down, customers cannot pay")
        await at.slack.say(at.alex, channel, cause)
        await until(lambda: any(cause in words_of(one["blocks"]) for one in at.ours(channel=channel)))
        await at.slack.slash(at.bo, channel, "incident resolve")
        await until(lambda: any(view.get("submit") for view in at.slack.views(at.bo)))
        await serving.kill()

        serving = await at.start(summary_slot_s=0.2)
        (view,) = at.slack.views(at.bo)
        await at.slack.submit(
            at.bo,
            view["id"],
            root_cause(
                next(
                    option["value"]
                    for block in view["blocks"]
                    for option in block.get("element", {}).get("options", ())
                    if cause in option["text"]["text"]
                )
            ),
        )
        await until(lambda: any("✅ Resolved" in words_of(one["blocks"]) for one in at.ours(channel=channel)))

        final = next(one for one in at.ours(channel=channel) if "chosen as the root cause" in words_of(one["blocks"]))
        assert cause in words_of(final["blocks"])
        assert await serving.stop() == 0
