"""The lines of a text that look most like trouble: what is shown where nothing is known of it."""

from __future__ import annotations

import re
from typing import Final

from intents.symptoms import read_symptoms
from responses.safety import safe_line

_TROUBLE: Final = re.compile(
    r"(?i)error|fail|fatal|panic|denied|refused|forbidden|invalid|time.?out|unable|cannot|not found|[失错误]"
)
_SHOWN: Final = 3


def error_lines(text: str) -> tuple[str, ...]:
    """At most three lines, in their order: those with a word of trouble, else the first ones."""
    lines = [symptom.text for symptom in read_symptoms(text)]
    telling = [line for line in lines if _TROUBLE.search(line)] or lines
    return tuple(safe_line(line) for line in telling[:_SHOWN])
