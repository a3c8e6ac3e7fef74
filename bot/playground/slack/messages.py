"""The messages that stand in the channels, their threads, and the ephemeral ones that one person sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.playground.slack.changes import Changes
from bot.playground.slack.copies import copied
from bot.playground.slack.records import ChangeKind, Json
from bot.playground.slack.wrong import Refused


def permalink(url: str, channel: str, message: Json) -> str:
    """The address of a message on the server at `url`."""
    link = f"{url}/archives/{channel}/p{message['ts'].replace('.', '')}"
    thread_ts = message.get("thread_ts", message["ts"])
    return link if thread_ts == message["ts"] else f"{link}?thread_ts={thread_ts}&cid={channel}"


class Timestamps:
    """Slack's message ids: epoch seconds with microseconds, never the same twice."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        self._last = max(int(self._clock() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


class Messages:
    """Messages by channel and ts, oldest first. What goes in and comes out are copies."""

    def __init__(self, *, timestamps: Timestamps, changes: Changes) -> None:
        self._timestamps = timestamps
        self._changes = changes
        self._channels: dict[str, dict[str, Json]] = {}
        self._threads: dict[tuple[str, str], list[str]] = {}

    def post(self, channel: str, message: Json) -> Json:
        """Store it under a new ts and return it with that; a reply is counted at its parent."""
        ts = self._timestamps.next()
        stored = copied(message) | {"type": "message", "ts": ts}
        standing = self._channels.setdefault(channel, {})
        standing[ts] = stored
        if thread_ts := stored.get("thread_ts"):
            parent = standing.get(thread_ts)
            if parent is not None:
                stored["parent_user_id"] = parent.get("user", "")
            self._threads.setdefault((channel, thread_ts), []).append(ts)
            self._recount(channel, thread_ts)
        self._changes.tell(ChangeKind.MESSAGE_POSTED, copied(stored), channel=channel)
        return copied(stored)

    def restore(self, channel: str, messages: Iterable[Json]) -> None:
        """Put messages back under the ts they had, as `all` returned them."""
        standing = self._channels.setdefault(channel, {})
        for message in messages:
            standing[message["ts"]] = copied(message)
            parent = str(message.get("thread_ts", message["ts"]))
            if parent != message["ts"]:
                self._threads.setdefault((channel, parent), []).append(message["ts"])

    def change(self, channel: str, ts: str, fields: Json, *, remove: tuple[str, ...] = ()) -> Json:
        """Replace fields of a message that stands. KeyError if it does not."""
        stored = self._channels[channel][ts]
        stored.update(copied(fields))
        for name in remove:
            stored.pop(name, None)
        self._changes.tell(ChangeKind.MESSAGE_CHANGED, copied(stored), channel=channel)
        return copied(stored)

    def delete(self, channel: str, ts: str) -> Json:
        """Take a message away and return it. KeyError if it does not stand."""
        gone = self._channels[channel].pop(ts)
        thread_ts = gone.get("thread_ts", ts)
        if thread_ts != ts:
            self._threads[channel, thread_ts].remove(ts)
            self._recount(channel, thread_ts)
        self._changes.tell(ChangeKind.MESSAGE_DELETED, copied(gone), channel=channel)
        return gone

    def get(self, channel: str, ts: str) -> Json | None:
        return copied(self._channels.get(channel, {}).get(ts))

    def find(self, channel: str, ts: str) -> Json:
        """Refused `message_not_found`."""
        if (message := self.get(channel, ts)) is None:
            raise Refused("message_not_found")
        return message

    def all(self, channel: str) -> list[Json]:
        return copied(list(self._channels.get(channel, {}).values()))

    def replies(self, channel: str, thread_ts: str) -> list[Json]:
        """The replies of a thread, without its parent."""
        standing = self._channels.get(channel, {})
        return [copied(standing[ts]) for ts in self._threads.get((channel, thread_ts), ())]

    def has_replies(self, channel: str, thread_ts: str) -> bool:
        return bool(self._threads.get((channel, thread_ts)))

    def _recount(self, channel: str, thread_ts: str) -> None:
        parent = self._channels[channel].get(thread_ts)
        if parent is None:
            return
        standing = self._channels[channel]
        replies = self._threads[channel, thread_ts]
        users = list(dict.fromkeys(standing[ts].get("user", "") for ts in replies))
        if not replies:
            for name in ("thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"):
                parent.pop(name, None)
            return
        parent.update(
            thread_ts=thread_ts, reply_count=len(replies), reply_users=users, reply_users_count=len(users),
            latest_reply=replies[-1], is_locked=False, subscribed=False,
        )  # fmt: skip


class Ephemerals:
    """What one person sees in one channel; Slack forgets it when it is replaced, deleted or reloaded."""

    def __init__(self, *, timestamps: Timestamps, changes: Changes) -> None:
        self._timestamps = timestamps
        self._changes = changes
        self._standing: dict[str, Json] = {}

    def post(self, channel: str, user: str, message: Json) -> Json:
        """Store it with `channel` and `user` (who sees it) beside the message's own fields."""
        ts = self._timestamps.next()
        own = {"type": "message", "subtype": "ephemeral", "ts": ts, "channel": channel, "user": user}
        self._standing[ts] = copied(message) | own
        self._tell(ChangeKind.EPHEMERAL_POSTED, self._standing[ts])
        return copied(self._standing[ts])

    def change(self, ts: str, fields: Json, *, remove: tuple[str, ...] = ()) -> None:
        stored = self._standing[ts]
        stored.update(copied(fields))
        for name in remove:
            stored.pop(name, None)
        self._tell(ChangeKind.EPHEMERAL_CHANGED, stored)

    def delete(self, ts: str) -> None:
        if gone := self._standing.pop(ts, None):
            self._tell(ChangeKind.EPHEMERAL_DELETED, gone)

    def get(self, ts: str) -> Json | None:
        return copied(self._standing.get(ts))

    def all(self, user: str | None = None) -> list[Json]:
        return [copied(each) for each in self._standing.values() if user is None or each["user"] == user]

    def _tell(self, kind: ChangeKind, message: Json) -> None:
        self._changes.tell(kind, copied(message), channel=message["channel"], user=message["user"])
