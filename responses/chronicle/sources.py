"""Say where a line about an incident comes from, and which cause is established: by people, or by a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.resolution import UNKNOWN
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
    lines: list[CauseLine] = []
    if given := summary.root_cause:
        chosen = given.source or given.fact
        by = incident_words.CHOSEN_BY if given.source else incident_words.TYPED_BY
        if given.fact.state == UNKNOWN:
            unknown = _words(incident_words.NOT_KNOWN_YET, formatter)
            lines.append(CauseLine(spans=(unknown, *source(given.fact, formatter))))
        else:
            what = formatter.event(chosen) if given.source else formatter.quote(given.fact.says)
            spans = (*what, *(source(chosen, formatter) if given.source else ()))
            who: Spans = (
                plain(f" · {formatter.text(by)} "),
                Person(given.fact.user),
                *formatter.when(given.fact.at),
                SourceLink(given.fact),
            )
            lines.append(CauseLine(spans=(*spans, *who), fact=chosen))
    elif summary.established:
        fact = summary.established.fact
        lines.append(CauseLine(spans=(*formatter.hypothesis(fact), *source(fact, formatter)), fact=fact))
    leading = summary.leading
    shown = {line.fact.key for line in lines if line.fact}
    if leading is not None and leading.fact.key not in shown and (is_from_catalog(leading.fact) or not lines):
        label = _words(incident_words.DIAGNOSIS_SHOWED if lines else incident_words.CAUSE_NOT_STATED, formatter)
        spans = (label, *formatter.hypothesis(leading.fact), *source(leading.fact, formatter))
        lines.append(CauseLine(spans=spans, fact=leading.fact))
    return tuple(lines)


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
