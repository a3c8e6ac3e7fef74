"""Texts from outside reach an error only as one short line without credentials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cluster.errors import ClusterError
from bot.common.redaction import LONGEST_TEXT, clean


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer sesame-open.you",
        "Basic c2VzYW1lOnNlc2FtZQ== is wrong",
        'invalid token="sesame"',
        "password: sesame",
        "https://admin:sesame@10.0.0.1:6443/api refused",
        "-----BEGIN RSA PRIVATE KEY----- sesame",
        "AWS_SECRET=sesame failed",
        "api-key=sesame",
        "Bearer sesame",
        'secret: "sesame"',
        "api-key=sesame(",
        "token=<sesame",
        "https://sesame@10.0.0.1/x refused",
    ],
)
def test_credentials_are_redacted(text: str) -> None:
    assert "sesame" not in clean(text)
    assert "c2VzYW1l" not in clean(text)
    assert "[redacted]" in str(ClusterError(what="pods", detail=text))


def test_other_text_is_kept() -> None:
    message = 'secrets "db" is forbidden: User "system:serviceaccount:shop:bot" cannot get resource "secrets"'

    assert clean(message) == message


@given(st.text(max_size=2000))
def test_any_text_is_one_short_line(text: str) -> None:
    cleaned = clean(text)

    assert len(cleaned) <= LONGEST_TEXT
    assert len(cleaned.splitlines()) <= 1
