"""What somebody missed, in a few lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intents.chronicle.facts import Fact, Standing
from intents.chronicle.summary import Holder, NextStep
from intents.chronicle.timeline import Moment

MOST_LINES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What happened after `since` (None: all of it), in at most `MOST_LINES` moments, oldest first.

    The newest of what matters most stay; `left_out` counts the others. `status` holds now, whether it is new or not.
    """

    since: datetime | None
    status: Standing
    said: Fact | None
    status_since: datetime
    lines: tuple[Moment, ...] = ()
    left_out: int = 0
    commander: Holder | None = None
    next_step: NextStep | None = None


def news_since(facts: Iterable[Fact], *, opened: datetime, since: datetime | None, now: datetime) -> News:
    """The news at `now`; the same whatever the order of the facts."""
    raise NotImplementedError
