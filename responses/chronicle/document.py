"""Write summary and timeline as plain lines, for a terminal or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language
from responses.chronicle import incident_words
from responses.chronicle.brief import brief_of
from responses.chronicle.commander import care_lists
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.markdown import Person, PostedLink, SourceLink, Spans, Timestamp, clock

_NAME: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainWriter:
    """Writes spans without markup; people are shown by `names`, else by id, times in UTC."""

    names: Mapping[str, str]

    def line(self, spans: Spans) -> str:
        """Return one line."""
        said = []
        for span in spans:
            match span:
                case Person(user=user):
                    said.append(line(self.names.get(user, user), _NAME))
                case Timestamp(at=at):
                    said.append(clock(at))
                case PostedLink(url=url, title=title):
                    said.append(f"{title} {url}")
                case SourceLink():
                    pass
                case _:
                    said.append(span.text)
        return "".join(said).strip()


def summary_lines(summary: Summary, *, language: Language, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the brief, and below it what the commander has to look after."""
    formatter, writer = FactFormatter(language, clusters=summary.impact.clusters), PlainWriter(names=names)
    yield line(f"#{summary.name}")
    for each in brief_of(summary, formatter):
        yield f"{formatter.label(each.label)}{writer.line(each.spans)}"
    for care in care_lists(summary, formatter):
        yield ""
        yield formatter.label(care.title).rstrip()
        yield from (f"- {writer.line(spans)}" for spans, _ in care.lines)
    if summary.second:
        yield ""
        yield f"{formatter.text(incident_words.SECOND)} {writer.line(formatter.quote(summary.second[0].says))}"


def timeline_lines(moments: Iterable[TimelineEntry], *, language: Language, names: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each moment, oldest first."""
    formatter, writer = FactFormatter(language), PlainWriter(names=names)
    for moment in moments:
        who = writer.line(formatter.author(moment.fact))
        what = writer.line((*formatter.moment(moment), *formatter.outcome_of_moment(moment)))
        yield "  ".join(filter(None, (clock(moment.at), who, what)))
