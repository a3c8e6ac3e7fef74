"""Test typed values: an invalid one is reported, a valid one is inserted with its type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.domain import InputType, Question, Text
from intents.typed_values import complaints, filled


def question(expects: InputType, *, id_: str = "value", default: str = "1") -> Question:
    return Question(id=id_, label=Text.same(id_), default=default, expects=expects)


@pytest.mark.parametrize(
    ("expects", "good", "bad"),
    [
        (InputType.NUMBER, ["0", "3", "100000"], ["", "-1", "3.5", "many", "100001", "９"]),
        (InputType.UID, ["1", "999", "2147483647"], ["0", "root", "2147483648", "-5"]),
        (InputType.QUANTITY, ["250m", "2", "1.5Gi", "900Mi"], ["0", "0m", "2 Gi", "Gi", "1GB", "-1"]),
        (InputType.NAME, ["web", "web-0.shop"], ["Web", "-web", "web_0", "a" * 254]),
        (
            InputType.IMAGE,
            ["nginx", "nginx:1.27", "registry.acme.io:5000/shop/cart:2.4.1", f"cart@sha256:{'a' * 64}"],
            ["", "nginx 1.27", "registry/UPPER:1", "cart@sha256:12", "cart:", "https://registry/cart"],
        ),
    ],
)
def test_answer_must_match_the_expected_type(expects: InputType, good: list[str], bad: list[str]) -> None:
    asked = [question(expects)]

    assert [answer for answer in good if complaints(asked, {"value": answer})] == []
    assert [answer for answer in bad if not complaints(asked, {"value": answer})] == []
    assert all(says.en and says.zh for says in complaints(asked, {"value": "?!"}).values())


def test_one_of_several_quantities_is_enough() -> None:
    asked = [question(InputType.QUANTITY, id_=each, default="") for each in ("cpu", "memory")]
    args = {"requests": {"cpu": "{input.cpu}", "memory": "{input.memory}"}}

    assert complaints(asked, {"cpu": "250m", "memory": ""}) == {}
    assert complaints(asked, {"cpu": "", "memory": " "})
    assert filled(args, asked, {"cpu": "250m", "memory": ""}) == {"requests": {"cpu": "250m"}}


def test_integer_is_inserted_without_quotes() -> None:
    asked = [question(InputType.NUMBER, id_="replicas"), question(InputType.IMAGE, id_="image")]
    args = {"spec": [{"replicas": "{input.replicas}", "says": "to {input.replicas}", "image": "{input.image}"}]}

    put = filled(args, asked, {"replicas": " 3 ", "image": "cart:2"})

    assert put == {"spec": [{"replicas": 3, "says": "to 3", "image": "cart:2"}]}


@given(st.sampled_from(InputType), st.text(max_size=300))
def test_typed_value_is_accepted_or_rejected_with_a_message(expects: InputType, typed: str) -> None:
    asked = [question(expects)]
    wrong = complaints(asked, {"value": typed})

    assert set(wrong) <= {"value"}
    if not wrong:
        assert filled({"at": "{input.value}"}, asked, {"value": typed})["at"] not in ("", None)
