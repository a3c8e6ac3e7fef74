"""Say where a line about an incident comes from, and which cause is established: by people, or by a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.news import UNKNOWN
from intents.chronicle.summary import Summary
from intents.domain import Text
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter, is_from_catalog
from responses.chronicle.markdown import Person, SourceLink, Spans, TextSpan, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """A line about the cause, with the fact that it rests on (None for fixed words)."""

    spans: Spans
    fact: Fact | None = None


def source(fact: Fact, formatter: FactFormatter) -> Spans:
    """Return — Alice, 12:04 ↗: the author or "diagnosis", the time and the link."""
    return (plain(" — "), *_origin(fact, formatter), *formatter.when(fact.at), SourceLink(fact))


def cause_lines(summary: Summary, formatter: FactFormatter) -> tuple[CauseLine, ...]:
    """Return the root cause with its source: what people gave or stated comes before what the cluster showed.

    Without either, the diagnosis is shown as a diagnosis.
    """
    stated = stated_cause(summary, formatter)
    lines = (stated,) if stated else ()
    leading = summary.leading.fact if summary.leading else None
    if leading is None or (stated and stated.fact and stated.fact.key == leading.key):
        return lines
    label = _words(incident_words.DIAGNOSIS_SHOWED if lines else incident_words.CAUSE_NOT_STATED, formatter)
    spans = (label, *formatter.hypothesis(leading), *source(leading, formatter))
    return (*lines, CauseLine(spans=spans, fact=leading))


def stated_cause(summary: Summary, formatter: FactFormatter) -> CauseLine | None:
    """Return the cause that a person gave at the resolution, else the one that a person stated; None for neither."""
    given = summary.root_cause
    if given is None:
        fact = summary.established.fact if summary.established else None
        return CauseLine(spans=(*formatter.hypothesis(fact), *source(fact, formatter)), fact=fact) if fact else None
    if given.fact.state == UNKNOWN:
        return CauseLine(spans=(_words(incident_words.NOT_KNOWN_YET, formatter), *source(given.fact, formatter)))
    who: Spans = (Person(given.fact.user), *formatter.when(given.fact.at), SourceLink(given.fact))
    chosen = given.source
    if chosen is None:
        by = plain(f" · {formatter.text(incident_words.TYPED_BY)} ")
        return CauseLine(spans=(*formatter.quote(given.fact.says), by, *who), fact=given.fact)
    by = plain(f" · {formatter.text(incident_words.CHOSEN_BY)} ")
    return CauseLine(spans=(*formatter.event(chosen), *source(chosen, formatter), by, *who), fact=chosen)


def _origin(fact: Fact, formatter: FactFormatter) -> Spans:
    if fact.kind is FactKind.HYPOTHESIS and is_from_catalog(fact):
        return (_words(incident_words.DIAGNOSIS, formatter),)
    if fact.kind is FactKind.REMEDY:
        pressed = _words(incident_words.BUTTON_OF, formatter)
        return (pressed, Person(fact.user)) if fact.user else (_words(incident_words.DIAGNOSIS, formatter),)
    who: Spans = (Person(fact.user),) if fact.user else formatter.author(fact)
    return who or (_words(incident_words.CASEBOOK, formatter),)


def _words(text: Text, formatter: FactFormatter) -> TextSpan:
    return plain(formatter.text(text))
