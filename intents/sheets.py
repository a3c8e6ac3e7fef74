"""Define sheets: what a cluster tells about an object where nothing has to be judged, such as its events or its log.

A sheet is answered to a request in words. Its sentences are ours, its quotes are verbatim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from intents.domain import Gap, Link, ObjectRef, Text

NOTHING: Final = Text.same("")
# The kind of what a request about a whole cluster is about.
CLUSTER: Final = "Cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One line: a sentence, and what the cluster says verbatim. `ago_s` is how long ago it was, if that matters.

    `lines` are a quote of several lines, such as those of a log. `about` can be asked about further. `run` are commands
    to copy.
    """

    says: Text = NOTHING
    quote: str = ""
    ago_s: int | None = None
    about: ObjectRef | None = None
    lines: tuple[str, ...] = ()
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAsk:
    """A question to go on with: its button, and its words as a person would type them."""

    label: Text
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An answer without a verdict. `left` are rows that are not shown; `reproduce` is the kubectl line that shows all.

    `about` is None for what concerns no object: a term, the bot itself. `links` are those of the catalog.
    """

    heading: Text
    about: ObjectRef | None = None
    cluster: str = ""
    rows: tuple[SheetRow, ...] = ()
    left: int = 0
    gaps: tuple[Gap, ...] = ()
    next: tuple[NextAsk, ...] = ()
    reproduce: str = ""
    links: tuple[Link, ...] = ()
