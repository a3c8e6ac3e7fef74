"""Word the sentences above the cause: notes about what the text names, then the state of the object asked about."""

from __future__ import annotations

from intents.domain import Diagnosis, JudgedHypothesis, Language
from responses.named_objects import named_sentences
from responses.sentences import finished, in_a_row


def leading_sentences(diagnosis: Diagnosis, first: JudgedHypothesis | None, language: Language) -> tuple[str, ...]:
    """Return what the reader must know before the cause, a line each; an answer without one is headed by the state."""
    heads = first is None and not diagnosis.unexplained
    named = named_sentences(diagnosis, language)
    if heads or not diagnosis.standing:
        return named
    says = (finished(each.in_(language), language) for each in diagnosis.standing)
    return (*named, in_a_row(*says, language=language))
