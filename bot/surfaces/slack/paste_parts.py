"""Which messages belong together: a long paste arrives as several messages within seconds, in any order.

Kept in memory only: what matched nothing is chat, and chat is not written down. Several replicas may then each see a
part of a split paste; what matches in each part is still answered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

# People's clients send the pieces of one paste within about this many seconds.
JOINED_WITHIN_S: Final = 3.0
_SPEAKERS: Final = 2_000
_PARTS: Final = 20


@dataclass(slots=True, kw_only=True)
class Part:
    """One message of somebody; `request` is the request it was taken into, "" as long as it is chat."""

    ts: str
    text: str
    request: str = ""


@dataclass(slots=True)
class RecentParts:
    """The last messages of each speaker in each thread, by the time Slack gave them."""

    _said: OrderedDict[tuple[str, str, str], list[Part]] = field(default_factory=OrderedDict)

    def beside(self, channel: str, thread_ts: str, user: str, ts: str) -> list[Part]:
        """What the same person said there just before or after `ts`, in order, connected by gaps of three seconds."""
        parts = sorted(self._said.get((channel, thread_ts, user), ()), key=lambda part: part.ts)
        before = [part for part in parts if part.ts < ts]
        after = [part for part in parts if part.ts > ts]
        return [*_unbroken(before[::-1], ts)[::-1], *_unbroken(after, ts)]

    def known(self, channel: str, thread_ts: str, user: str, ts: str) -> Part | None:
        return next((part for part in self._said.get((channel, thread_ts, user), ()) if part.ts == ts), None)

    def add(self, channel: str, thread_ts: str, user: str, part: Part) -> None:
        key = (channel, thread_ts, user)
        kept = [other for other in self._said.pop(key, []) if other.ts != part.ts]
        self._said[key] = [*kept, part][-_PARTS:]
        while len(self._said) > _SPEAKERS:
            self._said.popitem(last=False)

    def forget(self, channel: str, thread_ts: str, user: str, ts: str) -> None:
        """Nothing was recorded of that message: when Slack sends it again, it is new."""
        key = (channel, thread_ts, user)
        self._said[key] = [part for part in self._said.get(key, ()) if part.ts != ts]


def _unbroken(parts: list[Part], ts: str) -> list[Part]:
    chain: list[Part] = []
    at = ts
    for part in parts:
        if abs(float(part.ts) - float(at)) > JOINED_WITHIN_S:
            break
        chain.append(part)
        at = part.ts
    return chain
