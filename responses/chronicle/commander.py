"""List what the commander has to look after: open questions, actions nobody owns, actions gone quiet, decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary
from intents.domain import Text
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter
from responses.chronicle.markdown import Person, Spans, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class CareList:
    """Lines below a title, each with the fact that it rests on, oldest first."""

    title: Text
    lines: tuple[tuple[Spans, Fact], ...]


def care_lists(summary: Summary, formatter: FactFormatter) -> tuple[CareList, ...]:
    """Return the lists that have an entry."""
    return tuple(each for each in _lists(summary, formatter) if each.lines)


def _lists(summary: Summary, formatter: FactFormatter) -> Iterator[CareList]:
    def said(fact: Fact) -> Spans:
        return (*formatter.quote(fact.says), *formatter.attribution(fact), *formatter.when(fact.at))

    def care(title: Text, facts: Iterable[Fact]) -> CareList:
        return CareList(title=title, lines=tuple((said(fact), fact) for fact in facts))

    yield care(incident_words.QUESTIONS, summary.questions)
    unowned = [each for each in summary.open_actions if not each.owner]
    lines = tuple(((*said(each.said), *formatter.quiet(each, summary.now)), each.said) for each in unowned)
    yield CareList(title=incident_words.UNOWNED, lines=lines)
    stale = [each for each in summary.open_actions if each.owner and each.is_stale(summary.now)]
    lines = tuple(
        (
            (Person(each.owner), plain(" "), *formatter.quote(each.said.says), *formatter.quiet(each, summary.now)),
            each.said,
        )
        for each in stale
    )
    yield CareList(title=incident_words.STALE, lines=lines)
    yield care(incident_words.DECISIONS, summary.decisions)
