"""Define column types that store our values in either database, without credentials.

Every column of text or JSON has one of these types: this is where all that enters the store is redacted. A test fails
on a column that does not.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, DateTime, Dialect, LargeBinary, String
from sqlalchemy import Text as SqlText
from sqlalchemy.types import TypeDecorator

from bot.common.redaction import is_response_url, stored_json, stored_key, stored_text

# Version byte and time of a Fernet token, in base64.
_CIPHERTEXT: Final = re.compile(rb"gAAAAA[A-Za-z0-9_=-]{60,}")
_WORD: Final = re.compile(r"[a-z]+(?:[_ ][a-z]+)*")


class UtcTime(TypeDecorator[datetime]):
    """An aware time; SQLite, which has no time zones, stores it as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the store must be aware")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class StoredText(TypeDecorator[str]):
    """Text without credentials; characters that a database cannot store (NUL, half a surrogate pair) become U+FFFD."""

    impl = SqlText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class StoredKey(TypeDecorator[str]):
    """An id: a key of a row. One that looks like a credential is stored as a digest, so that it stays distinct."""

    impl = SqlText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable_key(value)


class StoredCiphertext(TypeDecorator[bytes]):
    """Bytes that `bot.common.encryption` made, or none. Others are refused: they may be what should be encrypted."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value and not (isinstance(value, bytes) and _CIPHERTEXT.fullmatch(value)):
            raise ValueError("it is not encrypted")
        return value


class StoredWord(TypeDecorator[str]):
    """One of our own words, such as a state. Anything else is an error."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and not _WORD.fullmatch(value):
            raise ValueError("this column holds a word of our own")
        return value


class StoredResponseUrl(TypeDecorator[str]):
    """Slack's address for replies: a credential that the answer needs. Everything else is redacted like text."""

    impl = SqlText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or is_response_url(value) else storable(value)


class StoredJson(TypeDecorator[Any]):
    """A JSON value without credentials, with the same replacements in its texts."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return storable_json(value)


def storable(value: str) -> str:
    """Return a text as it is stored: without credentials and without what neither database can store."""
    return stored_text(_encodable(value))


def storable_key(value: str) -> str:
    """Return an id as it is stored."""
    return stored_key(_encodable(value))


def storable_json(value: Any) -> Any:
    """Return a JSON value as it is stored."""
    return stored_json(_encodable_json(value))


def _encodable(value: str) -> str:
    return value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _encodable_json(value: Any) -> Any:
    match value:
        case str():
            return _encodable(value)
        case dict():
            return {_encodable(str(key)): _encodable_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_encodable_json(item) for item in value]
        case _:
            return value
