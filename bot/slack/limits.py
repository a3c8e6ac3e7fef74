"""Define Slack's rate limits by method, and how long we wait for them, in one table.

Slack counts per method, workspace and minute, in tiers; posts also count per channel, one a second with short bursts.
It counts when a call arrives, not when it is sent, so our rates stay a tenth below its own, burst included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate limit: `burst` calls at once, then one every `every` seconds."""

    every: float
    burst: int = 1

    @classmethod
    def tier(cls, per_minute: int, *, burst: int) -> Rate:
        """Return a rate of at most nine tenths of `per_minute` in any minute, burst included."""
        return cls(every=60 / (0.9 * per_minute - burst), burst=burst)


_T2: Final = Rate.tier(20, burst=4)
_T3: Final = Rate.tier(50, burst=8)
_T4: Final = Rate.tier(100, burst=15)
_MANY: Final = Rate.tier(300, burst=20)  # "several hundred per minute"

_METHODS: Final[Mapping[str, Rate]] = MappingProxyType(
    {
        "auth.test": _MANY,
        "canvases.edit": _T3,
        "chat.delete": _T3,
        "chat.getPermalink": _MANY,
        "chat.postEphemeral": _T4,
        "chat.postMessage": _MANY,
        "chat.update": _T3,
        "conversations.canvases.create": _T2,
        "conversations.history": _T3,
        "conversations.info": _T3,
        "conversations.join": _T3,
        "conversations.replies": _T3,
        "files.completeUploadExternal": _T4,
        "files.delete": _T3,
        "files.getUploadURLExternal": _T4,
        "files.info": _T4,
        "pins.add": _T2,
        "pins.remove": _T2,
        "users.info": _T4,
        "views.open": _T4,
        "views.update": _T4,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Rates and times in seconds. The defaults are Slack's; tests use smaller ones."""

    methods: Mapping[str, Rate] = field(default_factory=lambda: _METHODS)
    other: Rate = _T2
    """For a method not listed."""
    channel: Rate = field(default_factory=lambda: Rate(every=1.0, burst=2))
    """Posts of one channel. Slack documents no burst; we need a placeholder and a note at once."""
    waiting: int = 200
    """The maximum number of calls that wait for their turn in one lane; one more is refused."""
    call: float = 5.0
    """The timeout of one call."""
    patience: float = 30.0
    """The timeout of a call with its waiting and its retries."""
    trigger: float = 2.5
    """The same for calls whose trigger expires after three seconds."""
    between_edits: float = 2.5
    """The least time between two edits of one message that are not final."""
    first_pause: float = 0.3
    """Before the first repetition of a failed call; doubled for each further one, with jitter."""
    settling: float = 0.3
    """After a post was cut off, before it is searched for: it may still arrive."""
    repetitions: int = 3
    """The maximum number of retries of a failed call that may be repeated."""

    def rate(self, method: str) -> Rate:
        return self.methods.get(method, self.other)
