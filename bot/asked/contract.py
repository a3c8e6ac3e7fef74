"""Define what an answerer of a request gets, and the registry of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.cluster.snapshot import Snapshot
from intents.catalog.loader import Catalog
from intents.domain import Gap, ObjectRef, Text
from intents.sheets import NextAsk, Sheet, SheetRow
from intents.talk.asks import Ask
from responses.next_asks import in_full


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request whose object is found, or that is about the whole cluster: then `about` is of kind Cluster.

    `other` is the second object that it names, `since` how far it looks back, if it says so. `in_full` asks for more
    than was shown before. `elsewhere` is the second cluster of a comparison, `clusters` are those that could be one.
    """

    snapshot: Snapshot
    catalog: Catalog
    text: str
    about: ObjectRef
    other: ObjectRef | None = None
    since: timedelta | None = None
    in_full: bool = False
    elsewhere: Snapshot | None = None
    clusters: tuple[str, ...] = ()

    def sheet(
        self,
        heading: Text,
        rows: Sequence[SheetRow],
        *,
        most: tuple[int, int] | None = None,
        gaps: Iterable[Gap] = (),
        reproduce: str = "",
        ask: Ask | None = None,
        within: timedelta | None = None,
        after: Iterable[SheetRow] = (),
        further: Iterable[NextAsk] = (),
    ) -> Sheet:
        """Return the first rows, at `most` so many usually and in full, else all, and those `after` them.

        With an `ask`, a button asks for the rows left out.
        """
        shown = len(rows) if most is None else most[1] if self.in_full else most[0]
        left = max(0, len(rows) - shown)
        more = [in_full(ask, self.about, within=within)] if left and ask else []
        return Sheet(
            heading=heading,
            about=self.about,
            cluster=self.snapshot.cluster,
            rows=(*rows[:shown], *after),
            left=left,
            gaps=tuple(gaps),
            next=(*more, *further),
            reproduce=reproduce,
        )


# Raises ClusterError if the object itself cannot be read; what else cannot be read is a gap of the sheet.
Answerer = Callable[[Asked], Awaitable[Sheet]]
