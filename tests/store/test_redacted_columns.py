"""Every column of every table redacts what is bound to it; a new column that does not fails here."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.tables import METADATA

KEY = "AKIAIOSFODNN7EXAMPLE"
PASSWORD = "Zq8vTr5wXk2m"
LINE = f"beside {KEY} and password={PASSWORD}"
# A credential by its text, by the name of its key, and by its place in a list and in an environment.
DOCUMENT = {
    LINE: LINE,
    "db_password": PASSWORD,
    "deep": {"args": ["--password", PASSWORD], "env": [{"name": "DB_PASSWORD", "value": PASSWORD}]},
    "lines": [[LINE]],
}
DIALECTS = [sqlite.dialect(), postgresql.dialect()]
COLUMNS = [column for table in METADATA.sorted_tables for column in table.columns]
# What Slack and we use as ids and times.
IDS = (
    "T0123ABCD", "C0123ABCD", "U0123ABCD", "1700000000.123456", "V0123ABCD.5f2a9c0d1e3b", "0f" * 16,
    "T0123ABCD.C0123ABCD.1700000000.123456", "1700000000.123456.0", "front/checkout-6f4d8b7c5-kz9wp",
)  # fmt: skip
ADDRESS = "https://hooks.slack.com/commands/T0123ABCD/7231540912345/k2JdPq8sTn4vWx7yZb1cRf5g"


def of(column: sa.Column, *types: type) -> bool:
    return isinstance(getattr(column.type, "impl", column.type), types)


def is_json(column: sa.Column) -> bool:
    return of(column, sa.JSON)


TEXTUAL = [column for column in COLUMNS if not of(column, sa.Integer, sa.Boolean, sa.DateTime)]


def bound(column: sa.Column, value: object, dialect: sa.Dialect) -> str:
    """Return what the database gets for a value; "" for a value that the column refuses."""
    processor = column.type.dialect_impl(dialect).bind_processor(dialect)
    try:
        passed = processor(value) if processor else value
    except ValueError:
        return ""
    # The driver of PostgreSQL wraps JSON.
    passed = getattr(passed, "obj", passed)
    return passed if isinstance(passed, str) else json.dumps(passed, ensure_ascii=False)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_column_takes_a_credential(dialect: sa.Dialect) -> None:
    stored = {str(column): bound(column, DOCUMENT if is_json(column) else LINE, dialect) for column in TEXTUAL}

    assert [column for column, text in stored.items() if KEY in text or PASSWORD in text] == []


def test_ids_are_stored_as_they_are() -> None:
    for column in TEXTUAL:
        if of(column, sa.Text):
            assert [bound(column, each, DIALECTS[0]) for each in IDS] == list(IDS), column


def test_different_credentials_as_keys_stay_different() -> None:
    column = METADATA.tables["facts"].c.key
    one, other = (bound(column, f"x {key}", DIALECTS[0]) for key in (KEY, KEY[:-1] + "Q"))

    assert one != other
    assert bound(column, one, DIALECTS[0]) == one


def test_a_reply_address_is_stored_as_it_is_and_nothing_else_is_in_its_column() -> None:
    column = METADATA.tables["requests"].c.response_url

    assert bound(column, ADDRESS, DIALECTS[0]) == ADDRESS
    assert bound(column, f"{ADDRESS} {LINE}", DIALECTS[0]).count(PASSWORD) == 0


def test_text_without_credentials_is_stored_as_it_is() -> None:
    column = METADATA.tables["plans"].c.document
    document = {
        "plan": {"args": {"text": "a\r\n\tb\u200b", "secret": "regcred"}, "kind": "Secret"},
        "match": {"signature": "pull access denied for <image>, repository does not exist"},
        "deep": [[[[[[[[[[[[[[[{"a": "b"}]]]]]]]]]]]]]]],
    }

    assert json.loads(bound(column, document, DIALECTS[0])) == document
