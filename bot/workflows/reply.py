"""Define a reply to a request: a message with or without a diagnosis, or a reaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.workflows.conversation import KeptTurn
from bot.workflows.kept_answer import AnswerNotes, KeptAnswer
from intents.domain import Existence, Finding, Json
from intents.verdicts import supported
from responses.slack.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply: its message, its diagnosis if it has one, and its plot.

    `intent` and `ended` are for the metrics: help, explain, diagnose; the outcome if there is no verdict. `fault` is
    the same for answers with the same incident and object at fault. `turn` is how a request in words was understood.
    With a `reaction` on the request there is no message. `notes` are stored with the answer.
    """

    plain: Message | None = None
    intent: str = "explain"
    ended: str = "failed"
    answer: KeptAnswer | None = None
    fault: str = ""
    plotted: Finding | None = None
    turn: KeptTurn | None = None
    reaction: str = ""
    notes: Json = field(default_factory=dict)

    def message(self, notes: AnswerNotes) -> Message:
        """Render the reply: the plain message, else the diagnosis with all notes about it."""
        if self.plain is not None:
            return self.plain
        if self.answer is None:
            raise ValueError("a reply is a plain message or an answer")
        return self.answer.message(notes)

    @property
    def incident(self) -> str:
        return self.answer.first.incident if self.answer and self.answer.first else ""

    @property
    def verdict(self) -> str:
        return str(self.answer.first.verdict) if self.answer and self.answer.first else ""

    @property
    def shows_trouble(self) -> bool:
        """Tell whether the cluster shows that something is wrong."""
        if self.answer is None:
            return False
        diagnosis = self.answer.diagnosis
        return bool(diagnosis.unexplained) or any(supported(one) for one in diagnosis.hypotheses)

    @property
    def is_about_nothing(self) -> bool:
        """Tell whether an object that the text names does not exist."""
        named = self.answer.diagnosis.named if self.answer else ()
        return any(note.existence is Existence.MISSING for note in named)

    @property
    def came_to(self) -> str:
        """Return the first verdict, `unknown` for a diagnosis without one, else `ended`."""
        return self.verdict or ("unknown" if self.answer else self.ended)

    @property
    def kept(self) -> Json:
        return self.answer.as_json() if self.answer else {}
