"""List what the commander has to look after: open questions, actions nobody owns, actions gone quiet, decisions."""

from __future__ import annotations

from collections.abc import Iterator
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

    unowned: list[tuple[Spans, Fact]] = []
    stale: list[tuple[Spans, Fact]] = []
    for each in summary.open_actions:
        fact, quiet = each.said, formatter.quiet(each, summary.now)
        if not each.owner:
            unowned.append(((*said(fact), *quiet), fact))
        elif quiet:
            stale.append(((Person(each.owner), plain(" "), *formatter.quote(fact.says), *quiet), fact))
    yield CareList(title=incident_words.QUESTIONS, lines=tuple((said(fact), fact) for fact in summary.questions))
    yield CareList(title=incident_words.UNOWNED, lines=tuple(unowned))
    yield CareList(title=incident_words.STALE, lines=tuple(stale))
    yield CareList(title=incident_words.DECISIONS, lines=tuple((said(fact), fact) for fact in summary.decisions))
