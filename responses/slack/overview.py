"""Build the message with everything that is unhealthy in a namespace or a cluster: a line and a button per cause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from intents.domain import Language, ObjectRef
from intents.overview import Overview, OverviewFinding
from responses import overview as words
from responses.overview import SafeOverview
from responses.shown import shown_value
from responses.slack import blocks, limits
from responses.slack.budget import Part, fit_parts
from responses.slack.message import Block, Message
from responses.slack.mrkdwn import fallback
from responses.slack.presses import Press, action_id

# Further causes have less impact; the command line lists them all.
_SHOWN: Final = 15
_BY: Final = "|"


def overview_message(overview: SafeOverview, *, language: Language) -> Message:
    """Return the message of an overview, the cause with the most impact first."""
    shown: Overview = shown_value(overview)
    heading = words.heading(shown, language)
    parts = [Part(rank=0, blocks=(blocks.header(heading),))]
    for index, finding in enumerate(shown.findings[:_SHOWN]):
        parts.append(Part(rank=index + 1, blocks=_finding(finding, shown, index, language)))
    fitted, _ = fit_parts(parts)
    left = len(shown.findings) - sum(block["type"] == "section" for block in fitted)
    last = tuple(blocks.context(says) for says in _below(shown, left, language) if says)
    first = shown.findings[:1]
    told = [words.cause(finding, language) for finding in first]
    return Message(text=fallback(heading, *told), blocks=(*fitted, *last))


def _finding(finding: OverviewFinding, shown: Overview, index: int, language: Language) -> tuple[Block, ...]:
    says = f"{words.verdict(finding, language)} · {words.cause(finding, language)}"
    impact = words.impact(finding, shown, language)
    value = diagnose_value(finding.asked, cluster=shown.cluster)
    button = None
    if len(value) <= limits.BUTTON_VALUE:
        label = words.DIAGNOSE.in_(language)
        reads = f"{label} {finding.asked}"
        button = blocks.button(label, action_id=action_id(Press.DIAGNOSE, index), value=value, reads=reads)
    return blocks.section(says, accessory=button), *([blocks.context(impact)] if impact else [])


def _below(shown: Overview, left: int, language: Language) -> Iterator[str]:
    if left > 0:
        yield words.MORE_CAUSES.in_(language).format(left, words.command(shown))
    yield words.muted(shown, language)
    yield words.gaps(shown, language)
    yield words.read(shown, language)


def diagnose_value(about: ObjectRef, *, cluster: str) -> str:
    """Return the value of the button that asks for the diagnosis of one object."""
    return _BY.join((about.kind, about.namespace, about.name, cluster))


def parse_diagnose_value(value: str) -> tuple[ObjectRef, str] | None:
    """Return object and cluster of that button; None for a value that Casebook did not write."""
    parts = value.split(_BY)
    if len(parts) != 4 or not (parts[0] and parts[2]):
        return None
    kind, namespace, name, cluster = parts
    return ObjectRef(kind=kind, namespace=namespace, name=name), cluster
