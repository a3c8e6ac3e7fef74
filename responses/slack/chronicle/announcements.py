"""Build the messages that are posted once in an incident channel: resolved, looks like another, dismissed, reopened."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from intents.chronicle.facts import IncidentStatus
from intents.chronicle.summary import Summary
from intents.domain import Language, Text
from responses import words
from responses.chronicle import incident_words
from responses.chronicle.acts import acts_of
from responses.chronicle.fact_formatter import FactFormatter, is_from_catalog, line
from responses.chronicle.sources import cause_lines
from responses.chronicle.spans import Spans, TextSpan, Timestamp
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.chronicle.leaves import NO_NAMES, LeafWriter, Names, Permalink
from responses.slack.message import Message, Snippet
from responses.slack.mrkdwn import fallback

_DONE: Final = 6
_TITLE: Final = 150


def resolved(
    summary: Summary,
    *,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
    archived: bool = False,
    draft: Snippet | None = None,
) -> Message:
    """Return the final summary: how long the incident took, its cause, the actions taken.

    `draft`, the postmortem's, is attached as a file. `archived` says that the channel was closed, resolved or not. The
    message notifies nobody.
    """
    formatter = FactFormatter(language)
    leaves = LeafWriter(permalink=permalink, names=names, now=summary.now, mention=False)
    closed = ("🗄", incident_words.ARCHIVED) if archived else incident_words.STANDINGS[IncidentStatus.RESOLVED]
    title = f"{closed[0]} {formatter.text(closed[1])} · #{line(summary.name, 80)}"
    times: list[list[Leaf]] = []
    for label, by in (
        (incident_words.FIRST_REPORT, summary.detected_by),
        (incident_words.MITIGATED, summary.mitigated_by),
        (incident_words.RESOLVED, summary.resolved_by),
    ):
        at = by.at if by else None
        spans: Spans = (TextSpan(text=f"{formatter.text(label)}{formatter.text(words.COLON)}"),)
        spans = (
            (*spans, Timestamp(at))
            if at
            else (*spans, TextSpan(text=formatter.text(incident_words.NOT_KNOWN), italic=True))
        )
        if label is not incident_words.FIRST_REPORT and (took := formatter.elapsed(summary.detected_at, at)):
            spans = (*spans, TextSpan(text=f" · {formatter.text(incident_words.AFTER).format(took)}"))
        spans = (*spans, *(formatter.attribution(by) if by else ()))
        times.append(leaves.with_link(spans, by))
    elements: list[Element] = [
        blocks.bullets(times),
        blocks.line(blocks.bold(formatter.text(incident_words.ROOT_CAUSE))),
    ]
    elements += _cause(summary, formatter, leaves)
    if done := [act for act in acts_of(summary) if act.is_begun][-_DONE:]:
        elements.append(blocks.line(blocks.bold(formatter.text(incident_words.DONE))))
        elements.append(blocks.bullets(leaves.line(formatter.act(act)) for act in done))
    shown = [blocks.header(title), blocks.rich(*elements)]
    if draft:
        shown.append(blocks.context(formatter.text(incident_words.DRAFT_ADDED)))
    return Message(text=fallback(title), blocks=tuple(shown), overflow=draft)


def looks_like(incident: Text, *, where: str, address: str, ago: timedelta, language: Language) -> Message:
    """Return that the same incident was opened elsewhere, and how long ago.

    `where` is what readers may know of that place: "#inc-42", or words for a thread.
    """
    formatter = FactFormatter(language)
    title, place = line(incident.in_(language), _TITLE), line(where, 80)
    says = formatter.text(incident_words.LOOKS_LIKE).format(where=place, ago=formatter.duration(ago), title=title)
    there = blocks.link(shown_line(address), incident_words.SOURCE_LINK) if address else blocks.text("")
    leaves = [blocks.text(f"👯 {says} "), there, blocks.text(f" {formatter.text(incident_words.GO_THERE)}")]
    return Message(text=fallback(says), blocks=(blocks.rich(blocks.line(*leaves)),))


def dismissed(by: str, *, language: Language) -> Message:
    """Return that the channel is not an incident, in place of its summary. `by` is a user's id."""
    return _note("🙅", incident_words.DISMISSED, by, language)


def reopened(by: str, *, language: Language) -> Message:
    """Return that the incident was reopened. `by` is a user's id."""
    return _note("🔁", incident_words.REOPENED, by, language)


def _note(sign: str, says: Text, by: str, language: Language) -> Message:
    text = says.in_(language)
    elements = [blocks.line(blocks.text(f"{sign} {text}"))]
    if by:
        elements.append(blocks.line(blocks.text(incident_words.BY.in_(language), italic=True), blocks.user(by)))
    return Message(text=fallback(text), blocks=(blocks.rich(*elements),))


def _cause(summary: Summary, formatter: FactFormatter, leaves: LeafWriter) -> list[Element]:
    lines = cause_lines(summary, formatter)
    if not lines:
        return [blocks.line(blocks.text(formatter.text(incident_words.NO_CAUSE_YET), italic=True))]
    elements: list[Element] = []
    for each in lines:
        elements.append(blocks.line(*leaves.line(each.spans)))
        if each.fact and is_from_catalog(each.fact) and (evidence := formatter.evidence(each.fact)):
            elements.append(blocks.quoted(*leaves.line(evidence)))
    return elements
