"""Decide whether a product's own incidents are considered: only where a text or an object shows that product.

"No such host" is an incident of TiDB only if something of TiDB cannot be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from re import Pattern

from intents.catalog.schema import Incident


def is_shown(incident: Incident, texts: Iterable[str]) -> bool:
    """Return whether one of the words in the incident's `product` occurs in the texts; True for one without any."""
    if not incident.product:
        return True
    pattern = _pattern(incident.product)
    return any(pattern.search(text) for text in texts)


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> Pattern[str]:
    """Return a pattern for these words; a word is not part of a longer one: `pd` is in db-pd-0, not in pdb."""
    return re.compile("|".join(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in words), re.IGNORECASE)
