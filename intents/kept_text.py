"""Choose the lines of a pasted text that are kept after its answer: the symptoms and the objects that they name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from intents.symptoms import PROBLEM
from intents.tables import EntityReader
from intents.text_cleanup import lines_of

_MOST_LINES: Final = 200
_LONGEST: Final = 400


def kept_text(text: str, *, quotes: Collection[str] = (), opening: bool = False) -> str:
    """Return the lines that tell of a problem, name an object or are among the `quotes` of a match.

    With `opening` the first line stays: in a text that was addressed to us it says what is asked. Idempotent.
    """
    reader = EntityReader()
    kept: dict[str, None] = {}
    for number, line in lines_of(text):
        stripped = line.strip()
        is_first = opening and number == 1
        is_quoted = any(quote and (quote in stripped or stripped in quote) for quote in quotes)
        if is_first or is_quoted or PROBLEM.search(line) or reader.entities(line):
            kept[stripped if len(stripped) <= _LONGEST or is_quoted else stripped[:_LONGEST].rstrip()] = None
        if len(kept) == _MOST_LINES:
            break
    return "\n".join(kept)
