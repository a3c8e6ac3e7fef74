"""Post a message once, however often its step runs."""

from __future__ import annotations

from bot.slack.errors import SlackRefusal
from bot.slack.posts import PostedMessage
from bot.workflows.services import Services
from responses.slack.message import Message


async def post_once(services: Services, message: Message, *, to: str, key: str, thread_ts: str = "") -> PostedMessage:
    """Post to a channel or user unless posted before; `key` finds the message again. Raise SlackError.

    In a direct message a post with unknown outcome cannot be searched for: it may appear twice.
    """
    outbox = services.store.outbox
    sending = await outbox.begin(key, to, thread_ts, services.clock())
    if sending.ts:
        return PostedMessage(channel=to, ts=sending.ts)
    try:
        sent = await services.slack.post(
            channel=to, message=message, thread_ts=thread_ts, key=key, sought=sending.again
        )
    except SlackRefusal:
        await outbox.forget(key)
        raise
    await outbox.done(key, sent.ts)
    return sent
