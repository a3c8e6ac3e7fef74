"""Define an answer as it is stored, so that it can be rendered again with all later notes.

A message is never edited block by block. The scrubbed diagnosis is stored; count, remedies and opinions are stored
beside it, and the whole message is rendered again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Self

from bot.common.portable import Portable
from bot.store import StoredAnswer
from intents.domain import Diagnosis, Finding, Json, JudgedHypothesis, Language, ObjectRef, Text
from intents.overview import Overview
from responses.alert_words import over_after
from responses.glance import dated_row
from responses.overview import SafeOverview, heading
from responses.sentences import leading_hypotheses
from responses.slack.controls import AnswerView, OfferedAction, RemedyButton, offered_action
from responses.slack.details import details_view
from responses.slack.diagnosis import answer_message, headlines
from responses.slack.message import Message, View
from responses.slack.notices import notice
from responses.slack.overview import overview_message
from responses.slack.remedy_states import RemedyShown

# The key under which an answer stores it.
_OFFER: Final = "offer"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerNotes(Portable):
    """Notes about an answer, merged by key: one for each pressed plan.

    `count` is how often the same error was pasted, `last` the last time; these belong to the topic and are not notes.
    `corrections` are what people said it was, by user. `again` are links to later answers about the same fault. `muted`
    is who muted it by the menu, "" if unmuted since; `lowered` likewise who said that it does not help here.
    `over_after_s` is set once the alert that was answered is over: so long after its post.
    """

    count: int = 1
    last: datetime | None = None
    not_it: tuple[str, ...] = ()
    corrections: Mapping[str, Text] = field(default_factory=dict)
    muted: str | None = None
    lowered: str = ""
    again: tuple[str, ...] = ()
    remedies: tuple[RemedyShown, ...] = ()
    over_after_s: float | None = None

    @classmethod
    def from_notes(cls, notes: Json) -> AnswerNotes:
        pressed = [RemedyNote.from_json(note) for key, note in notes.items() if key.startswith(_REMEDY)]
        pressed.sort(key=lambda note: note.first)
        plain = {key: value for key, value in notes.items() if not key.startswith((_REMEDY, _CORRECTION))}
        was = {
            key.removeprefix(_CORRECTION): Text(**value) for key, value in notes.items() if key.startswith(_CORRECTION)
        }
        return replace(cls.from_json(plain), remedies=tuple(note.shown for note in pressed), corrections=was)


NO_NOTES: Final = AnswerNotes()
_REMEDY: Final = "remedy:"
_CORRECTION: Final = "correction:"
_NO_WORDS: Final = Text.same("")


def correction_note(user: str, was: Text) -> Json:
    """Return the note that a person said what it was; a later one of the same person replaces it."""
    return {f"{_CORRECTION}{user}": {"en": was.en, "zh": was.zh}}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyNote(Portable):
    """Progress of a remedy. `first` is when the plan was pressed: remedies are shown in that order."""

    first: datetime
    shown: RemedyShown

    @property
    def key(self) -> str:
        return self.key_of(self.shown.plan_id)

    @staticmethod
    def key_of(plan_id: str) -> str:
        """Return the key under which an answer stores the result of that plan."""
        return f"{_REMEDY}{plan_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer(AnswerView, Portable):
    """An answer as it was given. `same_as` is the link to an earlier answer about the same fault.

    `muted` is the key of the mute that covered it when it was given; `muted_by` and `muted_why` are from that mute.
    """

    same_as: str = ""
    muted: str = ""

    @property
    def first(self) -> JudgedHypothesis | None:
        """Return the leading hypothesis that is not refuted, or the general actions if there is none."""
        return next(iter(leading_hypotheses(self.diagnosis)), None)

    @property
    def headline(self) -> str:
        """Return the first line: the cause, or that none was found."""
        return headlines(self)[0]

    def message(self, shown: AnswerNotes = NO_NOTES) -> Message:
        """Render the answer with all notes about it."""
        view = replace(
            self,
            details_value=self.request_id if self.controls else "",
            count=shown.count,
            last_seen=shown.last,
            remedy_states=shown.remedies,
            not_it_by=shown.not_it,
            corrections=shown.corrections,
            muted_by=self.muted_by if shown.muted is None else shown.muted,
            muted_why=self.muted_why if shown.muted is None else "",
            lowered_by=shown.lowered,
            ended=None if shown.over_after_s is None else over_after(timedelta(seconds=shown.over_after_s)),
            related=(*filter(None, (self.same_as,)), *shown.again),
        )
        return answer_message(view)

    def details(self, language: Language) -> View:
        return details_view(self.diagnosis, language=language, of_text=self.of_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFinding(Portable):
    """What was found about alerts, scrubbed. `asked` is their object: its diagnosis is one press away."""

    language: Language
    answer: KeptAnswer | None = None
    overview: Overview | None = None
    says: Text = _NO_WORDS
    asked: ObjectRef | None = None

    @property
    def cause(self) -> str:
        """Return the first line: the cause, or that none was found."""
        if self.answer is not None:
            return self.answer.headline
        if self.overview is not None:
            return heading(self.overview, self.language)
        return self.says.in_(self.language)

    def message(self) -> Message:
        """Render it."""
        if self.answer is not None:
            return self.answer.message()
        if self.overview is not None:
            return overview_message(SafeOverview(self.overview), language=self.language)
        return notice(self.says, language=self.language)


def without_rows(diagnosis: Diagnosis) -> Diagnosis:
    """Return the diagnosis without the rows and plots of its findings, except for the time of each finding.

    Sentences, quotes and tables already contain their content; plots are drawn once, when the answer is given.
    """

    def bare(finding: Finding) -> Finding:
        row = dated_row(finding)
        return replace(
            finding, rows=(replace(row, values={}, quote="", reproduce="", points=()),) if row else (), plot=None
        )

    hypotheses = tuple(
        replace(one, findings=tuple(bare(finding) for finding in one.findings)) for one in diagnosis.hypotheses
    )
    return replace(diagnosis, hypotheses=hypotheses)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOffer(Portable):
    """An answer to who asks for an action, scrubbed: see `OfferedAction`."""

    language: Language
    cluster: str
    says: Text
    button: RemedyButton | None = None
    why: tuple[Text, ...] = ()

    @classmethod
    def of(cls, answer: StoredAnswer) -> Self | None:
        """Return the offer of a stored answer; None if it is another kind of answer."""
        kept = answer.shown.get(_OFFER)
        return cls.from_json(kept) if kept else None

    def note(self) -> Json:
        return {_OFFER: self.as_json()}

    def message(self, notes: AnswerNotes = NO_NOTES) -> Message:
        """Render it with what became of the press."""
        shown = OfferedAction(
            says=self.says, cluster=self.cluster, button=self.button, why=self.why, states=notes.remedies
        )
        return offered_action(shown, language=self.language)


def language_of(answer: StoredAnswer) -> Language:
    """Return the language in which an answer was given."""
    kept = answer.message.get("language") or (answer.shown.get(_OFFER) or {}).get("language")
    return Language(kept or Language.EN)
