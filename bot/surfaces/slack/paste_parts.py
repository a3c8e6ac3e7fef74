"""Join the messages of one long paste: Slack cuts it at its limit, and they arrive within seconds, in any order.

A message continues the one before it only if that one was cut: it is as long as Slack allows, or ends inside a code
block. Two pastes are never joined, however quickly they follow each other.

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
    """One message of a user; `request` is the request that includes it, "" while it is chat.

    `is_cut` and `in_block` are those of the message: the next one may continue it.
    """

    ts: str
    text: str
    request: str = ""
    is_cut: bool = False
    in_block: bool = False


@dataclass(slots=True)
class RecentParts:
    """The recent messages of each user in each thread, by Slack's time."""

    _recent: OrderedDict[tuple[str, str, str], list[Part]] = field(default_factory=OrderedDict)

    def beside(self, channel: str, thread_ts: str, user: str, ts: str) -> list[Part]:
        """Return the other parts of the paste that message `ts`, which is known already, belongs to, in order."""
        parts = sorted(self._recent.get((channel, thread_ts, user), ()), key=lambda part: part.ts)
        pastes: list[list[Part]] = []
        for part in parts:
            if pastes and _continues(pastes[-1], part):
                pastes[-1].append(part)
            else:
                pastes.append([part])
        paste = next((paste for paste in pastes if any(part.ts == ts for part in paste)), [])
        return [part for part in paste if part.ts != ts]

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


def _continues(paste: list[Part], part: Part) -> bool:
    before = paste[-1]
    in_block = sum(one.in_block for one in paste) % 2 == 1
    return float(part.ts) - float(before.ts) <= JOINED_WITHIN_S and (before.is_cut or in_block)
