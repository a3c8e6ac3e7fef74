"""Define sentences in all languages of answers, choose a language, and neutralise outside text within sentences.

Text from a cluster or a person is one line with visible breaks, without our symbols, so that it cannot draw a line that
looks like one of ours. Free text within a sentence of ours is quoted; a name or a number is not. Nothing here knows a
surface: escaping its markup, and redaction, are `responses`' part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA_OR_HANGUL: Final = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_LETTER: Final = re.compile(r"[A-Za-z]")
# People ask in their language around a long English error: a few characters count more than their share.
_ENOUGH: Final = 4
_SHARE: Final = 0.05
_LOOKED_AT: Final = 256 * 1024


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

    @classmethod
    def joined(cls, parts: Iterable[Text], by: Text) -> Text:
        """Return texts in one, with `by` between them."""
        listed = list(parts)
        return cls(en=by.en.join(one.en for one in listed), zh=by.zh.join(one.zh for one in listed))

    def filled(self, *values: object, **named: object) -> Text:
        """Return the text with its placeholders filled; of a value that is a Text, each language has its own."""
        texts = []
        for language in (Language.EN, Language.ZH):
            words = [value.in_(language) if isinstance(value, Text) else value for value in values]
            called = {key: value.in_(language) if isinstance(value, Text) else value for key, value in named.items()}
            texts.append(self.in_(language).format(*words, **called))
        return Text(en=texts[0], zh=texts[1])


BREAK: Final = "⏎"
REPLACED: Final = "□"

# The signs of verdicts, states, findings and hints, on every surface. Left out are those that cluster text needs and
# that promise nothing: arrows, bullets, question marks, box-drawing characters.
OUR_SYMBOLS: Final = frozenset(
    "✓✔✗✖✅❌❎☑⚠🚫⛔🔴🟠🟡🟢🔵⚪🧰❔❓⏳⌛✋🔥↩↳≈➡🔎🎯🛠👀🔁💬🔔🔕🚢🗓▫📣📌🧨🏷🔗👤🕒👯🙅🗄🔐📎ℹ💥↪🕓💾👍👎⏰⚖🧾📢🙋🧭📋"
)
# Characters that a reader takes for one of ours.
_LOOKALIKES: Final = frozenset("✘☒🗸🗹🆗❗❕‼⁉🚨⚡🛑🟣🟤⚫🟥🟧🟨🟩🟦🟪🟫⬛⬜💚💔❤🔒🔓🆘☠💀⭕✨🎉")
_SYMBOL: Final = re.compile(f"[{''.join(sorted(OUR_SYMBOLS | _LOOKALIKES))}][\ufe0e\ufe0f]?")
_OUR_SHORTCODE: Final = re.compile(
    r":(?:white_check_mark|heavy_check_mark|ballot_box_with_check|x|(?:heavy|negative)[a-z_]*_(?:x|mark)|warning|"
    r"no_entry(?:_sign)?|rotating_light|fire|toolbox|hourglass[a-z_]*|(?:white_|grey_)?(?:question|exclamation)|"
    r"[a-z_]*_(?:circle|square)|raised_hand|information_source|bangbang|ok):"
)
# Any other emoji, custom ones too, but not the middle of a:b:c: a letter among the characters Slack allows in a name.
_SHORTCODE: Final = re.compile(r"(?<!\w):(?=[\w+'-]*[a-z])([\w+'-]+):(?!\w)", re.IGNORECASE)
# Looks like a colon.
_COLON: Final = "\N{MODIFIER LETTER COLON}"
# The words of a verdict or an outcome: within cluster text they are quoted.
_VERDICT: Final = re.compile(
    r"\b(?:CONFIRMED|LIKELY|POSSIBLE|RULED OUT|FIXED|CHANGE IN PLACE|WORSE|NO EFFECT)\b"
    r"|已证实|很可能|有可能|已排除|已修复"
)
_QUOTATION_MARKS: Final = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "＂": '"', "〝": '"', "〞": '"'})


def one_line(text: str) -> str:
    """Return `text` on one line: a sign stands for each line break, one space for other white space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    lines = (" ".join(line.split()) for line in text.splitlines())
    return f" {BREAK} ".join(line for line in lines if line)


def without_symbols(text: str) -> str:
    """Return `text` with a neutral sign in place of each of our symbols."""
    text = _OUR_SHORTCODE.sub(REPLACED, text) if ":" in text else text
    return text if text.isascii() else _SYMBOL.sub(REPLACED, text)


def without_shortcodes(text: str) -> str:
    """Return `text` with no `:name:` that Slack, or a reader of Markdown, would show as an emoji."""
    return _SHORTCODE.sub(lambda found: f"{_COLON}{found[1]}{_COLON}", text) if ":" in text else text


def neutral(text: str) -> str:
    """Return `text` on one line without our symbols."""
    return without_symbols(one_line(text))


def quotable(text: str) -> str:
    """Return the neutral text without the quotation marks that would close ours."""
    return neutral(text).translate(_QUOTATION_MARKS)


def quoted(text: str) -> str:
    """Return the text as a quotation on one line."""
    return f"“{quotable(text)}”"


def imitates(text: str) -> bool:
    """Return whether the text has a line break, one of our symbols, a sign in place of these or a verdict's word."""
    shown = neutral(text)
    return shown != " ".join(text.split()) or BREAK in shown or REPLACED in shown or bool(_VERDICT.search(shown))


def in_sentence(text: str) -> str:
    """Return the text to stand in a sentence of ours: as it is, or quoted if it imitates one."""
    return quoted(text) if imitates(text) else neutral(text)


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
