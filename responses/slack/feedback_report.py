"""Build the feedback report: the entries that people called wrong, and the texts that no entry explains."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from intents.domain import Language, Text
from intents.feedback import NONE_OF_THEM, Candidate, FeedbackSummary, WrongEntry
from responses import feedback_words, words
from responses.sentences import finished
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Leaf
from responses.slack.budget import Part, fit_parts
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback

# With the limits below, both lists fit into one message at their longest.
_ENTRIES: Final = 8
_CANDIDATES: Final = 8
_NAMED: Final = 3
_REMARKS: Final = 3
_REMARK: Final = 100
_TITLE: Final = 80


def feedback_message(
    summary: FeedbackSummary, titles: Mapping[str, Text], *, since: datetime, until: datetime, language: Language
) -> Message:
    """Return the report of a period. `titles` are those of the entries that its readers may see, by id."""

    def text(says: Text, *values: object) -> str:
        return says.in_(language).format(*values)

    heading = text(feedback_words.REPORT, f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}")
    parts = [Part(rank=0, blocks=(blocks.header(heading),))]
    if summary.wrong:
        items = [_wrong(one, titles, language) for one in summary.wrong[:_ENTRIES]]
        parts += _section(text(feedback_words.CALLED_WRONG), items, len(summary.wrong), rank=1, language=language)
    if summary.candidates:
        items = [_candidate(one, language) for one in summary.candidates[:_CANDIDATES]]
        parts += _section(text(feedback_words.UNKNOWN), items, len(summary.candidates), rank=2, language=language)
    below = [text(feedback_words.WITHHELD, summary.withheld)] if summary.withheld else []
    below.append(text(feedback_words.ALL_OF_IT))
    last = blocks.context(" ".join(finished(each, language) for each in below))
    fitted, _ = fit_parts([*parts, Part(rank=0, blocks=(last,))])
    counts = text(feedback_words.COUNTS, len(summary.wrong), len(summary.candidates) + summary.withheld)
    return Message(text=fallback(heading, counts), blocks=fitted)


def _section(title: str, items: list[list[Leaf]], of: int, *, rank: int, language: Language) -> list[Part]:
    elements = [blocks.line(blocks.bold(title)), blocks.bullets(items)]
    if of > len(items):
        elements.append(blocks.line(blocks.text(words.MORE.in_(language).format(of - len(items)), italic=True)))
    return [Part(rank=rank, blocks=(blocks.rich(*elements),))]


def _wrong(one: WrongEntry, titles: Mapping[str, Text], language: Language) -> list[Leaf]:
    counts = feedback_words.WRONG_OF.in_(language).format(one.wrong, one.answers)
    told = [f"{words.COLON.in_(language)}{counts}"]
    if one.instead:
        named = [f"{_title(id, titles, language)} ×{count}" for id, count in one.instead[:_NAMED]]
        if len(one.instead) > _NAMED:
            named.append(words.MORE.in_(language).format(len(one.instead) - _NAMED))
        told.append(feedback_words.IT_WAS.in_(language).format(words.ENUMERATION.in_(language).join(named)))
    told += [f"“{shown_line(remark, limit=_REMARK)}”" for remark in one.remarks[:_REMARKS]]
    if one.id not in titles:
        return [blocks.text(f"{_title(one.id, titles, language)}{' · '.join(told)}")]
    return [blocks.code(shown_line(one.id, limit=_TITLE)), blocks.text(" · ".join(told))]


def _candidate(one: Candidate, language: Language) -> list[Leaf]:
    return [
        blocks.text(f"{feedback_words.TIMES.in_(language).format(one.count)}{words.COLON.in_(language)}"),
        blocks.code(shown_line(one.template)),
    ]


def _title(id: str, titles: Mapping[str, Text], language: Language) -> str:
    """Return the title of an entry; readers who may not see a saved incident learn only that it is one."""
    if id == NONE_OF_THEM:
        return feedback_words.NOT_KNOWN.in_(language)
    title = titles.get(id, feedback_words.A_SAVED_ONE)
    return shown_line(title.in_(language), limit=_TITLE)
