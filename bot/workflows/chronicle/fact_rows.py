"""Convert facts to rows of the store and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.store import FactRow
from intents.chronicle.facts import Fact
from responses.safety import safe_value

_log = structlog.get_logger(__name__)


@cache
def _adapter() -> TypeAdapter[Fact]:
    return TypeAdapter(Fact)


def row_of(fact: Fact) -> FactRow:
    """Return the row of a fact, with all credentials removed."""
    document = _adapter().dump_python(fact, mode="json")
    return FactRow(key=fact.key, at=fact.at, ts=fact.ts, incident=fact.incident, document=safe_value(document))


def facts_in(rows: Iterable[FactRow]) -> tuple[Fact, ...]:
    """Return the stored facts with the users' marks; malformed rows are skipped."""
    return tuple(fact for row in rows if (fact := _fact(row)) is not None)


def _fact(row: FactRow) -> Fact | None:
    try:
        fact = _adapter().validate_python(row.document)
    except ValidationError:
        _log.error("fact_parse_failed", key=row.key)
        return None
    # Few facts are marked, and copying ten thousand of them would take most of the time.
    return replace(fact, by_hand=row.by_hand, removed=row.removed) if row.by_hand or row.removed else fact
