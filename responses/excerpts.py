"""Pick the lines of a text that look most like an error, to show where no incident matches."""

from __future__ import annotations

import re
from typing import Final

from intents.symptoms import read_symptoms
from responses.shown import shown_line

_TROUBLE: Final = re.compile(
    r"(?i)error|fail|fatal|panic|denied|refused|forbidden|invalid|time.?out|unable|cannot|not found|[失错误]"
)
_SHOWN: Final = 3


def error_lines(text: str) -> tuple[str, ...]:
    """Return at most three lines in their order: those with an error word, else the first ones."""
    lines = [symptom.text for symptom in read_symptoms(text)]
    shown = [line for line in lines if _TROUBLE.search(line)] or lines
    return tuple(shown_line(line) for line in shown[:_SHOWN])
