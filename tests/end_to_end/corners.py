"""Test scenarios side by side: each has its own channel and its own copy of the broken objects.

One process is started and killed for all of them, because a start takes longer than the scenarios.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from string import ascii_lowercase
from typing import Any

from bot.playground.kubernetes import RecordedRequest
from bot.playground.slack import AppResponse, RecordedCall
from bot.store import AuditEntry, open_store
from responses.slack.presses import Press
from tests.end_to_end.process import Premises, Serving
from tests.end_to_end.workplace import Broken, buttons_of, pressable, submitted, words_of
from tests.waiting import until

# Method and path.
Step = tuple[str, str]


@dataclass(slots=True, kw_only=True, eq=False)
class Corner:
    """A channel with its own copy of the broken objects. `name` says what is tested in it.

    `names` are its object names without the final `letter`, which is unique to this corner.
    """

    name: str
    at: Premises
    user: str
    channel: str
    letter: str
    names: Sequence[str]
    text: str
    answer: Mapping[str, Any] = field(default_factory=dict)

    async def paste(self) -> str:
        """Paste the error and return the message's ts."""
        return await self.at.slack.say(self.user, self.channel, self.text)

    async def ask(self) -> None:
        """Paste the error and wait for the answer."""
        ts = await self.paste()
        self.answer = await self.at.answer(ts, channel=self.channel)

    async def press(self, having: str = "") -> dict[str, Any]:
        """Press the first remedy, or the button with the label `having`, and return the modal with its preview."""
        message = self.message
        buttons = buttons_of(message["blocks"])
        button = next(one for one in buttons if having in words_of(one)) if having else pressable(message, Press.REMEDY)
        before = [view["id"] for view in self.at.slack.views(self.user)]
        await self.at.slack.click(self.user, self.channel, message["ts"], button["action_id"])

        def opened() -> list[dict[str, Any]]:
            return [view for view in self.at.slack.views(self.user) if view["id"] not in before]

        try:
            await self.at.slack.wait_for(lambda: [view for view in opened() if view["submit"]], timeout=50)
        except TimeoutError as error:
            error.add_note(
                f"in the case: {self.name}, whose dialog says {words_of([view['blocks'] for view in opened()])}"
            )
            raise
        return opened()[-1]

    async def confirm(self) -> AppResponse:
        """Submit the open modal, with the object's name typed if it asks for one."""
        view = self.at.slack.views(self.user)[-1]
        name = [block["element"]["placeholder"]["text"] for block in view["blocks"] if block["type"] == "input"]
        typed = {str(Press.TYPED_NAME): {str(Press.TYPED_NAME): each} for each in name}
        return await submitted(self.at.slack, self.user, view["id"], typed)

    @property
    def ours(self) -> list[dict[str, Any]]:
        """Return all our messages in this channel."""
        said = self.at.slack.messages(self.channel)
        return [message for message in said if message.get("bot_id") == self.at.slack.bot_id]

    @property
    def message(self) -> dict[str, Any]:
        """Return the current answer."""
        return self.at.slack.message(self.channel, self.answer["ts"])

    @property
    def shown(self) -> str:
        return words_of(self.message["blocks"])

    @property
    def undo(self) -> bool:
        """Return whether an undo button is shown."""
        return any("Undo" in words_of(button) for button in buttons_of(self.message["blocks"]))

    def calls(self, method: str) -> list[RecordedCall]:
        """Return the Slack calls about this corner."""
        return [
            call
            for call in self.at.slack.calls
            if call.method == method
            and (call.arguments.get("channel") == self.channel or call.arguments.get("user") == self.user)
        ]

    def unanswered(self, method: str) -> list[RecordedCall]:
        """Return the Slack calls that got no answer."""
        return [call for call in self.calls(method) if not call.status]

    @property
    def sent(self) -> list[Step]:
        """Return the write requests for this corner in order, without Events."""
        writes = [one for one in self.at.cluster.requests if one.writes and not one.path.endswith("/events")]
        return [(one.method, self.elsewhere(one.path)) for one in writes if self.is_here(one.path)]

    def here(self, path: str) -> str:
        """Return the path of this corner's copy of an object."""
        return "/".join(f"{part}-{self.letter}" if part in self.names else part for part in path.split("/"))

    def elsewhere(self, path: str) -> str:
        own = {f"{name}-{self.letter}": name for name in self.names}
        return "/".join(own.get(part, part) for part in path.split("/"))

    def is_here(self, path: str) -> bool:
        return self.elsewhere(path) != path

    def before_step(self, step: Step, do: Callable[[], None]) -> None:
        """Run `do` just before the API server handles a step."""
        so_far = self.at.cluster.meanwhile

        def seen(request: RecordedRequest) -> None:
            if so_far is not None:
                so_far(request)
            if request.writes and (request.method, request.path) == (step[0], self.here(step[1])):
                do()

        self.at.cluster.meanwhile = seen

    async def audited(self) -> list[AuditEntry]:
        """Return this corner's audit entries in order."""
        async with open_store(self.at.store_url) as store:
            entries = await store.audit.entries(since=datetime(2020, 1, 1, tzinfo=UTC), limit=1000)
        return [entry for entry in reversed(entries) if entry.channel == self.channel]


