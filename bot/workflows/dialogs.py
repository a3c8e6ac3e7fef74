"""Keep with a plan what its dialog was filled with: a press must come from it, and the write rests on it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from bot.common.portable import Portable
from bot.remedies.contract import Preview
from bot.store import StoredPlan


def dialog_key(user: str) -> str:
    """Where a plan keeps which dialog it was last shown in to that user."""
    return f"dialog:{user}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIn(Portable):
    """What a dialog was filled with: what guards the write, the values given for what the plan asks, and whose
    confirmation it approves, "" for nobody's.
    """

    preview: Preview
    answers: dict[str, str] = field(default_factory=dict)
    approves: str = ""

    @property
    def fill(self) -> str:
        """Names this filling among those of one dialog."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]


def filling(view: str, fill: str) -> str:
    """Names one filling of a dialog."""
    return f"{view}.{fill}"


def shown_key(view: str) -> str:
    """Where a plan keeps what a dialog was filled with. Of its own for each filling: while one is sent off the next is
    filled, and whoever confirms has seen this one.
    """
    return f"shown:{view}"


def shown_in(plan: StoredPlan, view: str) -> ShownIn | None:
    """None for a dialog that was never filled."""
    kept = plan.document.get(shown_key(view))
    return ShownIn.from_json(kept) if kept else None
