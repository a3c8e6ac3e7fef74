"""Say in five lines how an incident stands: what is broken, the status, the cause, who does what, what is next.

Somebody who joins late reads these lines first. What people say is quoted with its author; what the cluster proved
follows it, marked as a diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from intents.chronicle.facts import ActionState, Fact, IncidentStatus, Role
from intents.chronicle.summary import Summary
from intents.domain import Text
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter
from responses.chronicle.markdown import Person, Spans, plain
from responses.chronicle.sources import cause_lines

_DOING: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefLine:
    """One line: its label, its words, and the fact that it rests on (None for fixed words)."""

    label: Text
    spans: Spans
    fact: Fact | None = None


def brief_of(summary: Summary, formatter: FactFormatter) -> tuple[BriefLine, ...]:
    """Return the lines that something is known of; impact, status and cause always are there."""
    return tuple(_lines(summary, formatter))


def _lines(summary: Summary, formatter: FactFormatter) -> Iterator[BriefLine]:
    yield _impact(summary, formatter)
    yield _status(summary, formatter)
    yield _cause(summary, formatter)
    if people := _people(summary, formatter):
        yield BriefLine(label=incident_words.WHO_DOES, spans=people)
    if step := summary.next_step:
        yield BriefLine(label=incident_words.NEXT, spans=formatter.next_step(step), fact=step.fact)


def _impact(summary: Summary, formatter: FactFormatter) -> BriefLine:
    current, first = summary.impact.current, next(iter(summary.impact.reports), None)
    shown = current or first
    if shown is None:
        return BriefLine(label=incident_words.IMPACT, spans=(plain(formatter.text(incident_words.NONE), italic=True),))
    spans = (*formatter.quote(shown.says), *formatter.attribution(shown))
    if current is None:
        return BriefLine(
            label=incident_words.IMPACT,
            spans=(*spans, plain(f" · {formatter.text(incident_words.NO_IMPACT_STATED)}", italic=True)),
            fact=shown,
        )
    began = summary.detected_by or shown
    return BriefLine(label=incident_words.IMPACT, spans=(*spans, plain(" · "), *formatter.since(began.at)), fact=shown)


def _status(summary: Summary, formatter: FactFormatter) -> BriefLine:
    sign, says = incident_words.STANDINGS[summary.status]
    spans: Spans = (plain(f"{sign} {formatter.text(says)}", bold=True), plain(" · "), *formatter.since(summary.since))
    took = formatter.elapsed(summary.detected_at, summary.resolved_at)
    if summary.status is IncidentStatus.RESOLVED and took:
        spans = (*spans, plain(f" · {formatter.text(incident_words.AFTER).format(took)}"))
    if summary.said:
        spans = (*spans, plain(" · "), *formatter.quote(summary.said.says), *formatter.attribution(summary.said))
    return BriefLine(label=incident_words.STATUS, spans=spans, fact=summary.said)


def _cause(summary: Summary, formatter: FactFormatter) -> BriefLine:
    """Return what people stated or we proved as the cause, else the newest suspicion."""
    lines = cause_lines(summary, formatter)
    if lines:
        spans = tuple(span for number, each in enumerate(lines) for span in (*_between(number), *each.spans))
        return BriefLine(label=incident_words.CAUSE, spans=spans, fact=lines[0].fact)
    if summary.suspected:
        fact = summary.suspected[0].fact
        spans = (*formatter.hypothesis(fact), *formatter.attribution(fact))
        return BriefLine(label=incident_words.CAUSE, spans=spans, fact=fact)
    return BriefLine(
        label=incident_words.CAUSE, spans=(plain(formatter.text(incident_words.NO_CAUSE_YET), italic=True),)
    )


def _people(summary: Summary, formatter: FactFormatter) -> Spans:
    """Return who leads, and who does what now."""
    parts: list[Spans] = [
        (plain(formatter.label(incident_words.ROLES[holder.role])), Person(holder.user))
        for holder in summary.roles
        if holder.role is Role.COMMANDER
    ]
    for action in [each for each in summary.open_actions if each.course is ActionState.UNDER_WAY][-_DOING:]:
        owner: Spans = (Person(action.owner), plain(" ")) if action.owner else ()
        parts.append((*owner, *formatter.quote(action.said.says)))
    return tuple(span for number, part in enumerate(parts) for span in (*_between(number), *part))


def _between(number: int) -> Spans:
    return (plain(" · "),) if number else ()
