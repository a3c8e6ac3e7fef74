"""Define what a post about alerts shows, as it is stored: an answer, an overview of a namespace, or words alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.common.portable import Portable
from bot.workflows.kept_answer import KeptAnswer
from intents.domain import Language, ObjectRef, Text
from intents.overview import Overview
from responses.overview import SafeOverview, heading
from responses.slack.message import Message
from responses.slack.notices import notice
from responses.slack.overview import overview_message

_NOTHING: Final = Text.same("")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFinding(Portable):
    """What was found about alerts, scrubbed. `asked` is their object: its diagnosis is one press away."""

    language: Language
    answer: KeptAnswer | None = None
    overview: Overview | None = None
    says: Text = _NOTHING
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
