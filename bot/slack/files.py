"""Files people paste: long logs arrive as snippets. Read within bounds, with the token going to Slack only."""

from __future__ import annotations

from dataclasses import dataclass

from intents.domain import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file as text, or the sentence why there is none. Exactly one of `text` and `refusal` is set.

    `cut`: the text is the beginning of a longer one.
    """

    name: str
    text: str = ""
    refusal: Text | None = None
