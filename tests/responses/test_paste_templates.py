"""Templates of pastes that no entry explains: what a program prints again, without names, numbers and secrets."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from responses.paste_templates import LONGEST_EXAMPLE, LONGEST_TEMPLATE, paste_template, template_of
from responses.safety import redacted_text

PLANTED = ("xoxb-1234567890-Plant3d", "ghp_Plant3dPlant3dPlant3dPlant3dPlant3d12", "password=Plant3d-x7Kq9x7Kq9")
LINE = "ERROR ledger: checksum mismatch in batch 4711 of pod till-6f4d8b7c5-kz9wp: got 0xcafe"
WORDS = (
    "error", "ledger:", "checksum", "mismatch", "failed to", "pod web-6f4d8b7c5-kz9wp", "namespace shop",
    "10.0.0.7:8080", "0xdeadbeef", "4711", "2026-03-02T12:00:07Z", "/var/lib/x", "<_>", "<pod>", "[redacted]",
    "ERROR", "{", "}", '"msg":', "sha256:0123456789abcdef", "https://a.example/b?c=1", "bo@a.example", "1e-9",
    "x" * 80, "批次", "失败", "٤٢٤٢٤٢", *PLANTED,
)  # fmt: skip
LINES = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=60).map(" ".join)


@given(LINES)
@example(" ".join(WORDS))
@example("Error ERROR ERROR one two three")
def test_a_template_is_its_own_template_and_holds_nothing_that_varies(line: str) -> None:
    template = template_of(line)

    assert template_of(template) == template
    assert len(template) <= LONGEST_TEMPLATE
    assert redacted_text(template) == template
    assert "Plant3d" not in template
    assert re.search(r"\d{4}|(?=[0-9a-f]*\d)[0-9a-f]{8}", template) is None
    assert "\n" not in template


def test_the_same_error_with_other_names_and_numbers_has_the_same_template() -> None:
    other = "2026-03-02T12:00:07Z ERROR ledger: checksum mismatch in batch 9 of pod till-77d9f6c5b8-aaaaa: got 0x1"

    first = paste_template(f"look at this\n{LINE}\nand now?")
    assert first is not None
    assert first.template == template_of(other)
    assert "checksum mismatch in batch <_>" in first.template
    assert first.example == LINE


@pytest.mark.parametrize(
    "text",
    [
        "hi, how are you?",
        "I lost my keys, can you help me to find them?",
        "why does our shop always fail when it is lunch time and we are away?",
        "error 42",
        "",
    ],
)
def test_chat_has_no_template(text: str) -> None:
    assert paste_template(text) is None


def test_example_is_one_bounded_line_without_secrets() -> None:
    found = paste_template(f"{LINE} {' '.join(PLANTED)} {'more ' * 200}\nrest")

    assert found is not None
    assert "Plant3d" not in f"{found.template}{found.example}"
    assert len(found.example) <= LONGEST_EXAMPLE
