"""Turn a pasted text that no entry explains into a template, and pick its lines that look most like an error.

A template is the telling line without names, numbers and secrets. Lines that people wrote themselves are no templates:
what they say is not what a program will print again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intents.catalog.learned import UnusableLine, signature_of
from intents.patterns import phrase_words
from intents.prose import is_prose
from intents.symptoms import PROBLEM, read_symptoms
from responses.safety import redacted_text, safe, safe_line
from responses.shown import shown_line

LONGEST_TEMPLATE: Final = 300
LONGEST_EXAMPLE: Final = 300
_LONGEST_TEXT: Final = 16_000
_FEWEST_WORDS: Final = 3
# A line is taken apart again until nothing changes: so the template of a template is itself.
_ROUNDS: Final = 8
_SKIPPED: Final = "<_>"
_PLACEHOLDER: Final = re.compile(r"<(?:_|[a-z]+)>")
# What stays as it is: a placeholder of a signature, and the mark of a removed secret.
_KEPT: Final = re.compile(rf"({_PLACEHOLDER.pattern}|\[redacted[^\]\n]{{0,40}}\])")
# What a signature keeps, because it stands inside a word: long numbers, hashes, ids.
_LONG: Final = re.compile(
    r"[\w+@-]*\d{4,}[\w+@-]*"
    r"|[\w+@-]*(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}[\w+@-]*"
    r"|(?=[\w+/=]*\d)[\w+/=]{16,}"
    r"|@[\w.-]+"
)
_REPEATED: Final = re.compile(r"<_>(?:[\s\"'`,;:=|/(){}@+-]*<_>)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasteTemplate:
    """The template of a paste, and one line that has it. Both are redacted and on one line."""

    template: str
    example: str


def paste_template(text: str) -> PasteTemplate | None:
    """Return the template of the telling line of a text; None if no line of a program in it names a problem."""
    for symptom in read_symptoms(safe(text[:_LONGEST_TEXT], limit=_LONGEST_TEXT)):
        if PROBLEM.search(symptom.text) and not is_prose(symptom.text) and (template := template_of(symptom.text)):
            return PasteTemplate(template=template, example=safe_line(symptom.text, limit=LONGEST_EXAMPLE))
    return None


def template_of(line: str) -> str:
    """Return the template of a line; "" if too few words are left. Idempotent, at most `LONGEST_TEMPLATE` long."""
    text: str = safe_line(line)
    for _ in range(_ROUNDS):
        try:
            further = _generalised(text)
        except UnusableLine:
            return ""
        if further == text:
            return text if len(set(phrase_words(_KEPT.sub(" ", text)))) >= _FEWEST_WORDS else ""
        text = further
    return ""


def _generalised(text: str) -> str:
    if not _PLACEHOLDER.search(text):
        text = signature_of(text)
    pieces = _KEPT.split(text)
    # What is kept is at the odd places.
    text = "".join(piece if place % 2 else _LONG.sub(_SKIPPED, piece) for place, piece in enumerate(pieces))
    text = _REPEATED.sub(_SKIPPED, " ".join(text.split()))
    return redacted_text(_cut(text))


def _cut(text: str) -> str:
    """Return the text cut between two words."""
    if len(text) <= LONGEST_TEMPLATE:
        return text
    return text[: LONGEST_TEMPLATE + 1].rpartition(" ")[0] or _SKIPPED


_TROUBLE: Final = re.compile(
    r"(?i)error|fail|fatal|panic|denied|refused|forbidden|invalid|time.?out|unable|cannot|not found|[失错误]"
)
_SHOWN: Final = 3


def error_lines(text: str) -> tuple[str, ...]:
    """Return at most three lines of a longer text in their order: those with an error word, else the first ones."""
    lines = [symptom.text for symptom in read_symptoms(text)]
    shown = [line for line in lines if _TROUBLE.search(line)] or lines
    return tuple(shown_line(line) for line in shown[:_SHOWN]) if len(lines) > 1 else ()
