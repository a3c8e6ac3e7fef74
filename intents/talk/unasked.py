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
_PRINTED: Final = 0.4
_REPORTED: Final = 0.3
# Words that match an incident are as frequent in talk about it.
_REPORTED_AND_MATCHED: Final = 0.6
_LONGEST: Final = 16_000
# In words. A signature of alternatives, or of words apart, is how people tell of an incident.
_A_SENTENCE: Final = 4
_TOLD: Final = (" + ", " | ", " … ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """Whether a message may be answered. `proof` says that only a proven trouble of a named object is an answer.

    `evident` says that the message shows what a program or an alert said, beside or without a person's report of it.
    """

    act: Act
    answered: bool
    proof: bool = False
    evident: bool = False


def may_answer(text: str, matching: MatchResult, before: Sequence[Message] = ()) -> Unasked:
    """Return whether a message may be answered, given what it matches and the messages before it."""
    text = text[:_LONGEST]
    if is_alert(text):
        return Unasked(act=Act.EVIDENCE, answered=True, evident=True)
    reading = acts().read(Message(text=text, before=tuple(before)))
    act, share = Act(reading.label), reading.share_of(UNASKED)
    matched = bool(matching.hypotheses)
    if is_printed(text):
        return Unasked(act=act, answered=share >= _PRINTED, proof=not matched, evident=True)
    quoted = bool(_quoted(matching))
    answered = share >= (_REPORTED_AND_MATCHED if matched else _REPORTED)
    return Unasked(
        act=act,
        answered=answered or is_sentence_of_a_program(text, matching),
        proof=not quoted,
        evident=quoted or act is Act.EVIDENCE,
    )


def is_sentence_of_a_program(text: str, matching: MatchResult) -> bool:
    """Return whether a text is little else than a sentence that an entry knows word by word."""
    return _quoted(matching) > len(words_of(text)) / 2


def _quoted(matching: MatchResult) -> int:
    """Return how many words of a sentence of a program are within what a person says; 0 for none."""
    signatures = [match.signature for one in matching.hypotheses[:1] for match in one.matches]
    sentences = (len(words_of(one)) for one in signatures if not any(mark in one for mark in _TOLD))
    return max((words for words in sentences if words >= _A_SENTENCE), default=0)
