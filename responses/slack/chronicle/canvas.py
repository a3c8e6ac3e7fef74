"""Write the channel's canvas: the sections of the post-mortem as the Markdown that Slack's canvases take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.chronicle.facts import IncidentStatus
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.markdown import Markdown, dated, escaped
from responses.chronicle.retrospective import sections_of
from responses.chronicle.sections import SectionWriter
from responses.slack.chronicle.leaves import NO_NAMES, Names, Permalink

# In bytes, of each list and of the timeline. Slack takes ten times as much, but nobody reads that.
_ROOM: Final = 3_000
_TIMELINE: Final = 40_000
# While the incident lasts nobody misses what is not stated yet.
_AFTERWARDS: Final = frozenset({incident_words.TIMES_TITLE, incident_words.GAPS})


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
        room=_ROOM,
        most=_TIMELINE,
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
