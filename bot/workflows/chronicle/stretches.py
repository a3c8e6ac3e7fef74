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
    # A reply belongs to the place of the message that heads its thread.
    here = {ts: thread for ts, thread in kept.items() if _is_within(thread or ts, oldest, latest)}
    gone = {ts for ts, thread in here.items() if not thread and not _stands(standing.get(ts))}
    below = _by_thread(here)
    threads = tuple(
        Thread(ts=ts, latest=str(each.get("latest_reply") or ""), kept=tuple(sorted(below.pop(ts, ()))))
        for ts, each in standing.items()
        if _has_thread(each)
    )
    # Below what has no replies any more none stands.
    return Stretch(gone=frozenset(gone.union(*below.values())), threads=threads)


def _is_within(ts: str, oldest: str, latest: str) -> bool:
    return oldest <= ts and (not latest or ts < latest)


def _by_thread(kept: Mapping[str, str]) -> dict[str, list[str]]:
    below: dict[str, list[str]] = {}
    for ts, thread in kept.items():
        if thread:
            below.setdefault(thread, []).append(ts)
    return below


def _stands(message: Mapping[str, Any] | None) -> bool:
    return message is not None and message.get("subtype") != _DELETED


def _has_thread(message: Mapping[str, Any]) -> bool:
    """Tell whether a message heads a thread; a reply that was also sent to the channel does not."""
    return bool(message.get("reply_count")) and message.get("thread_ts", message.get("ts")) == message.get("ts")
