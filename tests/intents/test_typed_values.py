"""Values that people type: a wrong one is told, a right one stands where the entry wants it, as what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.domain import Expects, Question, Text
from intents.typed_values import complaints, filled


def question(expects: Expects, *, id_: str = "value", default: str = "1") -> Question:
    return Question(id=id_, label=Text.same(id_), default=default, expects=expects)


@pytest.mark.parametrize(
    ("expects", "good", "bad"),
    [
        (Expects.NUMBER, ["0", "3", "100000"], ["", "-1", "3.5", "many", "100001", "９"]),
        (Expects.UID, ["1", "999", "2147483647"], ["0", "root", "2147483648", "-5"]),
        (Expects.QUANTITY, ["250m", "2", "1.5Gi", "900Mi"], ["0", "0m", "2 Gi", "Gi", "1GB", "-1"]),
        (Expects.NAME, ["web", "web-0.shop"], ["Web", "-web", "web_0", "a" * 254]),
        (
            Expects.IMAGE,
            ["nginx", "nginx:1.27", "registry.acme.io:5000/shop/cart:2.4.1", f"cart@sha256:{'a' * 64}"],
            ["", "nginx 1.27", "registry/UPPER:1", "cart@sha256:12", "cart:", "https://registry/cart"],
        ),
    ],
)
def test_an_answer_is_held_to_what_was_asked(expects: Expects, good: list[str], bad: list[str]) -> None:
    asked = [question(expects)]

    assert [answer for answer in good if complaints(asked, {"value": answer})] == []
    assert [answer for answer in bad if not complaints(asked, {"value": answer})] == []
    assert all(says.en and says.zh for says in complaints(asked, {"value": "?!"}).values())


def test_of_several_quantities_one_is_enough() -> None:
    asked = [question(Expects.QUANTITY, id_=each, default="") for each in ("cpu", "memory")]
    args = {"requests": {"cpu": "{input.cpu}", "memory": "{input.memory}"}}

    assert complaints(asked, {"cpu": "250m", "memory": ""}) == {}
    assert complaints(asked, {"cpu": "", "memory": " "})
    assert filled(args, asked, {"cpu": "250m", "memory": ""}) == {"requests": {"cpu": "250m"}}


def test_a_number_stands_there_as_a_number() -> None:
    asked = [question(Expects.NUMBER, id_="replicas"), question(Expects.IMAGE, id_="image")]
    args = {"spec": [{"replicas": "{input.replicas}", "says": "to {input.replicas}", "image": "{input.image}"}]}

    put = filled(args, asked, {"replicas": " 3 ", "image": "cart:2"})

    assert put == {"spec": [{"replicas": 3, "says": "to 3", "image": "cart:2"}]}


@given(st.sampled_from(Expects), st.text(max_size=300))
def test_whatever_is_typed_is_taken_or_told(expects: Expects, typed: str) -> None:
    asked = [question(expects)]
    wrong = complaints(asked, {"value": typed})

    assert set(wrong) <= {"value"}
    if not wrong:
        assert filled({"at": "{input.value}"}, asked, {"value": typed})["at"] not in ("", None)
