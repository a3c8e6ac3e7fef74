"""Define the state of a rollout as `kubectl rollout status` judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from intents.domain import Text


class RolloutState(StrEnum):
    """How far a rollout is. FAILED will not end by itself; ENDLESS has no end that its status could tell."""

    COMPLETE = "complete"
    IN_PROGRESS = "in progress"
    FAILED = "failed"
    ENDLESS = "endless"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStatus:
    """The state of a workload's rollout, and what it waits for or why it failed, without the workload's name."""

    state: RolloutState
    says: Text

    @property
    def complete(self) -> bool:
        return self.state is RolloutState.COMPLETE
