"""Test that values of every look are redacted in every grammar, and that lines near to them stay as they are.

The forms stand in `tests/redaction/forms_*.txt`, one a line: § is the value, \\n a line break, \\t a tab.
"""

from pathlib import Path

import pytest

from responses.redaction import redact
from tests import redaction

_FILES = Path(redaction.__path__[0])


def _lines(name: str) -> list[str]:
    lines = (_FILES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace("\\n", "\n").replace("\\t", "\t") for line in lines]


def _leaking(forms: str, value: str) -> list[str]:
    return [form for form in _lines(forms) if value in redact(form.replace("§", value))]


@pytest.mark.parametrize("value", ["tulpenfeld", "blueGiraffe", "Tulpen-9feld", "Tq8zLmW4kRx9"])
def test_value_is_redacted_even_if_it_is_a_word(value: str) -> None:
    assert _leaking("forms_of_any_value", value) == []


@pytest.mark.parametrize("value", ["Tulpen-9feld", "Tq8zLmW4kRx9"])
def test_value_is_redacted_if_it_looks_chosen(value: str) -> None:
    assert _leaking("forms_of_chosen_values", value) == []


def test_harmless_lines_that_name_secrets_stay() -> None:
    assert [line for line in _lines("harmless_lines") if redact(line) != line] == []


def test_generated_value_is_redacted_wherever_it_repeats() -> None:
    value = "HozOOI4vGWtkf5dfItf0lW2sLJ1lzhhz"

    shown = redact(f"+ [[ -z {value} ]]\n+ API_KEY={value}\nsent {value} to the queue")

    assert value not in shown
    assert shown.endswith("to the queue")


@pytest.mark.parametrize(
    "text",
    [
        "password = given || '§'",
        'password = on ? "§" : "x"',
        'password: <%= ENV.fetch("X") { "§" } %>',
        'api_key = "a1b2c3d4e5f6a7b8" \\\n          "§"',
        'export KEY_PASSWORD="first line\n§"',
    ],
)
def test_literals_of_an_expression_are_redacted(text: str) -> None:
    assert "zweiteZeile7" not in redact(text.replace("§", "zweiteZeile7"))


@pytest.mark.parametrize(
    "text",
    [
        "====== Data ======\nKey    Value\n---    -----\ndsn    §\nuser   app",
        "secrets: {db: §, name: db-creds}",
        "[secrets]\ndb = §\nname = shop",
        "passwords:\n- §\n- other",
        'resource "random_password" "db" {\n  length = 24\n  result = "§"\n}',
        "creds for staging: bob / §",
        '$ kubectl get secret db -o jsonpath=\'{.data}\'\n{"db":"§"}',
    ],
)
def test_members_of_a_collection_of_secrets_are_redacted(text: str) -> None:
    shown = redact(text.replace("§", "Tulpen-9feld"))

    assert "Tulpen-9feld" not in shown
    assert [word for word in ("db-creds", "shop", "user   app", "length = 24") if word in text] == [
        word for word in ("db-creds", "shop", "user   app", "length = 24") if word in shown
    ]
