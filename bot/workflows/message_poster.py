"""Post messages once, show their later states in the same message, take them back; report where they cannot be posted.

Slack has no idempotency key for posts. A message is therefore recorded in the outbox before it is posted, has its key
in its metadata, and is searched for before a second attempt.

Quick answers, the usual case, get no placeholder, because Slack limits updates more than posts. A plot is drawn and
uploaded after the answer; failures are only logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.common.background import in_background
from bot.common.painter import PAINTER, DrawingFailed
from bot.diagnosing.reads import Progress
from bot.slack.client import Slack
from bot.slack.errors import (
    Archived,
    ChannelGone,
    MessageGone,
    MissingScope,
    NotInChannel,
    SlackError,
    SlackRefusal,
    SlackUnavailable,
    TokenRevoked,
    log_refusal,
)
from bot.slack.pacer import unasked
from bot.slack.posts import PostedMessage
from bot.store import StoredAnswer, StoredRequest, StoreUnavailable, Surface
from bot.workflows.kept_answer import ActionOffer, AnswerNotes, KeptAnswer
from bot.workflows.services import ANSWER, FILE, Services, post_key
from intents.domain import Finding, Language, Plot, Text
from intents.languages import choose
from responses.safety import safe_value
from responses.slack.diagnosis import placeholder_message
from responses.slack.message import Message, Picture
from responses.slack.notices import notice
from responses.words import COLON


async def post_once(
    services: Services, message: Message, *, to: str, key: str, thread_ts: str = "", turn_within: float | None = None
) -> PostedMessage:
    """Post to a channel or user unless posted before; `key` finds the message again. Raise SlackError.

    In a direct message a post with unknown outcome cannot be searched for: it may appear twice. `turn_within` limits
    the wait for the rate limit.
    """
    outbox = services.store.outbox
    sending = await outbox.begin(key, to, thread_ts, services.clock())
    if sending.ts:
        return PostedMessage(channel=to, ts=sending.ts, earlier=True)
    try:
        sent = await services.slack.post(
            channel=to, message=message, thread_ts=thread_ts, key=key, sought=sending.again, turn_within=turn_within
        )
    except SlackUnavailable as error:
        if not (error.maybe_done or sending.again):
            # Nothing was sent, so the next attempt need not search.
            await outbox.forget(key)
        raise
    except SlackRefusal:
        await outbox.forget(key)
        raise
    await outbox.done(key, sent.ts)
    return sent


async def show_once(
    services: Services, message: Message, *, to: str, key: str, first: Message | None = None
) -> PostedMessage:
    """Post to a channel, or show the message in the place of what was posted before. Raise SlackError.

    `first` is what a post shows, if an edit shows something else; with it, a message that was deleted is posted again.
    """
    while (sent := await post_once(services, first or message, to=to, key=key)).earlier:
        try:
            await services.slack.update(channel=to, ts=sent.ts, message=message, final=True, key=key)
            break
        except MessageGone:
            if first is None:
                raise
            await services.store.outbox.forget(key, ts=sent.ts)
    return sent


async def take_back(services: Services, key: str) -> None:
    """Delete what was posted. Raise SlackError."""
    entry = await services.store.outbox.get(key)
    if entry is not None and entry.ts:
        await services.slack.delete(channel=entry.channel, ts=entry.ts, key=key, thread_ts=entry.thread_ts)
        await services.store.outbox.forget(key)


_log: Final = structlog.get_logger(__name__)

# A placeholder that waits longer for the rate limit is left out.
_AT_ONCE_S: Final = 0.3
# Errors that no retry fixes: a person must invite us, grant a scope or replace the token.
_FOR_A_PERSON: Final = (NotInChannel, ChannelGone, Archived, MissingScope, TokenRevoked)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePoster:
    """Posts, updates and deletes the messages of one request."""

    services: Services

    async def sent(self, request: StoredRequest, *, step: str) -> PostedMessage | None:
        """Return the message of that step, if it was posted."""
        return await self.services.sent(post_key(request.id, step))

    async def placeholder(self, request: StoredRequest, message: Message) -> PostedMessage | None:
        """Post a placeholder for the answer if the rate limit allows it at once; return the answer's message, if any.

        In a queue it would only delay answers: its own post delays posts, and the edit that replaces it delays other
        edits, where the answer itself could be posted. A later message reports why none can be posted.
        """
        edits = self.services.slack.edits
        if edits.delay > _AT_ONCE_S and await self.sent(request, step=ANSWER) is None:
            _log.info("placeholder_skipped", request=request.id, error="edits are waiting")
            return None
        try:
            sent = await self.post(request, message, step=ANSWER, last=False, turn_within=_AT_ONCE_S)
        except SlackUnavailable as error:
            _log.info("placeholder_skipped", request=request.id, error=str(error))
            return None
        if sent is not None and not sent.earlier:
            edits.expect(channel=sent.channel, ts=sent.ts)
        return sent

    async def post(
        self,
        request: StoredRequest,
        message: Message,
        *,
        step: str,
        last: bool = True,
        turn_within: float | None = None,
    ) -> PostedMessage | None:
        """Post a message unless it exists. Return None if it cannot be posted.

        With `last`, that is reported to a person who can act; otherwise a later message will report it. `turn_within`
        limits the wait for the rate limit.
        """
        original = request.original
        try:
            return await post_once(
                self.services,
                message,
                to=original.channel,
                thread_ts=original.thread_ts,
                key=post_key(request.id, step),
                turn_within=turn_within,
            )
        except MessageGone:
            _log.info("message_deleted_before_answer", request=request.id)
        except _FOR_A_PERSON as error:
            if last:
                await self._undeliverable(request, error, message)
        return None

    async def show(self, request: StoredRequest, message: Message | None = None) -> bool:
        """Update the answer's message to its stored content and all later notes. Return False if a user deleted it.

        `message` replaces it for an answer without a diagnosis.
        """
        answer = await self.services.store.answers.get(request.id)
        if answer is None:
            return True
        if answer.message:
            message = KeptAnswer.from_json(answer.message).message(await self._notes(request, answer))
        elif (offer := ActionOffer.of(answer)) is not None:
            message = offer.message(await self._notes(request, answer))
        if message is None:
            return True
        try:
            await self.services.slack.update(
                channel=answer.channel,
                ts=answer.ts,
                message=message,
                final=True,
                key=post_key(request.id, ANSWER),
                thread_ts=request.original.thread_ts,
            )
        except MessageGone:
            _log.info("answer_deleted_by_user", request=request.id)
            return False
        return True

    async def refresh(self, request: StoredRequest) -> bool:
        """Update the answer to notes that nobody waits for, as `show` does; raise SlackUnavailable to be retried.

        It leaves the rate limit to answers, so that a later attempt shows several notes at once.
        """
        with unasked():
            if (delay := self.services.slack.edits.delay) > _AT_ONCE_S:
                raise SlackUnavailable(method="chat.update", detail=f"answers go first, for {delay:.1f} s")
            with log_refusal(_log.warning, "answer_refresh_failed", request=request.id):
                return await self.show(request)
            return True

    async def notes(self, request: StoredRequest) -> AnswerNotes:
        """Return all notes about the request's answer."""
        return await self._notes(request, await self.services.store.answers.get(request.id))

    async def _notes(self, request: StoredRequest, answer: StoredAnswer | None) -> AnswerNotes:
        shown = AnswerNotes.from_notes(answer.shown) if answer else AnswerNotes()
        if topic := await self.services.store.topics.led_by(request.id):
            shown = replace(shown, count=topic.count, last=topic.last)
        return shown

    async def attach(self, request: StoredRequest, picture: Picture, *, step: str) -> None:
        """Attach a plot below the message of that step, once; it is deleted with it. Raise SlackError."""
        if sent := await self.sent(request, step=step):
            await self.services.slack.attach(
                channel=sent.channel,
                ts=sent.ts,
                picture=picture,
                key=post_key(request.id, step),
                thread_ts=request.original.thread_ts,
            )

    async def take_back(self, request: StoredRequest) -> None:
        """Delete the messages of a request."""
        for step in (ANSWER, FILE):
            await take_back(self.services, post_key(request.id, step))
        await self.services.store.answers.delete(request.id)

    async def _undeliverable(self, request: StoredRequest, error: SlackError, message: Message) -> None:
        """Use a command's response URL, or tell the requester once a day in a direct message why."""
        original, services = request.original, self.services
        _log.warning("answer_post_failed", channel=original.channel, error=str(error), request=request.id)
        if original.response_url and isinstance(error, NotInChannel | ChannelGone):
            with log_refusal(_log.warning, "response_url_reply_failed", request=request.id, of=SlackError):
                await services.slack.respond(original.response_url, _without_controls(message))
            return
        if isinstance(error, TokenRevoked) or not original.user:
            return
        if original.origin is Surface.DIRECT and isinstance(error, ChannelGone):
            # Nobody reads this direct message any more.
            return
        once = f"{type(error).__name__}/{original.channel}"
        if await services.once(once):
            with log_refusal(_log.warning, "requester_notification_failed", user=original.user, of=SlackError):
                language = choose(preferred=services.language, text=request.text)
                place = await services.slack.place(original.channel)
                where = [Text.same(f"#{place.name}")] if place.name else []
                says = Text.joined([*where, error.says], COLON)
                await services.slack.post(channel=original.user, message=notice(says, language=language))


