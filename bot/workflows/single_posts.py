"""Post a message once, show its later states in the same message, and take it back, however often a step runs.

Slack has no idempotency key for posts. A message is therefore recorded in the outbox before it is posted, has its key
in its metadata, and is searched for before a second attempt.
"""

from __future__ import annotations

from bot.slack.errors import MessageGone, SlackRefusal, SlackUnavailable
from bot.slack.posts import PostedMessage
from bot.workflows.services import Services
from responses.slack.message import Message


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
