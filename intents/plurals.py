"""Put the English words after a number into the singular where the number is 1. Texts are written in the plural."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NOUNS: Final = (
    "claim", "container", "endpoint", "event", "finding", "job", "minute", "node", "object", "pod", "replica",
    "restart", "time", "volume",
)  # fmt: skip
_VERBS: Final[Mapping[str, str]] = {"are": "is", "have": "has", "were": "was", "run": "runs", "admit": "admits"}
_PLURAL: Final = re.compile(rf"( (?:{'|'.join(_NOUNS)}))s\b(?: ({'|'.join(_VERBS)})\b)?")


def after_one(words: str) -> str:
    """Return the words that follow the number 1, which begin with a space: " pods run" as " pod runs"."""
    found = _PLURAL.match(words)
    if found is None:
        return words
    noun, verb = found.groups()
    return noun + (f" {_VERBS[verb]}" if verb else "") + words[found.end() :]


def counted(count: int, words: str) -> str:
    """Return a number and the words that follow it: 1 pod is ready, 2 pods are ready."""
    return f"{count}{after_one(f' {words}') if count == 1 else f' {words}'}"
