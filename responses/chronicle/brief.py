"""Say in five lines how an incident stands: what is broken, the status, the cause, who does what, what is next.

Somebody who joins late reads these lines first. What people say is quoted with its author; what the cluster proved
follows it, marked as a diagnosis. Below them is what the commander has to look after: open questions, actions nobody
owns, actions gone quiet, decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from intents.chronicle.facts import ActionState, Fact, IncidentStatus, Role
from intents.chronicle.summary import Summary
from intents.domain import Text
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter
from responses.chronicle.markdown import Person, SourceLink, Spans, plain
from responses.chronicle.sources import cause_lines

_DOING: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefLine:
    """One line: its label, its words with links to their sources, and the facts that it tells."""

    label: Text
    spans: Spans
    facts: tuple[Fact, ...] = ()


def brief_of(summary: Summary, formatter: FactFormatter) -> tuple[BriefLine, ...]:
    """Return the lines; what nobody stated is said to be missing, unless the incident is over."""
    return tuple(_lines(summary, formatter))


def keys_in(brief: Iterable[BriefLine]) -> set[str]:
    """Return the keys of the facts that the lines tell."""
    return {fact.key for line in brief for fact in line.facts}


def _lines(summary: Summary, formatter: FactFormatter) -> Iterator[BriefLine]:
    is_over = summary.status is IncidentStatus.RESOLVED
    yield _impact(summary, formatter)
    yield status_line(summary, formatter)
    yield from _causes(summary, formatter)
    who = _who(summary, formatter)
    if who.facts or not is_over:
        yield who
    if not is_over:
        yield _next(summary, formatter)


def _missing(label: Text, says: Text, formatter: FactFormatter) -> BriefLine:
    return BriefLine(label=label, spans=(plain(formatter.text(says), italic=True),))


def _impact(summary: Summary, formatter: FactFormatter) -> BriefLine:
    current, first = summary.impact.current, next(iter(summary.impact.reports), None)
    shown = current or first
    if shown is None:
        return _missing(incident_words.IMPACT, incident_words.NOT_STATED, formatter)
    spans = (*formatter.quote(shown.says), *formatter.attribution(shown))
    if current is None:
        end: Spans = (plain(f" · {formatter.text(incident_words.NO_IMPACT_STATED)}", italic=True),)
    else:
        end = (plain(" · "), *formatter.since((summary.detected_by or shown).at))
    return BriefLine(label=incident_words.IMPACT, spans=(*spans, *end, SourceLink(shown)), facts=(shown,))


def status_line(summary: Summary, formatter: FactFormatter) -> BriefLine:
    """Return the status, since when, and who said so."""
    sign, says = incident_words.STANDINGS[summary.status]
    spans: Spans = (plain(f"{sign} {formatter.text(says)}", bold=True), plain(" · "), *formatter.since(summary.since))
    took = formatter.elapsed(summary.detected_at, summary.resolved_at)
    if summary.status is IncidentStatus.RESOLVED and took:
        spans = (*spans, plain(f" · {formatter.text(incident_words.AFTER).format(took)}"))
    said = summary.said
    if said is None:
        return BriefLine(label=incident_words.STATUS, spans=spans)
    quoted = (*formatter.quote(said.says), *formatter.attribution(said), SourceLink(said))
    return BriefLine(label=incident_words.STATUS, spans=(*spans, plain(" · "), *quoted), facts=(said,))


def _causes(summary: Summary, formatter: FactFormatter) -> Iterator[BriefLine]:
    """Yield what people stated as the cause, else the newest suspicion; below it our diagnosis, never in one line."""
    lines = cause_lines(summary, formatter)
    for number, each in enumerate(lines):
        label = incident_words.LEADING if number else incident_words.CAUSE
        # The label of the diagnosis replaces the words before it.
        spans = each.spans[1:] if number else each.spans
        yield BriefLine(label=label, spans=spans, facts=(each.fact,) if each.fact else ())
    if lines:
        return
    if not summary.suspected:
        yield _missing(incident_words.CAUSE, incident_words.NO_CAUSE_YET, formatter)
        return
    fact = summary.suspected[0].fact
    spans = (*formatter.hypothesis(fact), *formatter.attribution(fact), SourceLink(fact))
    yield BriefLine(label=incident_words.CAUSE, spans=spans, facts=(fact,))


def _who(summary: Summary, formatter: FactFormatter) -> BriefLine:
    """Return who leads, and who does what now."""
    leads = next((holder for holder in summary.roles if holder.role is Role.COMMANDER), None)
    doing = [each for each in summary.open_actions if each.course is ActionState.UNDER_WAY][-_DOING:]
    spans: Spans = (plain(formatter.text(incident_words.NO_COMMANDER), italic=True),)
    if leads:
        label = plain(formatter.label(incident_words.ROLES[leads.role]))
        spans = (label, Person(leads.user), SourceLink(leads.fact))
    for action in doing:
        owner: Spans = (Person(action.owner), plain(" ")) if action.owner else ()
        does = (*owner, *formatter.quote(action.said.says), *formatter.quiet(action, summary.now))
        spans = (*spans, plain(" · "), *does, SourceLink(action.said))
    facts = (*((leads.fact,) if leads else ()), *(action.said for action in doing))
    return BriefLine(label=incident_words.WHO_DOES, spans=spans, facts=facts)


def _next(summary: Summary, formatter: FactFormatter) -> BriefLine:
    """Return the next step and who takes it."""
    step = summary.next_step
    if step is None:
        return _missing(incident_words.NEXT, incident_words.NOT_STATED, formatter)
    fact = step.fact
    spans, facts = formatter.next_step(step), [fact]
    for action in summary.open_actions:
        if not any(each.key == fact.key or (each.ts and each.ts == fact.ts) for each in action.facts):
            continue
        if not action.owner:
            spans = (*spans, plain(f" · {formatter.text(incident_words.NO_OWNER)}", bold=True))
        elif action.owner != fact.user:
            spans = (*spans, plain(" → "), Person(action.owner))
        spans = (*spans, *formatter.quiet(action, summary.now))
        facts.append(action.said)
    return BriefLine(label=incident_words.NEXT, spans=(*spans, SourceLink(fact)), facts=tuple(facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class CareList:
    """Lines below a title, each with the fact that it rests on, oldest first."""

    title: Text
    lines: tuple[tuple[Spans, Fact], ...]


def care_lists(summary: Summary, formatter: FactFormatter) -> tuple[CareList, ...]:
    """Return the lists that have an entry."""
    return tuple(each for each in _care_lists(summary, formatter) if each.lines)


def _care_lists(summary: Summary, formatter: FactFormatter) -> Iterator[CareList]:
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
