"""Decide whether a message that is not addressed to us may be answered, before any cluster is asked.

Printed evidence is answered by what it matches. What a person says in their own words is answered only with proof:
about an object that it names, that exists and is in trouble. Everything else is the team's conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from intents.alerts.labels import is_alert
from intents.matcher import MatchResult
from intents.talk.acts import UNASKED, Act
from intents.talk.classifier import Classifier, acts
from intents.talk.features import Message, features_of_print, is_printed
from intents.tokens import words_of

# The least share of a report or of evidence; from the training report (docs/talk.md).
_PRINTED: Final = 0.4
_REPORTED: Final = 0.3
# Words that match an incident are as frequent in talk about it; for what was printed it matters more where.
_PRINTED_AND_MATCHED: Final = 0.1
_REPORTED_AND_MATCHED: Final = 0.6
# How likely what matches must be of a cluster: what people type tells little of that. But a sentence that only clusters
# say tells it by itself, whatever stands beside it: beyond the words that a sentence needs, the odds that are needed
# halve with so many more.
_PRINTED_IN_A_CLUSTER: Final = 0.55
_TYPED_OF_A_CLUSTER: Final = 0.15
_HALVE_IT: Final = 1.5
_LONGEST: Final = 16_000
# In words.
_A_SENTENCE: Final = 4


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
    printed, matched = is_printed(text), bool(matching.hypotheses)
    quoted = _verbatim(matching) >= _A_SENTENCE
    if matched:
        alone = not printed and is_sentence_of_a_program(text, matching)
        least = _PRINTED_AND_MATCHED if printed else _REPORTED_AND_MATCHED
        answered = (alone or share >= least) and share_of_clusters(text) >= _least_of_clusters(printed, matching)
    else:
        answered = share >= (_PRINTED if printed else _REPORTED)
    proof = not (matched if printed else quoted)
    return Unasked(act=act, answered=answered, proof=proof, evident=printed or quoted or act is Act.EVIDENCE)


def _least_of_clusters(printed: bool, matching: MatchResult) -> float:
    """Return how likely a text must be of a cluster: the less, the longer its sentence that only clusters say."""
    share = _PRINTED_IN_A_CLUSTER if printed else _TYPED_OF_A_CLUSTER
    words = 0 if matching.hypotheses[0].anywhere else max(0, _verbatim(matching) - _A_SENTENCE)
    odds: float = share / (1 - share) * 0.5 ** (words / _HALVE_IT)
    return odds / (1 + odds)


def is_sentence_of_a_program(text: str, matching: MatchResult) -> bool:
    """Return whether a text is little else than a sentence that an entry knows word by word."""
    words = _verbatim(matching)
    return words >= _A_SENTENCE and words > len(words_of(text)) / 2


def _verbatim(matching: MatchResult) -> int:
    """Return how many words the longest sentence of a program in the text has; 0 for none."""
    return max((match.verbatim for one in matching.hypotheses[:1] for match in one.matches), default=0)


class Origin(StrEnum):
    """The place where a program printed a text."""

    CLUSTER = "cluster"  # by a part of a cluster, or by a program that runs there
    ELSEWHERE = "elsewhere"


def share_of_clusters(text: str) -> float:
    """Return how likely a text was printed in a cluster, from 0 to 1."""
    return dict(_origins().shares(features_of_print(text)))[Origin.CLUSTER]


@cache
def _origins() -> Classifier:
    return Classifier((files(__package__) / "origins.npz").read_bytes())