def _without_controls(message: Message) -> Message:
    """Return the message without controls: presses on an ephemeral message cannot be traced."""
    return replace(
        message, blocks=tuple(block for block in message.blocks if block["type"] not in ("actions", "context_actions"))
    )


# The first plot of a process takes seconds, because the library lists the fonts.
_WITHIN_S: Final = 60.0


async def attach_plots(services: Services, request: StoredRequest, finding: Finding, *, language: Language) -> None:
    """Attach the plot of a finding that has passed `scrubbed`. Never raises."""
    if finding.plot is None:
        return
    try:
        async with asyncio.timeout(_WITHIN_S):
            content = await asyncio.to_thread(_drawn, finding.plot)
            if content:
                picture = Picture(
                    name="plot.png",
                    title=finding.plot.title.in_(language),
                    alt=finding.says.in_(language),
                    content=content,
                )
                await MessagePoster(services=services).attach(request, picture, step=ANSWER)
    except (SlackError, StoreUnavailable, TimeoutError) as error:
        _log.warning("plot_upload_failed", request=request.id, error=str(error) or "too slow")


def _drawn(plot: Plot) -> bytes:
    """Return the plot as a picture; empty if drawing fails: a broken library must not lose an answer."""
    try:
        return PAINTER.png(plot)
    except DrawingFailed as error:
        _log.error("plot_rendering_failed", title=plot.title.en, error=str(error))
        return b""


