"""Build the message with everything that is unhealthy in a namespace or a cluster: a line and a button per cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from intents.domain import Language
from intents.overview import Overview, OverviewChange, OverviewFinding
from responses import overview as words
from responses import words as said
from responses.overview import SafeChange, SafeOverview
from responses.shown import shown_value
from responses.slack import blocks
from responses.slack.budget import Part, fit_parts
from responses.slack.diagnose_buttons import diagnose_row
from responses.slack.message import Block, Message
from responses.slack.mrkdwn import fallback

# What a report says of causes that are gone.
_GONE: Final = 10
# Further causes have less impact; the command line lists them all.
_SHOWN: Final = 15


def overview_message(overview: SafeOverview, *, language: Language) -> Message:
    """Return the message of an overview, the cause with the most impact first."""
    shown: Overview = shown_value(overview)
    below = partial(_below, shown, language)
    return _message(words.heading(shown, language), shown.findings, shown, below, language)


def change_message(change: SafeChange, *, language: Language) -> Message:
    """Return the message of a scheduled report: the new causes, those that are gone, the number of all others."""
    shown: OverviewChange = shown_value(change)
    below = partial(_below_change, shown, language)
    return _message(words.change_heading(shown, language), shown.new, shown, below, language)


def _message(
    heading: str,
    findings: Sequence[OverviewFinding],
    shown: Overview | OverviewChange,
    below: Callable[[int], Iterator[str]],
    language: Language,
) -> Message:
    parts = [Part(rank=0, blocks=(blocks.header(heading),))]
    for index, finding in enumerate(findings[:_SHOWN]):
        parts.append(Part(rank=index + 1, blocks=_finding(finding, shown, index, language)))
    fitted, _ = fit_parts(parts)
    left = len(findings) - sum(block["type"] == "section" for block in fitted)
    last = tuple(blocks.context(says) for says in below(left) if says)
    told = [words.cause(finding, language) for finding in findings[:1]]
    return Message(text=fallback(heading, *told), blocks=(*fitted, *last))


def _finding(
    finding: OverviewFinding, shown: Overview | OverviewChange, index: int, language: Language
) -> tuple[Block, ...]:
    says = f"{words.verdict(finding, language)} · {words.cause(finding, language)}"
    impact = words.impact(finding, shown, language)
    row = diagnose_row(says, finding.asked, index, cluster=shown.cluster, language=language)
    return row, *([blocks.context(impact)] if impact else [])


def _below(shown: Overview, language: Language, left: int) -> Iterator[str]:
    if left > 0:
        yield words.MORE_CAUSES.in_(language).format(left, words.command(shown))
    yield words.muted(shown, language)
    yield words.gaps(shown, language)
    yield words.read(shown, language)


def _below_change(shown: OverviewChange, language: Language, left: int) -> Iterator[str]:
    if left > 0:
        yield said.MORE.in_(language).format(left)
    for gone in shown.gone[:_GONE]:
        yield words.GONE.in_(language).format(gone)
    if (more := len(shown.gone) - _GONE) > 0:
        yield said.MORE.in_(language).format(more)
    if shown.before:
        yield words.AS_BEFORE.in_(language).format(shown.before)
    yield words.muted(shown, language)
    yield words.gaps(shown, language)
