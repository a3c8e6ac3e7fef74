"""Ask for a sheet about a simulated cluster, and read it as a person does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.asked.contract import Asked
from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes.scenes import expanded
from bot.workflows.words import ANSWERERS
from intents.domain import Language, ObjectRef
from intents.sheets import Sheet
from intents.talk.asks import Ask
from responses.shown import shown_value
from responses.slack.sheets import notes_below, row_head, scrubbed_sheet


def named(text: str) -> ObjectRef:
    """Return an object by Kind/namespace/name, or Kind/name."""
    kind, *place, name = text.split("/")
    return ObjectRef(kind=kind, namespace=place[0] if place else "", name=name)


async def sheet_of(
    world: Mapping[str, Any],
    ask: Ask,
    about: str,
    *,
    text: str = "",
    since: timedelta | None = None,
    in_full: bool = False,
) -> Sheet:
    """Return the sheet that answers a request."""
    async with (
        staged(stage(expanded(dict(world), now=REHEARSAL_TIME))) as connection,
        Snapshot(connection, now=REHEARSAL_TIME) as snapshot,
    ):
        question = Asked(
            snapshot=snapshot,
            text=text or f"{ask} {about}",
            about=named(about),
            since=since,
            in_full=in_full,
        )
        return await ANSWERERS[ask](question)


def lines_of(sheet: Sheet, language: Language = Language.EN) -> list[str]:
    """Return what a reader sees: the heading, each row, its quotes, what is left out."""
    shown = shown_value(scrubbed_sheet(sheet))
    lines = [shown.heading.in_(language)]
    for row in shown.rows:
        lines += [row_head(row, language), *filter(None, [row.quote]), *row.lines]
    return [*lines, *notes_below(shown, language)]


async def told(world: Mapping[str, Any], ask: Ask, about: str, **asked: Any) -> str:
    """Return the sheet as one text."""
    return "\n".join(lines_of(await sheet_of(world, ask, about, **asked)))
