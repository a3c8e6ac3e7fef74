"""Write a post-mortem as Markdown: its draft as a file, and its sections as the canvas of an incident channel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from intents.chronicle.facts import IncidentStatus
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter, is_from_catalog, line
from responses.chronicle.markdown import Markdown, dated, escaped
from responses.chronicle.retrospective import sections_of
from responses.chronicle.sections import SectionWriter
from responses.slack.chronicle.leaves import NO_NAMES, Names, Permalink
from responses.slack.message import Snippet

# In bytes of UTF-8, of each list and of the timeline. A file may have 1 MB.
_ROOM: Final = 15_000
_TIMELINE: Final = 600_000
_NOT_A_NAME: Final = re.compile(r"[^\w-]+")
# The same of a canvas. Slack takes ten times as much, but nobody reads that.
_CANVAS_ROOM: Final = 3_000
_CANVAS_TIMELINE: Final = 40_000
# While the incident lasts nobody misses what is not stated yet.
_AFTERWARDS: Final = frozenset({incident_words.TIMES_TITLE, incident_words.GAPS})


def postmortem(
    summary: Summary,
    moments: Sequence[TimelineEntry],
    *,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
) -> Snippet:
    """Return the draft as a file, with `names`, because a file cannot look them up."""
    formatter = FactFormatter(language, clusters=summary.impact.clusters)
    writer = SectionWriter(
        markdown=Markdown(permalink=permalink, names=names),
        text=formatter.text,
        tables=True,
        room=_ROOM,
        most=_TIMELINE,
        left_out=incident_words.CUT_OFF,
    )
    name, leading = line(summary.name, 80), summary.leading
    about = formatter.title(leading.fact) if leading and is_from_catalog(leading.fact) else ""
    title = " · ".join(filter(None, (f"#{name}", about)))
    lines = [
        f"# {escaped(f'{formatter.label(incident_words.POSTMORTEM)}{title}')}",
        "",
        f"*{formatter.text(incident_words.DRAFT)}*",
    ]
    for section in sections_of(summary, moments, formatter, names):
        lines += writer.lines(section)
    return Snippet(
        name=f"postmortem-{_NOT_A_NAME.sub('-', name).strip('-') or 'incident'}.md",
        title=formatter.text(incident_words.POSTMORTEM_DRAFT).format(f"#{name}"),
        content="\n".join(lines) + "\n",
    )


def canvas(
    summary: Summary,
    moments: Sequence[TimelineEntry],
    *,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
) -> str:
    """Return the canvas as Markdown of less than 100,000 characters, with the newest moments that fit."""
    formatter = FactFormatter(language, clusters=summary.impact.clusters)
    writer = SectionWriter(
        markdown=Markdown(permalink=permalink, names=names),
        text=formatter.text,
        tables=False,
        room=_CANVAS_ROOM,
        most=_CANVAS_TIMELINE,
        left_out=incident_words.EARLIER,
    )
    is_over = summary.status is IncidentStatus.RESOLVED
    sign, status = incident_words.STANDINGS[summary.status]
    lines = [
        f"# {sign} {formatter.text(status)} · {escaped(line(summary.name, 80))}",
        "",
        f"{formatter.text(incident_words.UPDATED).format(dated(summary.now))} UTC",
    ]
    for section in sections_of(summary, moments, formatter, names):
        if section.held and (is_over or section.title not in _AFTERWARDS):
            lines += writer.lines(section)
    return "\n".join(lines) + "\n"
