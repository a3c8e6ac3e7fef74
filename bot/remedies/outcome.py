"""Decide the result of a remedy from what was seen: its effect, the cause, and the symptom. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bot.remedies.contract import EffectState, State
from intents.domain import Text


class SymptomState(StrEnum):
    """The state of what was broken."""

    GONE = "gone"
    REMAINS = "remains"
    UNREAD = "unread"  # a read failed
    UNSEEN = "unseen"  # nothing that is read shows it


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What was broken, as one look at the cluster shows it; `says` describes it in half a sentence."""

    state: SymptomState
    says: Text = field(default_factory=lambda: Text.same(""))


UNSEEN: Final = Symptom(state=SymptomState.UNSEEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at the cluster after a write.

    `present`: the evidence still supports the incident. `unread`: some of it could not be read. `later`: the entry says
    that the symptom can only be seen later. `worse`: fewer pods are ready than before the write.
    """

    effect: EffectState
    present: bool
    unread: bool
    symptom: SymptomState
    later: bool = False
    worse: bool = False

    @property
    def in_place(self) -> bool:
        """Tell whether the change has taken effect and the cause is proven gone."""
        return self.effect is EffectState.HEALTHY and not self.present and not self.unread


def good_state(seen: Seen) -> State | None:
    """Return the state that ends the verification early once it has lasted, None to look again.

    FIXED needs the cause and the symptom gone. Where nothing shows the symptom, there is nothing to wait for.
    """
    if not seen.in_place:
        return None
    if seen.symptom is SymptomState.GONE:
        return State.FIXED
    return State.LATER if seen.symptom is SymptomState.UNSEEN else None


def final_state(seen: Seen) -> State:
    """Return the state of what has not become good before the deadline, or keeps failing."""
    if seen.worse:
        return State.WORSE
    if seen.effect is EffectState.RUNNING:
        return State.WAITING
    if seen.present or seen.effect is EffectState.FAILING:
        return State.NOT_FIXED
    if not seen.in_place or seen.symptom in (SymptomState.GONE, SymptomState.UNREAD):
        return State.WAITING
    if seen.symptom is SymptomState.UNSEEN or seen.later:
        return State.LATER
    return State.CHANGED
