"""Decide whether a message that is not addressed to us may be answered, before any cluster is asked.

Printed evidence is answered by what it matches. What a person says in their own words is answered only with proof:
about an object that it names, that exists and is in trouble. Everything else is the team's conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intents.alerts.labels import is_alert
from intents.matcher import MatchResult
from intents.talk.acts import UNASKED, Act
from intents.talk.classifier import acts
from intents.talk.features import Message, is_printed
from intents.tokens import words_of

# The least share of a report or of evidence; from the training report (docs/talk.md).
_PRINTED: Final = 0.3
_REPORTED: Final = 0.3
# Words that match an incident are as frequent in talk about it.
_REPORTED_AND_MATCHED: Final = 0.6
_LONGEST: Final = 16_000
# In words; a signature of groups is how people tell of an incident.
_A_SENTENCE: Final = 4
_GROUPS: Final = " + "


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """Whether a message may be answered. `proof` says that only a proven trouble of a named object is an answer."""

    act: Act
    answered: bool
    proof: bool = False


def may_answer(text: str, matching: MatchResult, before: Sequence[Message] = ()) -> Unasked:
    """Return whether a message may be answered, given what it matches and the messages before it."""
    text = text[:_LONGEST]
    reading = acts().read(Message(text=text, before=tuple(before)))
    act, share = Act(reading.label), reading.share_of(UNASKED)
    matched = bool(matching.hypotheses)
    if is_alert(text):
        return Unasked(act=Act.EVIDENCE, answered=True)
    if is_printed(text):
        return Unasked(act=act, answered=share >= _PRINTED, proof=not matched)
    quoted = _quoted(matching)
    least = _PRINTED if quoted > len(text) / 2 else _REPORTED_AND_MATCHED if matched else _REPORTED
    return Unasked(act=act, answered=share >= least, proof=not quoted)


def _quoted(matching: MatchResult) -> int:
    """Return how many characters of a sentence of a program are within what a person says; 0 for none."""
    matches = [match for one in matching.hypotheses[:1] for match in one.matches if _GROUPS not in match.signature]
    return max((len(one.quote) for one in matches if len(words_of(one.signature)) >= _A_SENTENCE), default=0)
