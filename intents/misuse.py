"""Define a command that was not understood."""

from __future__ import annotations

from dataclasses import dataclass

from intents.domain import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """A command that was not understood: the reason, and the command that was probably meant, or its usage.

    A usage has placeholders in capitals; what was probably meant can be typed as it is.
    """

    says: Text
    closest: str = ""
    usage: str = ""
