"""What is posted once in an incident channel: that it is over, that it looks like another, that it is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from intents.chronicle.facts import IncidentStatus
from intents.chronicle.summary import Summary
from intents.domain import Language, Text
from responses import words as common
from responses.chronicle import words
from responses.chronicle.acts import acts_of
from responses.chronicle.spans import Clock, Spans, Words
from responses.chronicle.telling import Telling, is_ours, line
from responses.safety import safe_line
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.chronicle.leaves import NO_NAMES, Leaves, Names, Permalink
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
    """The last summary: how long it took, what it was, what was done. `draft`, the postmortem's, goes along as a file.

    `archived`: the channel was closed, whether anybody had said that it is over or not. It notifies nobody.
    """
    telling = Telling(language)
    leaves = Leaves(permalink=permalink, names=names, now=summary.now, mention=False)
    closed = ("🗄", words.ARCHIVED) if archived else words.STANDINGS[IncidentStatus.RESOLVED]
    title = f"{closed[0]} {telling.say(closed[1])} · #{line(summary.name, 80)}"
    times: list[list[Leaf]] = []
    for label, at in (
        (words.DETECTED, summary.detected_at),
        (words.MITIGATED, summary.mitigated_at),
        (words.RESOLVED, summary.resolved_at),
    ):
        spans: Spans = (Words(text=f"{telling.say(label)}{telling.say(common.COLON)}"),)
        spans = (*spans, Clock(at)) if at else (*spans, Words(text=telling.say(words.NOT_KNOWN), italic=True))
        if label is not words.DETECTED and (took := telling.after(summary.detected_at, at)):
            spans = (*spans, Words(text=f" · {telling.say(words.AFTER).format(took)}"))
        said = summary.said if label is words.RESOLVED and at else None
        times.append(leaves.linked(spans, said))
    elements: list[Element] = [blocks.bullets(times), blocks.line(blocks.bold(telling.say(words.ROOT_CAUSE)))]
    elements += _cause(summary, telling, leaves)
    if done := [act for act in acts_of(summary) if act.is_begun][-_DONE:]:
        elements.append(blocks.line(blocks.bold(telling.say(words.DONE))))
        elements.append(blocks.bullets(leaves.of(telling.act(act)) for act in done))
    shown = [blocks.header(title), blocks.rich(*elements)]
    if draft:
        shown.append(blocks.context(telling.say(words.DRAFT_ADDED)))
    return Message(text=fallback(title), blocks=tuple(shown), overflow=draft)


def looks_like(incident: Text, *, where: str, address: str, ago: timedelta, language: Language) -> Message:
    """That the same incident has been worked on elsewhere for so long.

    `where` is what whoever reads this may know of that place: "#inc-42", or what stands for a thread.
    """
    telling = Telling(language)
    title, place = line(incident.in_(language), _TITLE), line(where, 80)
    says = telling.say(words.LOOKS_LIKE).format(where=place, ago=telling.lasted(ago), title=title)
    there = blocks.link(safe_line(address), words.THERE) if address else blocks.text("")
    leaves = [blocks.text(f"👯 {says} "), there, blocks.text(f" {telling.say(words.GO_THERE)}")]
    return Message(text=fallback(says), blocks=(blocks.rich(blocks.line(*leaves)),))


def dismissed(by: str, *, language: Language) -> Message:
    """That the channel is no incident, in place of its summary. `by` is a user's id."""
    return _note("🙅", words.DISMISSED, by, language)


def reopened(by: str, *, language: Language) -> Message:
    return _note("🔁", words.REOPENED, by, language)


def _note(sign: str, says: Text, by: str, language: Language) -> Message:
    told = says.in_(language)
    elements = [blocks.line(blocks.text(f"{sign} {told}"))]
    if by:
        elements.append(blocks.line(blocks.text(words.BY.in_(language), italic=True), blocks.user(by)))
    return Message(text=fallback(told), blocks=(blocks.rich(*elements),))


def _cause(summary: Summary, telling: Telling, leaves: Leaves) -> list[Element]:
    leading = summary.leading
    if leading is None:
        return [blocks.line(blocks.text(telling.say(words.NO_CAUSE_YET), italic=True))]
    fact = leading.fact
    elements = [blocks.line(*leaves.linked(telling.hypothesis(fact), fact))]
    if is_ours(fact) and (evidence := telling.evidence(fact)):
        elements.append(blocks.quoted(*leaves.of(evidence)))
    return elements
