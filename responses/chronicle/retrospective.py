"""Select what a post-mortem says, section by section: what people stated, with author, time and link.

Nothing is concluded that nobody stated: what is missing becomes a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from intents.chronicle.facts import Fact, FactKind, IncidentStatus, QuestionState, Role
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.chronicle.tracked_actions import TrackedAction
from intents.domain import Text, Verdict
from responses.chronicle import incident_words
from responses.chronicle.acts import JudgedAct, Outcome, PressedRemedy, judged_acts
from responses.chronicle.brief import brief_of
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.markdown import Person, SourceLink, Spans, Timestamp, dated, plain
from responses.chronicle.sections import Commands, Lines, Rows, Section
from responses.chronicle.sources import cause_lines, source, stated_cause
from responses.shown import shown_line

_COMMAND: Final = 1_000
_OUTCOMES: Final = {
    Outcome.HELPED: incident_words.HELPED,
    Outcome.NO_HELP: incident_words.NO_HELP,
    Outcome.NOT_STATED: incident_words.OUTCOME_NOT_STATED,
    Outcome.CALLED_OFF: incident_words.CALLED_OFF,
    Outcome.OPEN: incident_words.OPEN_ACTIONS,
}
_HAPPENED: Final = (incident_words.COLUMN_TIME, incident_words.COLUMN_WHO, incident_words.COLUMN_WHAT)
_SUSPECTED: Final = frozenset({Verdict.POSSIBLE, Verdict.LIKELY})
_BEGAN: Final = re.compile(
    r"\b(?:since|from|start(?:ed|ing)?|began|begin(?:ning)?|first|as of)\b\D{0,30}\d{1,2}[:.h]\d{2}"
    r"|\d{1,2}(?:[:：]\d{2}|点\d{0,2}).{0,8}(?:开始|起)",
    re.IGNORECASE,
)
_MINE: Final = re.compile(
    r"\b(?:i['’]?ll|i will|i['’]?ve got|on me|mine)\b|我来|我去|我负责|我跟进|我会", re.IGNORECASE
)
_OWNED: Final = (
    r"(?:^|\bowner\b[:：]?\s*|\bassigned to\s+|负责人[:：]?\s*|[,，;；(（]\s*)[@＠]?{0}"
    r"(?:\s*[:：]|\s+(?:to|will|owns|takes|has)\b|\s*(?:来|去|负责|跟进|牵头|出|写|做|补|提)|\s*[)）]?\s*$)"
)


def sections_of(
    summary: Summary, moments: Sequence[TimelineEntry], formatter: FactFormatter, names: Mapping[str, str]
) -> tuple[Section, ...]:
    """Return all sections in order, also those without content. `names` are display names by user id."""
    return tuple(_Retrospective(summary, moments, formatter, names).sections())


class _Retrospective:
    """The sections about one incident."""

    def __init__(
        self, summary: Summary, moments: Sequence[TimelineEntry], formatter: FactFormatter, names: Mapping[str, str]
    ) -> None:
        self._summary, self._moments, self._names = summary, moments, names
        self._formatter, self._text = formatter, formatter.text
        self._acts = judged_acts(summary, moments)
        self._owners = {fact.key: self._owner(fact) for fact in summary.followups}
        asked = [moment for moment in moments if moment.fact.kind is FactKind.QUESTION and not moment.settled_by]
        self._unanswered = [one.fact for one in asked if one.fact.state != QuestionState.ANSWERED]

    def sections(self) -> Iterator[Section]:
        """Yield the sections."""
        summary, list_of = self._summary, self._list
        began = summary.detected_at
        before = [fact for fact in summary.deploys if began is None or fact.at < began]
        during = summary.deploys[len(before) :]
        followups = Lines(items=tuple(map(self._followup, summary.followups)), todo=True)
        yield Section(title=incident_words.SUMMARY, parts=(Lines(items=tuple(self._brief())),))
        yield Section(title=incident_words.IMPACT, parts=(self._impact(), Lines(items=tuple(self._affected()))))
        yield Section(title=incident_words.TIMES_TITLE, parts=(self._times(),))
        yield Section(title=incident_words.ROOT_CAUSE, parts=tuple(self._cause()))
        yield Section(title=incident_words.SUSPICIONS, parts=(self._suspicions(),))
        yield Section(title=incident_words.ACTIONS, parts=tuple(map(self._acted, Outcome)))
        yield Section(title=incident_words.DECISIONS, parts=(list_of(summary.decisions),))
        yield Section(title=incident_words.TOLD_TO, parts=(list_of(summary.comms),))
        yield Section(
            title=incident_words.CHANGES,
            parts=(
                list_of(before, incident_words.CHANGES_BEFORE if began else None),
                list_of(during, incident_words.CHANGES_DURING),
            ),
        )
        yield Section(title=incident_words.FOLLOWUPS, parts=(followups,))
        yield Section(title=incident_words.QUESTIONS, parts=(list_of(self._unanswered),))
        yield Section(title=incident_words.GAPS, parts=(Lines(items=tuple(self._gaps())),))
        yield Section(title=incident_words.TIMELINE, parts=(self._timeline(),))
        yield Section(title=incident_words.LINKS_TITLE, parts=(Lines(items=tuple(self._links())),))

    # --- what happened ----------------------------------------------------------------------------------------------

    def _brief(self) -> Iterator[Spans]:
        for each in brief_of(self._summary, self._formatter):
            # What people say and what the diagnosis showed are two lines.
            causes = cause_lines(self._summary, self._formatter) if each.label is incident_words.CAUSE else ()
            if each.label is not incident_words.WHO_DOES:
                yield from (
                    (*self._label(each.label), *spans) for spans in [one.spans for one in causes] or [each.spans]
                )
        for holder in self._summary.roles:
            role = self._label(incident_words.ROLES[holder.role])
            yield (*role, Person(holder.user), *source(holder.fact, self._formatter))
        for fact in self._summary.second[:1]:
            second = plain(f"{self._text(incident_words.SECOND)} ")
            yield (second, *self._quoted(fact))

    def _impact(self) -> Rows:
        """Return how the impact began, changed and ended, as people stated it."""
        summary = self._summary
        reopened = [fact for fact in self._facts(FactKind.STATUS) if fact.state == IncidentStatus.REOPENED]
        ended, began = summary.mitigated_by or summary.resolved_by, self._began()
        stated = {fact.key: fact for fact in (*summary.impact.reports, *reopened)}
        labelled = (
            (began, incident_words.BEGAN_AS_STATED),
            (summary.detected_by, incident_words.FIRST_REPORT),
            (ended, incident_words.END),
        )
        stated |= {fact.key: fact for fact, _ in labelled if fact}
        labels = {fact.key: label for fact, label in labelled if fact}
        rows = (
            ((plain(self._text(labels[fact.key])),) if fact.key in labels else (), *self._told(fact))
            for fact in sorted(stated.values(), key=lambda fact: (fact.at, fact.key))
        )
        return Rows(heads=(None, incident_words.COLUMN_TIME, incident_words.COLUMN_WHAT), items=tuple(rows))

    def _affected(self) -> Iterator[Spans]:
        impact = self._summary.impact
        for label, places in (
            (incident_words.IN_CLUSTERS, impact.clusters),
            (incident_words.IN_NAMESPACES, impact.namespaces),
        ):
            for place in places:
                known = (one.fact for one in impact.objects if place in (one.fact.cluster, one.subject.namespace))
                rests_on = next(known, None)
                there = source(rests_on, self._formatter) if rests_on else ()
                yield (plain(self._text(label).format(line(place, 120))), *there)
        for one in reversed(impact.objects):
            subject = plain(line(str(one.subject), 300), code=True)
            yield (subject, *self._formatter.where(one.fact), *source(one.fact, self._formatter))

    def _times(self) -> Rows:
        """Return detection, identification, mitigation and resolution in the order in which they were stated."""
        summary = self._summary
        steps = (
            (incident_words.FIRST_REPORT, summary.detected_by),
            (incident_words.IDENTIFIED, self._identified()),
            (incident_words.MITIGATED, summary.mitigated_by),
            (incident_words.RESOLVED, summary.resolved_by),
        )
        unknown = (plain(self._text(incident_words.NOT_KNOWN), italic=True),)
        placed: list[tuple[datetime, Text, Fact | None]] = []
        for label, fact in steps:
            placed.append((fact.at if fact else max((at for at, *_ in placed), default=summary.opened), label, fact))
        rows: list[tuple[Spans, ...]] = []
        before: datetime | None = None
        for _, label, fact in sorted(placed, key=lambda step: step[0]):
            if fact is None:
                rows.append(((plain(self._text(label)),), unknown, (), (), ()))
                continue
            took = [self._formatter.elapsed(start, fact.at) for start in (before, before and summary.detected_at)]
            spans = [(plain(each),) if each else () for each in took]
            said = self._of(fact, self._formatter.event(fact))
            rows.append(((plain(self._text(label)),), (plain(dated(fact.at)),), *spans, said))
            before = fact.at
        heads = (incident_words.COLUMN_TIME, incident_words.COLUMN_STEP, incident_words.COLUMN_TOOK)
        return Rows(heads=(None, *heads, incident_words.COLUMN_SOURCE), items=tuple(rows))

    def _identified(self) -> Fact | None:
        """Return who first named the cause that stands, or stated that it was identified."""
        summary = self._summary
        stated = [fact for fact in self._facts(FactKind.STATUS) if fact.state == IncidentStatus.IDENTIFIED]
        if cause := summary.established:
            stated += [fact for fact in (cause.fact, *cause.also) if fact.state == Verdict.CONFIRMED]
        return min(stated, key=lambda fact: (fact.at, fact.key), default=None)

    # --- why --------------------------------------------------------------------------------------------------------

    def _cause(self) -> Iterator[Lines | Commands]:
        """Yield what people stated, and apart from it what the cluster showed."""
        summary, formatter = self._summary, self._formatter
        stated = stated_cause(summary, formatter)
        shown = [each.fact for each in ((summary.leading,) if summary.leading else ()) + summary.proven]
        if stated or shown:
            unstated: Spans = (plain(self._text(incident_words.GAP_ANSWER), italic=True),)
            yield Lines(title=incident_words.STATED_BY_PEOPLE, items=(stated.spans if stated else unstated,))
        main = stated.fact.key if stated and stated.fact else ""
        ruled_out = {each.fact.about for each in summary.ruled_out}
        others = [fact for fact in self._facts(FactKind.HYPOTHESIS) if fact.state == Verdict.CONFIRMED]
        others = [each for each in others if not each.incident and each.key != main and each.about not in ruled_out]
        yield self._list(others, incident_words.ALSO_STATED)
        items: list[Spans] = []
        if stated and not shown:
            items.append((plain(self._text(incident_words.NO_PROOF), italic=True),))
        items += [self._of(fact, (*formatter.hypothesis(fact), *formatter.shown_by(fact))) for fact in shown]
        yield Lines(title=incident_words.PROVEN_BY_DIAGNOSIS, items=tuple(items))
        commands = dict.fromkeys(shown_line(fact.reproduce, limit=_COMMAND) for fact in shown if fact.reproduce)
        yield Commands(title=incident_words.REPRODUCE, items=tuple(commands))

    def _suspicions(self) -> Rows:
        summary = self._summary
        established = (summary.established,) if summary.established else ()
        rows = []
        for each in sorted((*summary.ruled_out, *summary.suspected, *established), key=lambda each: each.at):
            facts = sorted((each.fact, *each.also), key=lambda fact: (fact.at, fact.key))
            first = next((fact for fact in facts if fact.incident or fact.state in _SUSPECTED), None)
            if first is None and each in established:
                continue
            named: Spans = (plain(self._text(incident_words.ONLY_RULED_OUT), italic=True),)
            if first:
                title = (plain(self._formatter.title(first)),) if first.incident else self._formatter.quote(first.says)
                named = self._of(first, title)
            fate: Spans = (plain(self._text(incident_words.LEFT_OPEN), italic=True),)
            if each.fact.incident or each.fact.state not in _SUSPECTED:
                # Behind the words of people stands no sign: it could be theirs.
                verdict = plain(self._formatter.verdict_label(each.fact)[1])
                quoted = () if each.fact.incident else (plain(" · "), *self._formatter.quote(each.fact.says))
                fate = self._of(each.fact, (verdict, *quoted))
            rows.append((named, fate))
        return Rows(heads=(incident_words.COLUMN_SUSPICION, incident_words.COLUMN_FATE), items=tuple(rows))

    # --- what was done ----------------------------------------------------------------------------------------------

    def _acted(self, outcome: Outcome) -> Rows:
        rows = tuple(self._act(each) for each in self._acts if each.outcome is outcome)
        return Rows(title=_OUTCOMES[outcome], heads=(*_HAPPENED, incident_words.COLUMN_OUTCOME), items=rows)

    def _act(self, judged: JudgedAct) -> tuple[Spans, ...]:
        """Return a row: when it was begun, its owner, what it was, what came of it."""
        act, formatter = judged.act, self._formatter
        if isinstance(act, PressedRemedy):
            fact, announced = act.remedy, act.announced
            _, state = formatter.state_label(fact)
            title = plain(formatter.title(fact), bold=True)
            what: Spans = (title, *formatter.about(fact), SourceLink(fact), *formatter.announcement(announced))
            came: Spans = (plain(state), *formatter.shown_by(fact))
        else:
            _, state = formatter.course_label(act)
            what = (*formatter.quote(act.said.says), SourceLink(act.said))
            came = (plain(state), *self._end_of(act))
        if judged.by:
            came = (*came, plain(f" · {self._text(incident_words.LAST_BEFORE)}"), *self._quoted(judged.by))
        return (Timestamp(act.facts[0].at),), (Person(act.owner),) if act.owner else (), what, came

    def _end_of(self, act: TrackedAction) -> Spans:
        """Return when it ended, and who said so in which words unless these are quoted already."""
        ended = act.ended_by
        if ended is None or ended.at == act.facts[0].at:
            return ()
        if ended.ts == act.said.ts:
            return plain(" "), Timestamp(ended.at)
        return (plain(" · "), *self._quoted(ended))

    def _followup(self, fact: Fact) -> Spans:
        owner = self._owners[fact.key]
        named: Spans = (plain(f" · {self._formatter.label(incident_words.OWNER)}"), Person(owner)) if owner else ()
        return (*self._formatter.quote(fact.says), *named, *source(fact, self._formatter))

    def _owner(self, fact: Fact) -> str:
        """Return who takes a follow-up, if its words say so."""
        if fact.of or _MINE.search(fact.says):
            return fact.of or fact.user
        return next((user for user, name in self._names.items() if _is_given_to(fact.says, user, name)), "")

    # --- what is missing --------------------------------------------------------------------------------------------

    def _gaps(self) -> Iterator[Spans]:
        """Yield the questions that nobody answered in the channel."""
        summary = self._summary
        stated = stated_cause(summary, self._formatter)
        known = stated.fact if stated else None
        proven = summary.leading is not None and summary.leading.fact.state == Verdict.CONFIRMED
        yield from self._asked(
            (incident_words.WHEN_NOTICED, self._began()),
            (incident_words.WHO_AFFECTED, summary.impact.reports),
            (incident_words.WHEN_OVER, summary.mitigated_by or summary.resolved_by),
            (incident_words.WHAT_CAUSE, proven or known),
        )
        if not proven:
            yield self._gap(incident_words.WAS_PROVEN, incident_words.NO_PROOF)
        elif known is None or not known.incident:
            question = incident_words.SAME_CAUSE if known else incident_words.IS_IT_THE_CAUSE
            yield self._gap(question, incident_words.GAP_ANSWER)
        yield from self._asked(
            (incident_words.WHAT_ENDED, any(each.outcome is Outcome.HELPED for each in self._acts)),
            (incident_words.WHICH_CHANGE, summary.deploys),
            (incident_words.WHO_LED, any(holder.role is Role.COMMANDER for holder in summary.roles)),
            (incident_words.WHO_WAS_TOLD, summary.comms),
            (incident_words.HOW_PREVENTED, summary.followups),
            (incident_words.WHO_OWNS, all(self._owners.values())),
        )

    def _asked(self, *questions: tuple[Text, object]) -> Iterator[Spans]:
        """Yield the questions without what answers them."""
        for question, answer in questions:
            if not answer:
                yield self._gap(question, incident_words.GAP_ANSWER)

    def _gap(self, question: Text, answer: Text) -> Spans:
        return plain(self._text(question), bold=True), plain(f" {self._text(answer)}")

    # --- lines ------------------------------------------------------------------------------------------------------

    def _timeline(self) -> Rows:
        rows: list[tuple[Spans, ...]] = []
        for moment in self._moments:
            outcome = self._formatter.outcome_of_moment(moment)
            what = (*self._formatter.moment(moment), SourceLink(moment.fact), *outcome)
            rows.append(((Timestamp(moment.at),), self._who(moment.fact), what))
        return Rows(heads=_HAPPENED, items=tuple(rows), roomy=True)

    def _links(self) -> Iterator[Spans]:
        by_url = {found.url: (fact, found) for fact in self._summary.links for found in fact.links}
        for fact, found in by_url.values():
            yield (self._formatter.posted_link(found), *source(fact, self._formatter))

    def _began(self) -> Fact | None:
        """Return the first statement that says since when."""
        told = [*self._summary.impact.reports, *(fact for fact in self._summary.pinned if fact.kind is FactKind.PINNED)]
        stated = [fact for fact in told if _BEGAN.search(fact.says)]
        return min(stated, key=lambda fact: (fact.at, fact.key), default=None)

    def _facts(self, kind: FactKind) -> list[Fact]:
        every = (fact for moment in self._moments for fact in (moment.fact, *moment.also))
        return [fact for fact in every if fact.kind is kind]

    def _list(self, facts: Iterable[Fact], title: Text | None = None) -> Lines:
        return Lines(title=title, items=tuple(self._of(fact, self._event(fact)) for fact in facts))

    def _event(self, fact: Fact) -> Spans:
        """Return what happened; of what a section is about anyway, the words alone."""
        return self._formatter.event(fact) if fact.bot or fact.incident else self._formatter.quote(fact.says)

    def _quoted(self, fact: Fact) -> Spans:
        return self._of(fact, self._formatter.quote(fact.says))

    def _of(self, fact: Fact, spans: Spans) -> Spans:
        return (*spans, *source(fact, self._formatter))

    def _told(self, fact: Fact) -> tuple[Spans, Spans]:
        """Return cells: when, and what with author and link."""
        who = self._formatter.attribution(fact)
        return (Timestamp(fact.at),), (*self._formatter.event(fact), *who, SourceLink(fact))

    def _label(self, text: Text) -> Spans:
        return plain(self._text(text), bold=True), plain(self._formatter.label(Text.same("")))

    def _who(self, fact: Fact) -> Spans:
        who = self._formatter.author(fact)
        if who:
            return who
        # The line of a role names the person already; a fact without a user is Casebook's own.
        own = incident_words.DIAGNOSIS if fact.kind is FactKind.HYPOTHESIS else incident_words.CASEBOOK
        return () if fact.user else (plain(self._text(own)),)


def _is_given_to(says: str, user: str, name: str) -> bool:
    named = (each for each in (user, name) if each and each.lower() in says.lower())
    return any(re.search(_OWNED.format(re.escape(each)), says, re.IGNORECASE) for each in named)
