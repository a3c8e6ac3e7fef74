"""Word what stands above the cause, and an answer without a hypothesis."""

from __future__ import annotations

from intents.domain import Diagnosis, JudgedHypothesis, Language
from responses import words
from responses.named_objects import candidates_of, named_sentences, which_of
from responses.sentences import finished, in_a_row


def nothing_found(diagnosis: Diagnosis, language: Language) -> tuple[str, str, tuple[str, ...]]:
    """Return the sign, the heading and the sentences of an answer that names no cause.

    Only an object whose kind has rules of health, and that shows no trouble, gets a green sign; the heading of one that
    is suspended, cordoned or joins is its state.
    """
    focus = diagnosis.focus
    if candidates := candidates_of(diagnosis):
        return words.UNKNOWN_SIGN, which_of(candidates).in_(language), ()
    if not focus.names_object:
        return words.UNKNOWN_SIGN, words.UNKNOWN.in_(language), (words.UNKNOWN_WHY.in_(language),)
    if diagnosis.unexplained:
        says = words.NOT_EXPLAINED_WHY.in_(language).format(focus)
        return words.UNKNOWN_SIGN, words.NOT_EXPLAINED.in_(language), (says,)
    applies_none = words.NO_PROBLEM_WITH.in_(language).format(focus)
    if diagnosis.standing:
        state, why = diagnosis.standing
        return words.STANDING_SIGN, state.in_(language), (finished(why.in_(language), language), applies_none)
    if diagnosis.unchecked:
        says = words.NOT_CHECKED_WHY.in_(language).format(focus.kind, focus)
        return words.UNKNOWN_SIGN, words.NOT_CHECKED.in_(language), (says, words.ASK_ABOUT_PODS.in_(language))
    return words.FINE_SIGN, words.NO_PROBLEM.in_(language), (applies_none,)


def leading_sentences(diagnosis: Diagnosis, first: JudgedHypothesis | None, language: Language) -> tuple[str, ...]:
    """Return what the reader must know before the cause, a line each; an answer without one is headed by the state."""
    heads = first is None and not diagnosis.unexplained
    named = named_sentences(diagnosis, language)
    if heads or not diagnosis.standing:
        return named
    says = (finished(each.in_(language), language) for each in diagnosis.standing)
    return (*named, in_a_row(*says, language=language))
