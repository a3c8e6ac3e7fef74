"""Edit messages so that the newest content always wins: progress updates are coalesced, the final answer goes first.

An answer is edited as findings arrive, more often than Slack allows. Only the newest content of a message waits; it is
read when the rate limit allows the call, so that no older one can overtake it. One task edits one message, one edit
after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.slack.api import Api
from bot.slack.errors import RateLimited, SlackError, SlackUnavailable, TooLong, log_refusal
from bot.slack.pacer import Urgency

_log: Final = structlog.get_logger(__name__)
_METHOD: Final = "chat.update"
# Number of messages whose last edit time is remembered, to keep the interval between edits.
_REMEMBERED: Final = 1000

Payload = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class _Content:
    """Wanted content of a message, in several forms; the first one that Slack accepts is used."""

    forms: Sequence[Payload]
    final: bool
    result: asyncio.Future[int | None]
    form: int = 0

    def settle(self, outcome: int | SlackError | None) -> None:
        if self.result.done():
            return
        if isinstance(outcome, SlackError):
            self.result.set_exception(outcome)
        else:
            self.result.set_result(outcome)


@dataclass(slots=True, eq=False)
class _Edit:
    """Edit state of one message. `older` are contents that `newest` replaced before they were sent."""

    channel: str
    ts: str
    newest: _Content | None = None
    older: list[_Content] = field(default_factory=list)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0
    # An attempt without a response may still take effect after a newer one; the current content is then resent.
    doubtful: _Content | None = None
    standing: _Content | None = None
    task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> list[_Content]:
        return [*self.older, *([self.newest] if self.newest else [])]

    @property
    def wanted(self) -> bool:
        return any(not content.result.done() for content in self.waiting)


class Edits:
    """All messages under edit in one workspace."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._edits: dict[tuple[str, str], _Edit] = {}
        self._last: dict[tuple[str, str], float] = {}
        self._expected: dict[tuple[str, str], float] = {}

    @property
    def delay(self) -> float:
        """Return the seconds that an edit would wait now if it let all expected final edits go first."""
        oldest = asyncio.get_running_loop().time() - self._api.limits.patience
        self._expected = {at: since for at, since in self._expected.items() if since > oldest}
        return self._api.pacer.delay(_METHOD, ahead=len(self._expected))

    def expect(self, *, channel: str, ts: str) -> None:
        """Expect the final edit of a placeholder: other edits that can wait leave its place in the rate limit free."""
        self._expected[channel, ts] = asyncio.get_running_loop().time()

    async def edit(self, *, channel: str, ts: str, forms: Sequence[Payload], final: bool) -> int | None:
        """Return the index of the form once this content is shown; None if newer content is shown.

        `final` content takes precedence, other content is rate limited. Raises a SlackError. A cancelled caller
        withdraws its content unless it is already in flight.
        """
        at = (channel, ts)
        edit = self._edits.setdefault(at, _Edit(channel=channel, ts=ts))
        content = _Content(forms=forms, final=final, result=asyncio.get_running_loop().create_future())
        if edit.newest is not None:
            edit.older.append(edit.newest)
        edit.newest = content
        if final:
            self._expected.pop(at, None)
            edit.hurry.set()
        if edit.task is None:
            edit.task = asyncio.create_task(self._run(edit), name=f"edits of {channel}/{ts}")
        try:
            async with asyncio.timeout(self._api.limits.patience):
                return await content.result
        except TimeoutError as error:
            raise SlackUnavailable(
                method=_METHOD, detail=f"not done within {self._api.limits.patience:g} s", maybe_done=True
            ) from error

    async def drop(self, *, channel: str, ts: str) -> None:
        """Drop a message's waiting content and return once no edit is in flight; call it before deleting."""
        self._expected.pop((channel, ts), None)
        edit = self._edits.get((channel, ts))
        if edit is None or edit.task is None:
            return
        _settle(edit, None)
        edit.doubtful = None
        edit.hurry.set()
        await asyncio.wait([edit.task])

    async def aclose(self) -> None:
        """Stop all edits; waiting callers get SlackUnavailable."""
        edits = list(self._edits.values())
        tasks = [edit.task for edit in edits if edit.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        # A task that was cancelled before its start has settled no waiter.
        for edit in edits:
            _settle(edit, _closing())
        self._edits.clear()

    async def _run(self, edit: _Edit) -> None:
        at = (edit.channel, edit.ts)
        try:
            while edit.wanted:
                if await self._wait_for_turn(edit) and edit.newest is not None:
                    await self._send(edit, edit.newest)
                if not edit.wanted and edit.doubtful is not None:
                    await self._confirm(edit)
        except SlackUnavailable as error:
            _settle(edit, error)
        finally:
            _settle(edit, _closing())
            if self._edits.get(at) is edit:
                del self._edits[at]

    async def _wait_for_turn(self, edit: _Edit) -> bool:
        """Wait for the rate limit of the newest content. False if something changed meanwhile: check again."""
        pacer, limits = self._api.pacer, self._api.limits
        if edit.hurry.is_set():
            await pacer.turn(_METHOD, channel=edit.channel, urgency=Urgency.FINAL)
        else:
            loop = asyncio.get_running_loop()
            due = self._last.get((edit.channel, edit.ts), -limits.between_edits) + limits.between_edits
            turn = asyncio.create_task(self._progress(edit, wait=due - loop.time()))
            hurried = asyncio.create_task(edit.hurry.wait())
            try:
                await asyncio.wait({turn, hurried}, return_when=asyncio.FIRST_COMPLETED)
                if not turn.done():
                    return False
                turn.result()
            finally:
                await _end(turn, hurried)
        if not edit.wanted:
            pacer.unused(_METHOD)
            return False
        return True

    async def _progress(self, edit: _Edit, *, wait: float) -> None:
        await asyncio.sleep(wait)
        await self._api.pacer.turn(_METHOD, channel=edit.channel, urgency=Urgency.PROGRESS)

    async def _send(self, edit: _Edit, content: _Content) -> None:
        """Send `content` and settle it with everything it replaced, or put it back if a retry can succeed."""
        replaced, edit.older, edit.newest = edit.older, [], None
        try:
            await self._api.once(_METHOD, body=_body(edit, content))
        except TooLong as error:
            content.form += 1
            if content.form < len(content.forms):
                _put_back(edit, content, replaced)
            else:
                _settle_all([*replaced, content], error)
        except SlackUnavailable as error:
            if error.maybe_done:
                edit.doubtful = content
            _put_back(edit, content, replaced)
            await self._recover(edit, error)
        except SlackError as error:
            _settle_all([*replaced, content], error)
        else:
            edit.failures = 0
            self._remember(edit)
            edit.standing = content
            if edit.doubtful is content:
                edit.doubtful = None
            content.settle(content.form)
            _settle_all(replaced, None)
        if edit.newest is None or not any(each.final for each in edit.waiting):
            edit.hurry.clear()

    async def _recover(self, edit: _Edit, error: SlackUnavailable) -> None:
        """Wait before a retry: the pacer handles a 429, other errors get a pause; retries are limited."""
        if isinstance(error, RateLimited):
            return
        edit.failures += 1
        if edit.failures > self._api.limits.repetitions:
            edit.failures = 0
            _settle(edit, error)
        else:
            await asyncio.sleep(self._api.pause(edit.failures - 1))

    async def _confirm(self, edit: _Edit) -> None:
        """Resend the current content unless newer content arrives."""
        try:
            async with asyncio.timeout(self._api.limits.between_edits):
                await edit.hurry.wait()
        except TimeoutError:
            pass
        content, edit.doubtful = edit.standing, None
        if edit.wanted or content is None:
            return
        with log_refusal(_log.warning, "edit_confirmation_failed", channel=edit.channel, ts=edit.ts, of=SlackError):
            await self._api.call(_METHOD, body=_body(edit, content), channel=edit.channel, urgency=Urgency.PROGRESS)

    def _remember(self, edit: _Edit) -> None:
        at = (edit.channel, edit.ts)
        self._last.pop(at, None)
        if len(self._last) >= _REMEMBERED:
            del self._last[next(iter(self._last))]
        self._last[at] = asyncio.get_running_loop().time()


def _body(edit: _Edit, content: _Content) -> Payload:
    return {"channel": edit.channel, "ts": edit.ts, **content.forms[content.form]}


def _put_back(edit: _Edit, content: _Content, replaced: list[_Content]) -> None:
    """Queue `content` again unless newer content is waiting."""
    edit.older[:0] = replaced
    if edit.newest is None:
        edit.newest = content
    else:
        edit.older.append(content)


def _settle(edit: _Edit, outcome: SlackError | None) -> None:
    _settle_all(edit.waiting, outcome)
    edit.older, edit.newest = [], None


def _settle_all(contents: Sequence[_Content], outcome: SlackError | None) -> None:
    for content in contents:
        content.settle(outcome)


def _closing() -> SlackUnavailable:
    return SlackUnavailable(method=_METHOD, detail="closing", maybe_done=True)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
