"""Write the draft of a postmortem as Markdown, in the usual order of sections, with gaps for people to fill in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.chronicle.tracked_actions import TrackedAction
from intents.domain import Language, Text
from responses.chronicle import incident_words
from responses.chronicle.acts import Act, PressedRemedy, acts_of
from responses.chronicle.fact_formatter import FactFormatter, is_from_catalog, line
from responses.chronicle.markdown import Markdown, SourceLink, Spans, clock, dated, escaped, fenced, link, plain, table
from responses.chronicle.sources import cause_lines, source
from responses.shown import fitting, shown_line
from responses.slack.message import Snippet

_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
# In bytes of UTF-8. A file may have 1 MB; the other sections have their own limits.
_TIMELINE: Final = 600_000
_ACTED: Final = 300
_OBJECTS: Final = 50
_REPORTS: Final = 20
_COMMANDS: Final = 20
_COMMAND: Final = 1_000
_LINKS: Final = 50
_NOT_A_NAME: Final = re.compile(r"[^\w-]+")


def postmortem(
    summary: Summary,
    moments: Sequence[TimelineEntry],
    *,
    language: Language,
    permalink: Callable[[Fact], str],
    names: Mapping[str, str] = _NO_NAMES,
) -> Snippet:
    """Return the draft as a file.

    `permalink` returns the address of the message that a fact rests on, "" for none. `names` are display names by user
    id: a file cannot look them up.
    """
    draft = _Draft(summary, moments, language, Markdown(permalink=permalink, names=names))
    name = line(summary.name, 80)
    return Snippet(
        name=f"postmortem-{_NOT_A_NAME.sub('-', name).strip('-') or 'incident'}.md",
        title=incident_words.POSTMORTEM_DRAFT.in_(language).format(f"#{name}"),
        content="\n".join(draft.lines()) + "\n",
    )


class _Draft:
    """The lines of one draft."""

    def __init__(
        self, summary: Summary, moments: Sequence[TimelineEntry], language: Language, markdown: Markdown
    ) -> None:
        self._summary = summary
        self._moments = moments
        self._markdown = markdown
        self._formatter = FactFormatter(language, clusters=summary.impact.clusters)
        self._text, self._label = self._formatter.text, self._formatter.label

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file."""
        title = f"{self._label(incident_words.POSTMORTEM)}{self._title()}"
        yield f"# {escaped(title)}"
        yield ""
        yield f"*{self._text(incident_words.DRAFT)}*"
        for heading, body in (
            (incident_words.SUMMARY, self._short()),
            (incident_words.IMPACT, self._impact()),
            (incident_words.TIMES_TITLE, self._times()),
            (incident_words.ROOT_CAUSE, self._cause()),
            (incident_words.ACTIONS, self._actions()),
            (incident_words.TIMELINE, self._timeline()),
            (incident_words.WENT_WELL, iter(("-",))),
            (incident_words.WENT_WRONG, iter(("-",))),
            (incident_words.ACTION_ITEMS, iter(("- [ ]",))),
            (incident_words.LINKS_TITLE, self._links()),
        ):
            yield from ("", f"## {self._text(heading)}", "")
            yield from list(body) or [self._text(incident_words.NONE)]

    def _title(self) -> str:
        leading = self._summary.leading
        about = self._formatter.title(leading.fact) if leading and is_from_catalog(leading.fact) else ""
        return " · ".join(part for part in (f"#{line(self._summary.name, 80)}", about) if part)

    def _short(self) -> Iterator[str]:
        summary = self._summary
        sign, status = incident_words.STANDINGS[summary.status]
        since = self._formatter.since(summary.since)
        said = summary.said or summary.detected_by
        yield f"- {sign} **{self._text(status)}** {self._markdown.line((*since, *self._source(said)))}"
        yield from (f"- {self._markdown.line(each.spans)}" for each in cause_lines(summary, self._formatter)[:1])
        yield from (f"- {self._moment_of(fact)}" for fact in summary.impact.reports[:1])
        for holder in summary.roles:
            there = self._markdown.spaced(self._source(holder.fact))
            yield f"- {self._label(incident_words.ROLES[holder.role])}{self._markdown.person(holder.user)}{there}"

    def _impact(self) -> Iterator[str]:
        impact = self._summary.impact
        for label, places in (
            (incident_words.IN_CLUSTERS, impact.clusters),
            (incident_words.IN_NAMESPACES, impact.namespaces),
        ):
            for place in places[:_OBJECTS]:
                rests_on = next(
                    (one.fact for one in impact.objects if place in (one.cluster, one.subject.namespace)), None
                )
                named = plain(self._text(label).format(line(place, 120)))
                yield f"- {self._markdown.line((named, *self._source(rests_on)))}"
        for one in impact.objects[:_OBJECTS]:
            subject = plain(line(str(one.subject), 300), code=True)
            yield f"- {self._markdown.line((subject, *self._formatter.where(one.fact), *self._source(one.fact)))}"
        yield from self._rest(len(impact.objects) - _OBJECTS)
        yield from (f"- {self._moment_of(fact)}" for fact in impact.reports[:_REPORTS])
        yield from self._rest(len(impact.reports) - _REPORTS)

    def _times(self) -> Iterator[str]:
        """Yield the table of key times: each with the message that says so, and how long after the first report."""
        summary = self._summary

        def row(label: Text, by: Fact | None) -> tuple[str, str, str, str]:
            when = dated(by.at) if by else f"*{self._text(incident_words.NOT_KNOWN)}*"
            ended = by.at if by and by is not summary.detected_by else None
            took = self._formatter.elapsed(summary.detected_at, ended)
            said = self._markdown.line((*self._formatter.quote(by.says), *self._source(by))) if by else ""
            return self._text(label), when, took, said

        first, own = self._text(incident_words.RECORD_BEGAN), self._text(incident_words.CASEBOOK)
        heads = (incident_words.COLUMN_TIME, incident_words.COLUMN_TOOK, incident_words.COLUMN_SOURCE)
        yield from table(
            ("", *(self._text(head) for head in heads)),
            (
                row(incident_words.FIRST_REPORT, summary.detected_by),
                (first, dated(summary.opened), "", own),
                row(incident_words.MITIGATED, summary.mitigated_by),
                row(incident_words.RESOLVED, summary.resolved_by),
            ),
        )

    def _cause(self) -> Iterator[str]:
        summary = self._summary
        causes = cause_lines(summary, self._formatter)
        for number, each in enumerate(causes):
            yield from [""] if number else []
            yield self._markdown.line(each.spans)
            if each.fact and is_from_catalog(each.fact) and (evidence := self._formatter.evidence(each.fact)):
                yield from ("", f"> {self._markdown.line(evidence)}")
            elif each.fact and each.fact.kind is FactKind.HYPOTHESIS:
                yield from ("", f"*{self._text(incident_words.NOT_PROVEN)}*")
        shown = {each.fact.key for each in causes if each.fact}
        standing = [moment.fact for moment in ((summary.leading, *summary.proven) if summary.leading else ())]
        commands = dict.fromkeys(shown_line(each.reproduce, limit=_COMMAND) for each in standing if each.reproduce)
        if commands:
            yield from ("", self._label(incident_words.REPRODUCE).rstrip(), "")
            yield from fenced(list(commands)[:_COMMANDS])
        rest = [moment for moment in (*summary.proven, *summary.suspected) if moment.fact.key not in shown]
        for heading, others in ((incident_words.OTHERS, rest), (incident_words.RULED_OUT, summary.ruled_out)):
            if others:
                yield from ("", self._label(heading).rstrip(), "")
                yield from (f"- {self._moment_of(moment.fact)}" for moment in others[:_REPORTS])
                yield from self._rest(len(others) - _REPORTS)

    def _actions(self) -> Iterator[str]:
        """Yield the actions that were begun, with their outcome; plans that were never begun are in the timeline."""
        acted = [act for act in acts_of(self._summary) if act.is_begun]
        if not acted:
            return
        rows = [self._act(act) for act in acted[-_ACTED:]]
        what_came = (incident_words.COLUMN_WHAT, incident_words.COLUMN_OUTCOME)
        heads = (incident_words.COLUMN_TIME, *what_came, incident_words.COLUMN_WHO)
        yield from table([self._text(head) for head in heads], rows)
        if left := len(acted) - len(rows):
            yield from ("", self._text(incident_words.CUT_OFF).format(left))

    def _act(self, act: Act) -> tuple[str, str, str, str]:
        """Return a row: when it was begun, what it was, its outcome, who did it."""
        if isinstance(act, PressedRemedy):
            return self._pressed(act.remedy, act.announced)
        sign, state = self._formatter.course_label(act)
        what = (*self._formatter.quote(act.said.says), SourceLink(act.said))
        came = self._markdown.line((plain(f"{sign} {state}"), *self._formatter.outcome_of_work(act)))
        return clock(act.facts[0].at), self._markdown.line(what), came, self._who(act.said)

    def _pressed(self, fact: Fact, announced: TrackedAction | None) -> tuple[str, str, str, str]:
        sign, state = self._formatter.state_label(fact)
        title = plain(self._formatter.title(fact), bold=True)
        name = (title, *self._formatter.about(fact), SourceLink(fact), *self._formatter.announcement(announced))
        says = self._markdown.line(self._formatter.evidence(fact))
        outcome = " — ".join(part for part in (f"{sign} {escaped(state)}", says) if part)
        return clock(fact.at), self._markdown.line(name), outcome, self._who(fact)

    def _timeline(self) -> Iterator[str]:
        if not self._moments:
            return
        newest = map(self._moment, reversed(self._moments))
        rows = fitting(newest, _TIMELINE, size=lambda row: len("".join(row).encode()))
        heads = (incident_words.COLUMN_TIME, incident_words.COLUMN_WHO, incident_words.COLUMN_WHAT)
        yield from table([self._text(head) for head in heads], reversed(rows))
        if left := len(self._moments) - len(rows):
            yield from ("", self._text(incident_words.CUT_OFF).format(left))

    def _moment(self, moment: TimelineEntry) -> tuple[str, str, str]:
        what = (*self._formatter.moment(moment), SourceLink(moment.fact), *self._formatter.outcome_of_moment(moment))
        return clock(moment.at), self._who(moment.fact), self._markdown.line(what)

    def _links(self) -> Iterator[str]:
        by_url = {found.url: (fact, found) for fact in self._summary.links for found in fact.links}
        for fact, found in list(by_url.values())[:_LINKS]:
            address = self._formatter.posted_link(found)
            yield f"- {link(address.title, address.url)}{self._markdown.spaced(self._source(fact))}"
        yield from self._rest(len(by_url) - _LINKS)

    def _moment_of(self, fact: Fact) -> str:
        """Return a line: what happened, who said so, when and where."""
        return self._markdown.line((*self._formatter.event(fact), *self._source(fact)))

    def _source(self, fact: Fact | None) -> Spans:
        return source(fact, self._formatter) if fact else ()

    def _who(self, fact: Fact) -> str:
        who = self._formatter.author(fact)
        if who:
            return self._markdown.line(who)
        # The line of a role names the person already; a fact without a user is Casebook's own.
        if fact.kind is FactKind.HYPOTHESIS:
            return self._text(incident_words.DIAGNOSIS)
        return "" if fact.user else self._text(incident_words.CASEBOOK)

    def _rest(self, left: int) -> Iterator[str]:
        if left > 0:
            yield f"- {self._text(incident_words.CUT_OFF).format(left)}"