# An answer that is ready by then is posted itself.
PLACEHOLDER_AFTER_S: Final = 1.5
_LEAST_S: Final = 0.3
_EVERY_S: Final = 2.5


@dataclass(slots=True, kw_only=True)
class ProgressReporter:
    """Shows progress: `async with reporter.reporting(): diagnose(..., progress=reporter.progress)`.

    `sent` is the message that shows it; else `begin`, if given, posts one if the block takes longer, or returns None.
    `waited` is how many seconds the requester has waited already. `wanted` tells whether the answer is still current.
    """

    slack: Slack
    sent: PostedMessage | None
    language: Language
    begin: Callable[[], Awaitable[PostedMessage | None]] | None
    wanted: Callable[[], Awaitable[bool]]
    waited: float = 0.0
    _latest: Progress | None = None
    _posting: asyncio.Task[PostedMessage | None] | None = None

    def progress(self, progress: Progress) -> None:
        self._latest = progress

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[None]:
        try:
            async with in_background(self._tell()):
                yield
        except asyncio.CancelledError:
            if self._posting is not None:
                self._posting.cancel()
            raise
        finally:
            # A post in flight is not cut off: nobody would know whether it arrived.
            if self._posting is not None:
                await asyncio.wait({self._posting})

    async def _begun(self, begin: Callable[[], Awaitable[PostedMessage | None]]) -> PostedMessage | None:
        try:
            return await begin()
        except (SlackError, StoreUnavailable) as error:
            # The answer's own post meets the same failure, and reports it.
            _log.info("placeholder_failed", error=str(error))
            return None

    async def _tell(self) -> None:
        await asyncio.sleep(max(_LEAST_S, PLACEHOLDER_AFTER_S - self.waited))
        sent = self.sent
        if sent is None and self.begin is not None:
            self._posting = asyncio.create_task(self._begun(self.begin))
            sent = await asyncio.shield(self._posting)
        if sent is None:
            return
        shown: Progress | None = None
        while True:
            now = self._latest
            # Progress never delays an answer.
            if now is not None and now != shown and not self.slack.edits.delay:
                if not await self.wanted():
                    return
                message = placeholder_message(
                    language=self.language,
                    done=now.done,
                    total=now.total,
                    scanned=now.scanned,
                    found=safe_value(now.found),
                )
                try:
                    await self.slack.update(channel=sent.channel, ts=sent.ts, message=message, final=False)
                except SlackError as error:
                    _log.info("progress_update_failed", error=str(error))
                    return
                shown = now
            await asyncio.sleep(_EVERY_S)
