"""Join messages that belong together: a long paste arrives as several messages within seconds, in any order.

Parts are kept only in memory, because unmatched chat must not be stored. Several replicas may each see a part of a
split paste; a match in any part is still answered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

# Slack clients send the parts of one paste within about this many seconds.
JOINED_WITHIN_S: Final = 3.0
_SPEAKERS: Final = 2_000
_PARTS: Final = 20


@dataclass(slots=True, kw_only=True)
class Part:
    """One message of a user; `request` is the request that includes it, "" while it is chat."""

    ts: str
    text: str
    request: str = ""


@dataclass(slots=True)
class RecentParts:
    """The recent messages of each user in each thread, by Slack's time."""

    _recent: OrderedDict[tuple[str, str, str], list[Part]] = field(default_factory=OrderedDict)

    def beside(self, channel: str, thread_ts: str, user: str, ts: str) -> list[Part]:
        """Return the user's messages adjacent to `ts`, in order, with gaps of at most three seconds."""
        parts = sorted(self._recent.get((channel, thread_ts, user), ()), key=lambda part: part.ts)
        before = [part for part in parts if part.ts < ts]
        after = [part for part in parts if part.ts > ts]
        return [*_unbroken(before[::-1], ts)[::-1], *_unbroken(after, ts)]

    def known(self, channel: str, thread_ts: str, user: str, ts: str) -> Part | None:
        return next((part for part in self._recent.get((channel, thread_ts, user), ()) if part.ts == ts), None)

    def add(self, channel: str, thread_ts: str, user: str, part: Part) -> None:
        key = (channel, thread_ts, user)
        kept = [other for other in self._recent.pop(key, []) if other.ts != part.ts]
        self._recent[key] = [*kept, part][-_PARTS:]
        while len(self._recent) > _SPEAKERS:
            self._recent.popitem(last=False)

    def forget(self, channel: str, thread_ts: str, user: str, ts: str) -> None:
        """Drop a message that was not recorded: when Slack sends it again, it is new."""
        key = (channel, thread_ts, user)
        self._recent[key] = [part for part in self._recent.get(key, ()) if part.ts != ts]


def _unbroken(parts: list[Part], ts: str) -> list[Part]:
    chain: list[Part] = []
    at = ts
    for part in parts:
        if abs(float(part.ts) - float(at)) > JOINED_WITHIN_S:
            break
        chain.append(part)
        at = part.ts
    return chain
