"""Choose the language of an answer: the configured one, else the one of the text, else the one of the locale."""

from __future__ import annotations

import re
from typing import Final

from intents.domain import Language

_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA_OR_HANGUL: Final = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_LETTER: Final = re.compile(r"[A-Za-z]")
# People ask in their language around a long English error: a few characters count more than their share.
_ENOUGH: Final = 4
_SHARE: Final = 0.05
_LOOKED_AT: Final = 256 * 1024


def language_of(text: str) -> Language | None:
    """Return Chinese for a text with a handful of Chinese characters, None where the text does not tell."""
    text = text[:_LOOKED_AT]
    han = len(_HAN.findall(text))
    if not han or len(_KANA_OR_HANGUL.findall(text)) * 4 > han:
        return None
    return Language.ZH if han >= _ENOUGH or han > _SHARE * len(_LETTER.findall(text)) else None


def language_of_locale(locale: str) -> Language | None:
    """Return Chinese for zh_CN.UTF-8, English for en_GB, None for C and all others."""
    spoken = locale.replace("-", "_").partition("_")[0].lower()
    return Language(spoken) if spoken in set(Language) else None


def choose(*, preferred: Language | None, text: str = "", locale: str = "") -> Language:
    """Return the language: `preferred` (an option or setting) outranks the text, the text outranks the locale."""
    return preferred or language_of(text) or language_of_locale(locale) or Language.EN
