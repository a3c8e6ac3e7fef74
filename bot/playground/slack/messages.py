"""Store the messages of the channels, their threads, and ephemeral messages."""

from __future__ import annotations

from collections.abc import Callable

from bot.playground.copies import copied
from bot.playground.slack.changes import Changes
from bot.playground.slack.records import ChangeKind, Json, Refused


def permalink(url: str, channel: str, message: Json) -> str:
    """Return the address of a message on the server at `url`."""
    link = f"{url}/archives/{channel}/p{message['ts'].replace('.', '')}"
    thread_ts = message.get("thread_ts", message["ts"])
    return link if thread_ts == message["ts"] else f"{link}?thread_ts={thread_ts}&cid={channel}"


class Timestamps:
    """Unique message timestamps as Slack makes them: epoch seconds with microseconds."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """Return the next timestamp, later than every one before."""
        self._last = max(int(self._clock() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


class Messages:
    """Messages by channel and ts, oldest first. Takes and returns copies."""

    def __init__(self, *, timestamps: Timestamps, changes: Changes) -> None:
        self._timestamps = timestamps
        self._changes = changes
        self._channels: dict[str, dict[str, Json]] = {}
        self._threads: dict[tuple[str, str], list[str]] = {}

    def post(self, channel: str, message: Json) -> Json:
        """Store a message under a new ts, count it at its parent if it is a reply, and return it."""
        ts = self._timestamps.next()
        stored = copied(message) | {"type": "message", "ts": ts}
        messages = self._channels.setdefault(channel, {})
        messages[ts] = stored
        if thread_ts := stored.get("thread_ts"):
            parent = messages.get(thread_ts)
            if parent is not None:
                stored["parent_user_id"] = parent.get("user", "")
            self._threads.setdefault((channel, thread_ts), []).append(ts)
            self._recount(channel, thread_ts)
        return self._changes.publish(ChangeKind.MESSAGE_POSTED, stored, channel=channel)

    def change(self, channel: str, ts: str, fields: Json, *, remove: tuple[str, ...] = ()) -> Json:
        """Replace fields of a message. Raise KeyError if it does not exist."""
        stored = self._channels[channel][ts]
        _update(stored, fields, remove)
        return self._changes.publish(ChangeKind.MESSAGE_CHANGED, stored, channel=channel)

    def delete(self, channel: str, ts: str) -> Json:
        """Remove a message and return it. Raise KeyError if it does not exist."""
        deleted = self._channels[channel].pop(ts)
        thread_ts = deleted.get("thread_ts", ts)
        if thread_ts != ts:
            self._threads[channel, thread_ts].remove(ts)
            self._recount(channel, thread_ts)
        return self._changes.publish(ChangeKind.MESSAGE_DELETED, deleted, channel=channel)

    def get(self, channel: str, ts: str) -> Json | None:
        """Return a message, or None."""
        return copied(self._channels.get(channel, {}).get(ts))

    def find(self, channel: str, ts: str) -> Json:
        """Return a message. Refuse with `message_not_found`."""
        if (message := self.get(channel, ts)) is None:
            raise Refused("message_not_found")
        return message

    def all(self, channel: str) -> list[Json]:
        """Return all messages of a channel."""
        return copied(list(self._channels.get(channel, {}).values()))

    def replies(self, channel: str, thread_ts: str) -> list[Json]:
        """Return the replies of a thread, without its parent."""
        messages = self._channels.get(channel, {})
        return [copied(messages[ts]) for ts in self._threads.get((channel, thread_ts), ())]

    def _recount(self, channel: str, thread_ts: str) -> None:
        parent = self._channels[channel].get(thread_ts)
        if parent is None:
            return
        replies = self._threads[channel, thread_ts]
        if not replies:
            _update(parent, {}, ("thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"))
            return
        users = list(dict.fromkeys(self._channels[channel][ts].get("user", "") for ts in replies))
        parent.update(
            thread_ts=thread_ts, reply_count=len(replies), reply_users=users, reply_users_count=len(users),
            latest_reply=replies[-1], is_locked=False, subscribed=False,
        )  # fmt: skip


class Ephemerals:
    """Ephemeral messages: one user sees them, and Slack drops them when they are replaced or deleted."""

    def __init__(self, *, timestamps: Timestamps, changes: Changes) -> None:
        self._timestamps = timestamps
        self._changes = changes
        self._stored: dict[str, Json] = {}

    def post(self, channel: str, user: str, message: Json) -> Json:
        """Store a message with its `channel` and the `user` who sees it."""
        ts = self._timestamps.next()
        own = {"type": "message", "subtype": "ephemeral", "ts": ts, "channel": channel, "user": user}
        self._stored[ts] = copied(message) | own
        return self._publish(ChangeKind.EPHEMERAL_POSTED, self._stored[ts])

    def change(self, ts: str, fields: Json, *, remove: tuple[str, ...] = ()) -> None:
        """Replace fields of an ephemeral message."""
        _update(self._stored[ts], fields, remove)
        self._publish(ChangeKind.EPHEMERAL_CHANGED, self._stored[ts])

    def delete(self, ts: str) -> None:
        """Delete an ephemeral message, if it exists."""
        if deleted := self._stored.pop(ts, None):
            self._publish(ChangeKind.EPHEMERAL_DELETED, deleted)

    def get(self, ts: str) -> Json | None:
        """Return an ephemeral message, or None."""
        return copied(self._stored.get(ts))

    def all(self, user: str | None = None) -> list[Json]:
        """Return all ephemeral messages, or those of one user, with their `channel` and `user`, oldest first."""
        return [copied(each) for each in self._stored.values() if user is None or each["user"] == user]

    def _publish(self, kind: ChangeKind, message: Json) -> Json:
        return self._changes.publish(kind, message, channel=message["channel"], user=message["user"])


def _update(stored: Json, fields: Json, remove: tuple[str, ...]) -> None:
    stored.update(copied(fields))
    for name in remove:
        stored.pop(name, None)
