"""Match each text once: the job takes the match of the surface that received it, and its steps pass it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.diagnosing.engine import Engine, match_text
from intents.matcher import MatchResult

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedMatch:
    """A match with its text and catalog; it is valid for no other text or catalog.

    `catalog` is the `Engine.revision`, so a match never outlives its process or a reload of the catalog.
    """

    text: str
    catalog: str
    matching: MatchResult

    def of(self, text: str, *, engine: Engine) -> MatchResult | None:
        """Return the match if it belongs to this text and engine."""
        return self.matching if (self.text, self.catalog) == (_digest(text), engine.revision) else None

    def as_json(self) -> Json:
        """Return the match as a job payload. Quotes are redacted like the text."""
        found: Json = _plain(self)
        return found

    @classmethod
    def from_json(cls, payload: Json | None) -> CarriedMatch | None:
        """Read a match from a payload; None for jobs without one and for other versions of the format."""
        if payload is None:
            return None
        try:
            return _adapter().validate_python(payload)
        except ValidationError:
            return None


async def carried_match(text: str, *, engine: Engine) -> CarriedMatch:
    """Return the match of a text that was matched lately; otherwise match it now."""
    digest = _digest(text)
    matching = engine.recent.find(digest)
    if matching is None:
        matching = await match_text(text, engine=engine)
        engine.recent.keep(digest, matching)
    return CarriedMatch(text=digest, catalog=engine.revision, matching=matching)


def _plain(value: Any) -> Any:
    """Return values and nested mappings as JSON; pydantic does not serialize read-only mappings."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@cache
def _adapter() -> TypeAdapter[CarriedMatch]:
    return TypeAdapter(CarriedMatch)
