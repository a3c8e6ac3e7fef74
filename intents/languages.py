"""Define the languages of answers, and a sentence in all of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """The languages of answers."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A sentence in every language of answers."""

    en: str
    zh: str

    def in_(self, language: Language) -> str:
        """Return the sentence in a language."""
        return self.zh if language is Language.ZH else self.en

    @classmethod
    def same(cls, text: str) -> Text:
        """Return a text that needs no translation: a name, a quote, a command."""
        return cls(en=text, zh=text)
