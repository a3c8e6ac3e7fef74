"""A stretch of a channel's history against what is kept of it: what is gone by now, which threads are to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# What Slack leaves where a message was deleted that has replies.
_DELETED: Final = "tombstone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The thread below message `ts`; `latest` is its newest reply, `kept` are those of which something is kept."""

    ts: str
    latest: str
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """`gone`: messages of which something is kept though they stand nowhere any more. All are named by their ts."""

    gone: frozenset[str]
    threads: tuple[Thread, ...]


def stretch_of(
    messages: Sequence[Mapping[str, Any]], kept: Mapping[str, str], *, latest: str, to_the_end: bool
) -> Stretch:
    """Compare the messages that stand before `latest` ("": all) with those kept, which come by ts with their thread.

    `to_the_end`: nothing is older. Where no message stands, nothing can be told.
    """
    standing = {str(each.get("ts") or ""): each for each in messages}
    if not standing:
        return Stretch(gone=frozenset(), threads=())
    oldest = "" if to_the_end else min(standing)

    def here(ts: str) -> bool:
        return oldest <= ts and (not latest or ts < latest)

    gone = {ts for ts, thread in kept.items() if not thread and here(ts) and not _stands(standing.get(ts))}
    below: dict[str, list[str]] = {}
    for ts, thread in kept.items():
        if thread and here(thread):
            below.setdefault(thread, []).append(ts)
    threads = tuple(
        Thread(ts=ts, latest=str(each.get("latest_reply") or ""), kept=tuple(sorted(below.pop(ts, ()))))
        for ts, each in standing.items()
        if each.get("reply_count") and _heads(each)
    )
    # Below what has no replies any more none stands.
    return Stretch(gone=frozenset(gone.union(*below.values())), threads=threads)


def _stands(message: Mapping[str, Any] | None) -> bool:
    return message is not None and message.get("subtype") != _DELETED


def _heads(message: Mapping[str, Any]) -> bool:
    """A reply that was also sent to the channel stands there as well."""
    return bool(message.get("thread_ts", message.get("ts")) == message.get("ts"))
