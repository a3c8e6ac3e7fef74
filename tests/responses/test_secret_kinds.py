"""Test which kinds of secrets are named, by what is left of a text after its secrets were redacted."""

import pytest

from intents.domain import Language
from responses.redaction import secret_kinds, secret_notice
from responses.safety import safe


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Authorization: Bearer abcdefghijklmnopqrstuvwx1234", ["a bearer token"]),
        ('password: "hunter2hunter2"', ["a password"]),
        ("dial postgres://app:s3cr3tpassw0rd@db:5432/app: refused", ["a password in a URL"]),
        ("pods is forbidden", []),
    ],
)
def test_kind_of_a_pasted_secret_is_named(text: str, kinds: list[str]) -> None:
    assert [kind.en for kind in secret_kinds(safe(text))] == kinds


def test_notice_asks_to_delete_and_rotate_and_holds_no_secret() -> None:
    text = "Authorization: Bearer abcdefghijklmnopqrstuvwx1234"

    said = secret_notice(secret_kinds(safe(text)), Language.EN)

    assert "a bearer token" in said
    assert "delete that message and rotate the secret" in said
    assert "abcdefghij" not in said
    assert secret_notice((), Language.EN) == ""
