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
    def said(fact: Fact) -> tuple[Spans, Fact]:
        return (*formatter.quote(fact.says), *formatter.attribution(fact), *formatter.when(fact.at)), fact

    yield CareList(title=incident_words.QUESTIONS, lines=tuple(map(said, summary.questions)))
    unowned = [action for action in summary.open_actions if not action.owner]
    yield CareList(title=incident_words.UNOWNED, lines=tuple(said(action.said) for action in unowned))
    stale = [action for action in summary.open_actions if action.owner and action.is_stale(summary.now)]
    yield CareList(
        title=incident_words.STALE,
        lines=tuple(
            (
                (
                    Person(action.owner),
                    plain(" "),
                    *formatter.quote(action.said.says),
                    plain(f" · {formatter.text(incident_words.QUIET_FOR)} "),
                    plain(formatter.duration(summary.now - action.last.at)),
                ),
                action.said,
            )
            for action in stale
        ),
    )
    yield CareList(title=incident_words.DECISIONS, lines=tuple(map(said, summary.decisions)))
