"""The languages an answer can be given in, and a sentence in all of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """Languages an answer can be given in."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One sentence in every language an answer can be given in."""

    en: str
    zh: str

    def in_(self, language: Language) -> str:
        return self.zh if language is Language.ZH else self.en

    @classmethod
    def same(cls, text: str) -> Text:
        """For texts that are no prose: names, quotes, commands."""
        return cls(en=text, zh=text)
