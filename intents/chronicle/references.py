"""Join sentences that have no meaning without their neighbour.

"That's it." refers to what follows, "It could be this." to what was said before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from intents.chronicle.message_text import Sentence
from intents.chronicle.phrase_rows import OPENING

# The cause was found, and its description follows.
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
    """Yield the sentences of a line, joined with the neighbour that they refer to."""
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
