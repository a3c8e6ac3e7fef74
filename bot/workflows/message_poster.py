"""Post the messages of a request once and update them later; report where they cannot be posted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

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
)
from bot.slack.lane import unasked
from bot.slack.posts import PostedMessage
from bot.store import StoredAnswer, StoredRequest
from bot.workflows.kept_answer import AnswerNotes, KeptAnswer
from bot.workflows.services import ANSWER, FILE, Services, post_key
from bot.workflows.single_posts import post_once, take_back
from intents.domain import Text
from responses.language import choose
from responses.slack.message import Message, Picture
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

# A placeholder that waits longer for the rate limit is left out.
_AT_ONCE_S: Final = 0.3
_SAID_ONCE: Final = timedelta(hours=24)
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
            try:
                return await self.show(request)
            except SlackRefusal as error:
                _log.warning("answer_refresh_failed", request=request.id, error=str(error))
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
            try:
                await services.slack.respond(original.response_url, _without_controls(message))
            except SlackError as second:
                _log.warning("response_url_reply_failed", request=request.id, error=str(second))
            return
        if isinstance(error, TokenRevoked) or not original.user:
            return
        once = f"{type(error).__name__}/{original.channel}"
        if await services.once(once, within=_SAID_ONCE):
            try:
                language = choose(preferred=services.language, text=request.text)
                place = await services.slack.place(original.channel)
                says = _about(f"#{place.name}", error.says) if place.name else error.says
                await services.slack.post(channel=original.user, message=notice(says, language=language))
            except SlackError as second:
                _log.warning("requester_notification_failed", user=original.user, error=str(second))


def _about(channel: str, says: Text) -> Text:
    return Text(en=f"{channel}: {says.en}", zh=f"{channel}：{says.zh}")


def _without_controls(message: Message) -> Message:
    """Return the message without controls: presses on an ephemeral message cannot be traced."""
    return replace(message, blocks=tuple(block for block in message.blocks if block["type"] != "actions"))
