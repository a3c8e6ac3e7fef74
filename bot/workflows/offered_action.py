"""Define the answer to a request for an action: the state of the object, and the button or the reason against it.

It is stored as a note of the answer, so that it can be rendered again with what became of the press.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from bot.common.portable import Portable
from bot.store import StoredAnswer
from bot.workflows.kept_answer import NO_NOTES, AnswerNotes
from intents.domain import Json, Language, Text
from responses.slack.controls import RemedyButton
from responses.slack.message import Message
from responses.slack.offered_actions import OfferedAction, offered_action

# The key under which an answer stores it.
_OFFER: Final = "offer"


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
