"""Recognise the label of an alert that is over at the head of its post. Light: every match of a text asks for it."""

from __future__ import annotations

import re
from typing import Final

EMOJI: Final = r"(?::[\w+-]+:|[^\w\s\[【(<\"']|\s)*"
LABEL: Final = r"\[(?:resolved|ok|recovered|closed|已恢复|恢复)[^\]]*\]|【[^】]*(?:恢复|解除|已恢复)】"
_LABELLED: Final = re.compile(rf"(?i)^{EMOJI}(?:{LABEL})")


def is_labelled_cleared(line: str) -> bool:
    """Return whether the first line of a text has the label of an alert that is over, such as [RESOLVED]."""
    return _LABELLED.match(line.strip()) is not None