# Sets up a fault and returns a check whether the process has reached it.
Moment = Callable[[Corner], Callable[[], Any]]


def write_not_handled(step: Step) -> Moment:
    """Hold a write before the API server handles it."""
    return partial(_unanswered_write, step, done=False)


def write_not_answered(step: Step) -> Moment:
    """Apply a write without ever answering it."""
    return partial(_unanswered_write, step, done=True)


def _unanswered_write(step: Step, corner: Corner, *, done: bool) -> Callable[[], Any]:
    method, path = step
    corner.at.cluster.fail(path_prefix=corner.here(path), method=method, hang=True, done=done)
    return lambda: corner.sent[-1:] == [step]


def write_answered(step: Step) -> Moment:
    """Apply and answer a write; hold the report of it."""

    def moment(corner: Corner) -> Callable[[], Any]:
        corner.before_step(step, partial(_silence, corner))
        return lambda: corner.sent[-1:] == [step] and corner.unanswered("chat.update")

    return moment


def claim_not_shown(corner: Corner) -> Callable[[], Any]:
    """Hold the update that says the plan is being applied."""
    _silence(corner)
    return lambda: corner.unanswered("chat.update")


def verification_started(path: str) -> Moment:
    """Hold the verification, which reads `path` after the write."""

    def moment(corner: Corner) -> Callable[[], Any]:
        here = corner.here(path)
        return _once_applied(
            corner,
            lambda: corner.at.cluster.fail(path_prefix=here, method="GET", hang=True),
            lambda: any(
                one.method == "GET" and one.path.startswith(here) and not one.status
                for one in corner.at.cluster.requests
            ),
        )

    return moment


def result_not_shown(corner: Corner) -> Callable[[], Any]:
    """Hold the update with the result."""
    return _once_applied(corner, partial(_silence, corner), lambda: corner.unanswered("chat.update"))


def _once_applied(corner: Corner, do: Callable[[], None], reached: Callable[[], Any]) -> Callable[[], Any]:
    left = [do]

    def so_far() -> Any:
        if left and "applied; verifying" in corner.shown:
            left.pop()()
        return not left and reached()

    return so_far


def _silence(corner: Corner) -> None:
    """Leave edits of this corner's messages unanswered."""
    corner.at.slack.fail("chat.update", hang=True, times=1_000, given={"channel": corner.channel})


# --- many of them in the life of one process ---


def make_corner(at: Premises, broken: Broken, *, name: str = "", names: Sequence[str]) -> Corner:
    """Create a corner and load its copy of the broken objects, with `names` renamed."""
    taken = {user["name"] for user in at.slack.users()}
    letter = next(letter for letter in ascii_lowercase if f"user-{letter}" not in taken)
    pattern = re.compile(rf"(?<![A-Za-z0-9-])({'|'.join(map(re.escape, names))})(?![A-Za-z0-9-])")
    world, text = json.loads(pattern.sub(rf"\1-{letter}", json.dumps([broken.world, broken.text])))
    at.cluster.load(world)
    return Corner(
        name=name,
        at=at,
        user=at.slack.add_user(f"user-{letter}"),
        channel=at.slack.add_channel(f"corner-{letter}"),
        letter=letter,
        names=names,
        text=text,
    )


async def press_in_all(those: Iterable[Corner]) -> None:
    """Paste the error and press the remedy's button in each corner, so that all modals are open."""
    # With more requests than a core handles in time, some would be asked to retry.
    few = asyncio.Semaphore(3)
    async with asyncio.TaskGroup() as group:
        for corner in those:
            group.create_task(_pressed(corner, few))


async def _pressed(corner: Corner, few: asyncio.Semaphore) -> None:
    async with few:
        await corner.ask()
        await corner.press()


async def confirm_until(moments: Mapping[Corner, Moment]) -> None:
    """Submit the open modals and wait until each corner has reached its moment."""
    reached = {corner: moment(corner) for corner, moment in moments.items()}
    for delivered in await asyncio.gather(*(corner.confirm() for corner in moments)):
        assert delivered.status == 200
    stopped: set[Corner] = set()

    def all_have() -> bool:
        stopped.update(corner for corner, so_far in reached.items() if corner not in stopped and so_far())
        return len(stopped) == len(reached)

    try:
        await until(all_have)
    except TimeoutError as error:
        for corner in set(reached) - stopped:
            error.add_note(f"not stopped: {corner.name}, which sent {corner.sent} and shows {corner.shown[:400]}")
        raise


async def kill_and_clear(at: Premises, serving: Serving) -> None:
    """Kill the process, then remove the faults."""
    await serving.kill()
    at.slack.clear_faults()
    at.cluster.meanwhile = None


async def wait_for_results(those: Collection[Corner], how: str) -> None:
    """Wait until every corner's answer contains this text."""
    (slack,) = {each.at.slack for each in those}
    try:
        await slack.wait_for(lambda: all(how in each.shown for each in those), timeout=50)
    except TimeoutError as error:
        for each in those:
            if how not in each.shown:
                error.add_note(f"in the case: {each.name}, which sent {each.sent} and shows {each.shown}")
        raise


@contextmanager
def corner_in_errors(corner: Corner) -> Iterator[None]:
    """Add the corner's name to failures in the block."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"in the case: {corner.name}")
        raise
