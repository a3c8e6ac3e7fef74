"""Write the channel's canvas: summary and timeline as the Markdown that Slack's canvases take.

Canvases refuse tables, quotes and code within lists, lists within lists, and headings below the third level. So only
headings, lists of one level and links are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language, Text
from responses import words
from responses.chronicle import incident_words
from responses.chronicle.acts import acts_of
from responses.chronicle.fact_formatter import FactFormatter, is_from_catalog, line
from responses.chronicle.markdown import Markdown, Person, SourceLink, Timestamp, code, dated, escaped, plain
from responses.chronicle.sources import cause_lines
from responses.shown import fitting, shown_line
from responses.slack.chronicle.leaves import NO_NAMES, Names, Permalink

# Slack takes ten times as much, but nobody reads that.
_MOST: Final = 90_000
_LISTED: Final = 30
_COMMAND: Final = 1_000


def canvas(
    summary: Summary,
    moments: Sequence[TimelineEntry],
    *,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
) -> str:
    """Return the canvas as Markdown of less than 100,000 characters, with the newest moments that fit."""
    page = _Canvas(summary, language, Markdown(permalink=permalink, names=names))
    return page.written(moments)


class _Canvas:
    """The lines of one canvas."""

    def __init__(self, summary: Summary, language: Language, markdown: Markdown) -> None:
        self._summary = summary
        self._markdown = markdown
        self._formatter = FactFormatter(language, clusters=summary.impact.clusters)
        self._text, self._label = self._formatter.text, self._formatter.label

    def written(self, moments: Sequence[TimelineEntry]) -> str:
        """Return the whole canvas."""
        lines = [*self._head(), *self._sections()]
        room = _MOST - sum(len(one) + 1 for one in lines)
        kept = fitting(map(self._moment, reversed(moments)), room, size=lambda entry: len(entry) + 1)
        if moments:
            lines += ["", f"## {self._text(incident_words.TIMELINE)} (UTC)", ""]
        if left := len(moments) - len(kept):
            lines.append(f"- {self._text(incident_words.EARLIER).format(left)}")
        return "\n".join([*lines, *reversed(kept)]) + "\n"

    def _head(self) -> Iterator[str]:
        summary = self._summary
        sign, status = incident_words.STANDINGS[summary.status]
        yield f"# {sign} {self._text(status)} · {escaped(line(summary.name, 80))}"
        yield ""
        since = self._formatter.since(summary.since)
        label = f"**{self._text(incident_words.STATUS)}**{self._text(words.COLON)}"
        yield f"- {label}{self._markdown.with_link(since, summary.said)}"
        if summary.next_step:
            step = self._markdown.with_link(self._formatter.next_step(summary.next_step), summary.next_step.fact)
            yield f"- **{self._text(incident_words.NEXT)}**{self._text(words.COLON)}{step}"
        yield f"- {self._text(incident_words.UPDATED).format(dated(summary.now))} UTC"

    def _sections(self) -> Iterator[str]:
        summary = self._summary
        for title, lines in (
            (incident_words.IMPACT, self._impact()),
            (incident_words.LEADING, self._leading()),
            (incident_words.OTHERS, [self._line(moment.fact) for moment in (*summary.proven, *summary.suspected)]),
            (incident_words.RULED_OUT, [self._line(moment.fact) for moment in summary.ruled_out]),
            (incident_words.DONE, [self._markdown.line(self._formatter.act(act)) for act in acts_of(summary)]),
            (incident_words.QUESTIONS, [self._line(fact) for fact in summary.questions]),
            (incident_words.WHO, self._who()),
        ):
            yield from self._section(title, lines)

    def _section(self, title: Text, lines: Sequence[str]) -> Iterator[str]:
        if lines:
            yield from ("", f"## {self._text(title)}", "")
            yield from (f"- {one}" for one in lines[-_LISTED:])

    def _impact(self) -> list[str]:
        impact = self._summary.impact
        lines = []
        for label, places in (
            (incident_words.IN_CLUSTERS, impact.clusters),
            (incident_words.IN_NAMESPACES, impact.namespaces),
        ):
            if places:
                shown = ", ".join(line(place, 120) for place in places[:_LISTED])
                lines.append(escaped(self._text(label).format(shown)))
        if impact.current:
            lines.append(
                f"**{self._text(incident_words.IMPACT_NOW)}**{self._text(words.COLON)}{self._line(impact.current)}"
            )
        earlier = [fact for fact in impact.reports if fact is not impact.current]
        lines += [self._line(fact) for fact in earlier[-_LISTED // 2 :]]
        for one in impact.objects[: _LISTED // 2]:
            subject = plain(line(str(one.subject), 300), code=True)
            lines.append(self._markdown.with_link((subject, *self._formatter.where(one.fact)), one.fact))
        return lines

    def _leading(self) -> list[str]:
        if self._summary.leading is None:
            return [self._text(incident_words.NO_CAUSE_YET)]
        fact = self._summary.leading.fact
        established = [
            self._markdown.line(each.spans)
            for each in cause_lines(self._summary, self._formatter)
            if each.fact is not fact
        ]
        lines = [*established, self._line(fact)]
        if not is_from_catalog(fact):
            return [*lines, f"*{self._text(incident_words.NOT_PROVEN)}*"]
        if evidence := self._formatter.evidence(fact):
            lines.append(f"{self._label(incident_words.EVIDENCE)}{self._markdown.line(evidence)}")
        if command := shown_line(fact.reproduce, limit=_COMMAND):
            lines.append(f"{self._label(incident_words.REPRODUCE)}{code(command)}")
        return lines

    def _who(self) -> list[str]:
        lines = []
        for holder in self._summary.roles:
            role = self._label(incident_words.ROLES[holder.role])
            lines.append(self._markdown.with_link((plain(role), Person(holder.user)), holder.fact))
        return lines

    def _line(self, fact: Fact) -> str:
        what = (*self._formatter.event(fact), *self._formatter.attribution(fact), *self._formatter.when(fact.at))
        return self._markdown.with_link(what, fact)

    def _moment(self, moment: TimelineEntry) -> str:
        spans = (
            *(Timestamp(moment.at), plain(" ")),
            *self._formatter.moment(moment),
            *self._formatter.attribution(moment.fact),
            SourceLink(moment.fact),
            *self._formatter.outcome_of_moment(moment),
        )
        return f"- {self._markdown.line(spans)}"
