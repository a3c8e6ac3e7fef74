"""Word the sentences above the cause: notes about what the text names, then the state of the object asked about."""

from __future__ import annotations

from intents.domain import Diagnosis, JudgedHypothesis, Language
from responses import words
from responses.named_objects import named_sentences


def leading_sentences(diagnosis: Diagnosis, first: JudgedHypothesis | None, language: Language) -> tuple[str, ...]:
    """Return what the reader must know before the cause, a line each; an answer without one is headed by the state."""
    heads = first is None and not diagnosis.unexplained
    named = named_sentences(diagnosis, language)
    if heads or not diagnosis.standing:
        return named
    return (*named, words.STANDING.in_(language).format(*(each.in_(language) for each in diagnosis.standing)))
