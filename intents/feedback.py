"""Summarise feedback: which entries people called wrong, what it was instead, and which texts no entry explains.

Nothing here changes how texts are matched: people read the summary and change entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

# What a correction names in place of an entry: a person looked, and no known entry fits.
NONE_OF_THEM: Final = "-"
LONGEST_REMARK: Final = 500
_CHANNELS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person said it was instead of the `incident` of an answer: an `entry`, `NONE_OF_THEM`, or free text."""

    request: str
    user: str
    channel: str
    incident: str
    verdict: str
    entry: str = ""
    says: str = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPaste:
    """A text that somebody asked about and no entry explains: the template of its telling line, and that line."""

    request: str
    channel: str
    template: str
    example: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCount:
    """The number of answers that an entry led with a verdict, and of those that people marked as wrong."""

    incident: str
    verdict: str
    answers: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRecords:
    """The stored feedback of a period; `helpful` counts how often people said that an answer helped."""

    counts: Sequence[AnswerCount] = ()
    helpful: int = 0
    corrections: Sequence[Correction] = ()
    pastes: Sequence[UnknownPaste] = ()

    @property
    def channels(self) -> frozenset[str]:
        """Return the channels that the records are from."""
        corrected = frozenset(each.channel for each in self.corrections)
        return corrected | frozenset(each.channel for each in self.pastes)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongEntry:
    """An entry that people called wrong in `wrong` of `answers` answers.

    `verdicts` are those of the wrong answers, `instead` what people named and how often, `remarks` what they wrote.
    """

    id: str
    wrong: int
    answers: int
    verdicts: Mapping[str, int]
    instead: tuple[tuple[str, int], ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A template that no entry explains, with its frequency: a candidate for an entry."""

    template: str
    count: int
    first: datetime
    last: datetime
    channels: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSummary:
    """The feedback of a period. `withheld` are candidates from channels that the reader may not see.

    `helpful` counts how often people said that an answer helped: without anything else it is no news.
    """

    wrong: tuple[WrongEntry, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    withheld: int = 0
    helpful: int = 0

    def __bool__(self) -> bool:
        return bool(self.wrong or self.candidates or self.withheld)


def summary_of(records: FeedbackRecords, *, may_read: Callable[[str], bool] = lambda _channel: True) -> FeedbackSummary:
    """Return the summary, most frequent first. Texts of channels that the reader may not read are left out."""
    by_template: dict[str, list[UnknownPaste]] = {}
    for paste in records.pastes:
        by_template.setdefault(paste.template, []).append(paste)
    found = [_candidate(template, pastes, may_read) for template, pastes in by_template.items()]
    shown = [one for one in found if one is not None]
    return FeedbackSummary(
        wrong=tuple(sorted(_wrong(records, may_read), key=lambda one: (-one.wrong, one.id))),
        candidates=tuple(sorted(shown, key=lambda one: (-one.count, one.template))),
        withheld=len(found) - len(shown),
        helpful=records.helpful,
    )


def _wrong(records: FeedbackRecords, may_read: Callable[[str], bool]) -> Iterable[WrongEntry]:
    corrected: dict[str, list[Correction]] = {}
    for each in records.corrections:
        corrected.setdefault(each.incident, []).append(each)
    for id in sorted({*corrected, *(each.incident for each in records.counts if each.wrong)}):
        counts = [each for each in records.counts if each.incident == id]
        named = corrected.get(id, [])
        # An edited message has another answer since: its correction is still about the entry that it was given for.
        wrong = max(sum(each.wrong for each in counts), len({each.request for each in named}))
        yield WrongEntry(
            id=id,
            wrong=wrong,
            answers=max(sum(each.answers for each in counts), wrong),
            verdicts={each.verdict: each.wrong for each in counts if each.wrong},
            instead=_ranked(each.entry for each in named if each.entry),
            remarks=tuple(dict.fromkeys(each.says for each in named if each.says and may_read(each.channel))),
        )


def _ranked(named: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(named).items(), key=lambda pair: (-pair[1], pair[0])))


def _candidate(template: str, pastes: Sequence[UnknownPaste], may_read: Callable[[str], bool]) -> Candidate | None:
    readable = [paste for paste in pastes if may_read(paste.channel)]
    if not readable:
        return None
    newest = max(readable, key=lambda paste: (paste.at, paste.request))
    return Candidate(
        template=template,
        count=len(pastes),
        first=min(paste.at for paste in pastes),
        last=max(paste.at for paste in pastes),
        channels=tuple(sorted({paste.channel for paste in readable}))[:_CHANNELS],
        example=newest.example,
    )
