"""What a command could have meant that was not understood."""

from __future__ import annotations

from dataclasses import dataclass

from intents.domain import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """Not understood: why, and the command that was probably meant ("" if there is none)."""

    says: Text
    closest: str = ""
