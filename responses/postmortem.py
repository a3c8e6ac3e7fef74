"""Write the draft of a post-mortem as a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter, is_from_catalog, line
from responses.chronicle.markdown import Markdown, escaped
from responses.chronicle.retrospective import sections_of
from responses.chronicle.sections import SectionWriter
from responses.slack.message import Snippet

_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
# In bytes of UTF-8, of each list and of the timeline. A file may have 1 MB.
_ROOM: Final = 15_000
_TIMELINE: Final = 600_000
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
