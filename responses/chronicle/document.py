"""Write summary and timeline as plain lines, for a terminal or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language
from responses.chronicle import incident_words
from responses.chronicle.brief import brief_of, care_lists
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.markdown import Person, PostedLink, SourceLink, Spans, Timestamp, clock

_NAME: Final = 80


def _written(spans: Spans, names: Mapping[str, str]) -> str:
    """Return one line without markup; people are shown by `names`, else by id, times in UTC."""
    said = []
    for span in spans:
        match span:
            case Person(user=user):
                said.append(line(names.get(user, user), _NAME))
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
    formatter = FactFormatter(language, clusters=summary.impact.clusters)
    yield line(f"#{summary.name}")
    for each in brief_of(summary, formatter):
        yield f"{formatter.label(each.label)}{_written(each.spans, names)}"
    for care in care_lists(summary, formatter):
        yield ""
        yield formatter.label(care.title).rstrip()
        yield from (f"- {_written(spans, names)}" for spans, _ in care.lines)
    if summary.second:
        yield ""
        yield f"{formatter.text(incident_words.SECOND)} {_written(formatter.quote(summary.second[0].says), names)}"


def timeline_lines(moments: Iterable[TimelineEntry], *, language: Language, names: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each moment, oldest first."""
    formatter = FactFormatter(language)
    for moment in moments:
        who = _written(formatter.author(moment.fact), names)
        what = _written((*formatter.moment(moment), *formatter.outcome_of_moment(moment)), names)
        yield "  ".join(filter(None, (clock(moment.at), who, what)))
