"""Compare a page of a channel's history with the stored records: deleted messages, and threads to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# Subtype that Slack gives to a deleted message with replies.
_DELETED: Final = "tombstone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The thread below message `ts`; `latest` is its newest reply, `kept` are the messages with stored facts."""

    ts: str
    latest: str
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Result of a comparison. `gone`: messages with stored facts that no longer exist. All are identified by ts."""

    gone: frozenset[str]
    threads: tuple[Thread, ...]


def stretch_of(
    messages: Sequence[Mapping[str, Any]], kept: Mapping[str, str], *, latest: str, to_the_end: bool
) -> Stretch:
    """Compare the messages before `latest` ("": all) with the stored ones, keyed by ts with their thread.

    `to_the_end`: no message is older. Without any message nothing can be concluded.
    """
    present = {str(each.get("ts") or ""): each for each in messages}
    if not present:
        return Stretch(gone=frozenset(), threads=())
    oldest = "" if to_the_end else min(present)
    # A reply belongs to the position of its thread's root.
    here = {ts: thread for ts, thread in kept.items() if _is_within(thread or ts, oldest, latest)}
    gone = {ts for ts, thread in here.items() if not thread and not _stands(present.get(ts))}
    below = _by_thread(here)
    threads = tuple(
        Thread(ts=ts, latest=str(each.get("latest_reply") or ""), kept=tuple(sorted(below.pop(ts, ()))))
        for ts, each in present.items()
        if _has_thread(each)
    )
    # A root without replies has no stored replies left.
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
    """Tell whether a message is a thread's root; a reply that was also sent to the channel is not."""
    return bool(message.get("reply_count")) and message.get("thread_ts", message.get("ts")) == message.get("ts")
