"""The channel's canvas: the summary and the timeline as the Markdown that Slack's canvases take.

They refuse tables, quotes and code within lists, lists within lists, and headings below the third level; so there are
headings, lists of one level and links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language, Text
from responses import words as common
from responses.chronicle import words
from responses.chronicle.acts import acts_of
from responses.chronicle.markdown import Markdown, code, dated, escaped
from responses.chronicle.spans import Clock, Person, There, Words
from responses.chronicle.telling import Telling, is_ours, line
from responses.safety import safe_line
from responses.slack.chronicle.leaves import NO_NAMES, Names, Permalink

# Slack takes ten times as much; nobody reads that.
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
    """The canvas as Markdown of less than 100,000 characters: of the timeline the newest moments that fit."""
    page = _Canvas(summary, language, Markdown(permalink=permalink, names=names))
    return page.written(moments)


class _Canvas:
    def __init__(self, summary: Summary, language: Language, markdown: Markdown) -> None:
        self._summary = summary
        self._markdown = markdown
        self._telling = Telling(language, clusters=summary.impact.clusters)
        self._say = self._telling.say

    def written(self, moments: Sequence[TimelineEntry]) -> str:
        lines = [*self._head(), *self._sections()]
        room = _MOST - sum(len(one) + 1 for one in lines)
        kept: list[str] = []
        for moment in reversed(moments):
            told = self._told(moment)
            room -= len(told) + 1
            if room < 0:
                break
            kept.append(told)
        if moments:
            lines += ["", f"## {self._say(words.TIMELINE)} (UTC)", ""]
        if left := len(moments) - len(kept):
            lines.append(f"- {self._say(words.EARLIER).format(left)}")
        return "\n".join([*lines, *reversed(kept)]) + "\n"

    def _head(self) -> Iterator[str]:
        summary = self._summary
        sign, status = words.STANDINGS[summary.status]
        yield f"# {sign} {self._say(status)} · {escaped(line(summary.name, 80))}"
        yield ""
        since = self._telling.since(summary.since)
        yield f"- **{self._say(words.STATUS)}**{self._say(common.COLON)}{self._markdown.linked(since, summary.said)}"
        if summary.next_step:
            step = self._markdown.linked(self._telling.next_step(summary.next_step), summary.next_step.fact)
            yield f"- **{self._say(words.NEXT)}**{self._say(common.COLON)}{step}"
        yield f"- {self._say(words.UPDATED).format(dated(summary.now))} UTC"

    def _sections(self) -> Iterator[str]:
        summary = self._summary
        for title, lines in (
            (words.IMPACT, self._impact()),
            (words.LEADING, self._leading()),
            (words.OTHERS, [self._line(moment.fact) for moment in summary.others]),
            (words.RULED_OUT, [self._line(moment.fact) for moment in summary.ruled_out]),
            (words.DONE, self._done()),
            (words.QUESTIONS, [self._line(fact) for fact in summary.questions]),
            (words.WHO, self._who()),
        ):
            yield from self._section(title, lines)

    def _section(self, title: Text, lines: Sequence[str]) -> Iterator[str]:
        if lines:
            yield from ("", f"## {self._say(title)}", "")
            yield from (f"- {one}" for one in lines[-_LISTED:])

    def _impact(self) -> list[str]:
        impact = self._summary.impact
        lines = []
        for label, places in ((words.IN_CLUSTERS, impact.clusters), (words.IN_NAMESPACES, impact.namespaces)):
            if places:
                shown = ", ".join(line(place, 120) for place in places[:_LISTED])
                lines.append(escaped(self._say(label).format(shown)))
        lines += [self._line(fact) for fact in impact.reports[-_LISTED // 2 :]]
        for one in impact.objects[: _LISTED // 2]:
            subject = Words(text=line(str(one.subject), 300), code=True)
            lines.append(self._markdown.linked((subject, *self._telling.where(one.fact)), one.fact))
        return lines

    def _leading(self) -> list[str]:
        if self._summary.leading is None:
            return [self._say(words.NO_CAUSE_YET)]
        fact = self._summary.leading.fact
        lines = [self._line(fact)]
        if not is_ours(fact):
            return [*lines, f"*{self._say(words.NOT_PROVEN)}*"]
        if evidence := self._telling.evidence(fact):
            lines.append(f"{self._say(words.EVIDENCE)}{self._say(common.COLON)}{self._markdown.of(evidence)}")
        if command := safe_line(fact.reproduce, limit=_COMMAND):
            lines.append(f"{self._say(words.REPRODUCE)}{self._say(common.COLON)}{code(command)}")
        return lines

    def _done(self) -> list[str]:
        return [self._markdown.of(self._telling.act(act)) for act in acts_of(self._summary)]

    def _who(self) -> list[str]:
        lines = []
        for holder in self._summary.roles:
            role = f"{self._say(words.ROLES[holder.role])}{self._say(common.COLON)}"
            lines.append(self._markdown.linked((Words(text=role), Person(holder.user)), holder.fact))
        return lines

    def _line(self, fact: Fact) -> str:
        what = (*self._telling.what(fact), *self._telling.by(fact), Words(text=self._say(words.COMMA)), Clock(fact.at))
        return self._markdown.linked(what, fact)

    def _told(self, moment: TimelineEntry) -> str:
        what = (*self._telling.happened(moment), *self._telling.by(moment.fact), There(moment.fact))
        return f"- {self._markdown.of((Clock(moment.at), Words(text=' '), *what, *self._telling.settled(moment)))}"
