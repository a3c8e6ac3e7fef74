"""Tell which example of an entry is Chinese, and whether an answer to it is."""

from __future__ import annotations

import re
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import Language
from intents.languages import language_of

_HAN: Final = re.compile(r"[\u4e00-\u9fff]")


def is_chinese(said: str, incident: Incident) -> bool:
    """Tell whether an answer begins in Chinese, goes on in it, and does not say the entry's English title."""
    english = incident.title.en in said and incident.title.en != incident.title.zh
    return bool(_HAN.search(said.splitlines()[0])) and len(_HAN.findall(said)) > 20 and not english


def in_chinese(incident: Incident) -> str:
    """Return the entry's first example with Chinese text."""
    return next((text for text in incident.examples.match if language_of(text) is Language.ZH), "")
