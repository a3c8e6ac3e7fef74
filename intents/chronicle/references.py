"""Sentences that say nothing without their neighbour, each read together with the one it means.

"That's it." means what follows, "It could be this." what was said before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from intents.chronicle.phrases import OPENING
from intents.chronicle.spoken import Sentence

# That it was found, and then what.
_AHEAD: Final = re.compile(
    rf"^{OPENING}(?:found it|got it|bingo|there it is|nailed it|mystery solved|aha|that's it|that's why|confirmed"
    r"|that explains (?:it|that|everything)|(?:here's |there's |that's )?(?:the |our )?smoking gun)$"
)
_BACK: Final = re.compile(
    rf"^{OPENING}(?:(?:it|this|that) (?:can|could|might|may) (?:well |also )?be (?:it|this|that|why|related"
    rf"|the (?:cause"
    r"|reason))|could (?:it|this|that) be (?:it|why|related|the (?:cause|reason))|(?:i'm |i am "
    r"|just )?wondering (?:if|whether) .+)$"
)
_END_MARKS: Final = " .!?。！？"


def read_together(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """The sentences of a line, those that refer to a neighbour as one with it."""
    before: Sentence | None = None
    for sentence in sentences:
        if before is None:
            before = sentence
        elif _AHEAD.search(before.plain.strip(_END_MARKS)) or _BACK.search(sentence.plain.strip(_END_MARKS)):
            before = _as_one(before, sentence)
        else:
            yield before
            before = sentence
    if before is not None:
        yield before


def _as_one(first: Sentence, second: Sentence) -> Sentence:
    offset = len(first.plain) + 1
    return Sentence(
        says=f"{first.says} {second.says}",
        plain=f"{first.plain} {second.plain}",
        asks=second.asks,
        clauses=(*first.clauses, *((offset + start, clause) for start, clause in second.clauses)),
    )
