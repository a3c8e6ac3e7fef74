"""Quantities are parsed as the API server's own library parses them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.quantities import cpu_millis, whole

DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}


@pytest.mark.parametrize(
    ("text", "millis"),
    [("100m", 100), ("1", 1000), ("1.5", 1500), (".5", 500), ("2.", 2000), ("0", 0), ("1n", 1), ("1500u", 2),
     ("2k", 2_000_000), ("+1", 1000), ("-250m", -250), ("1e3", 1_000_000), ("5e-1", 500), (2, 2000), (0.5, 500)],
)  # fmt: skip
def test_cpu(text: str | int | float, millis: int) -> None:
    assert cpu_millis(text) == millis


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("1.5Gi", 1610612736), ("1e3", 1000), ("128974848", 128974848), ("129M", 129_000_000), ("1E", 10**18),
     ("1E3", 1000), ("123Mi", 128974848), ("1m", 1), ("0.5", 1), ("-0.5", -1), ("8Ei", 2**63 - 1),
     ("1e999", 2**63 - 1), ("1e-999", 1)],
)  # fmt: skip
def test_bytes(text: str, bytes_: int) -> None:
    assert whole(text) == bytes_


@pytest.mark.parametrize(
    "text", ["", " ", "Gi", "1 Gi", "1gi", "1GB", "one", "0x10", "1.2.3", ".", "1e", "--1", "١", "9" * 65, "nan"]
)
def test_an_invalid_quantity_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a quantity: expected a number and a unit") as refused:
        whole(text)
    assert repr(text[:64]) in str(refused.value)


def test_a_boolean_is_not_a_quantity() -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        cpu_millis(True)


@given(st.integers(0, 9000), st.sampled_from(sorted((DECIMAL | BINARY).items())))
def test_whole_numbers_are_exact(number: int, unit: tuple[str, int]) -> None:
    suffix, factor = unit

    assert whole(f"{number}{suffix}") == min(number * factor, 2**63 - 1)
    assert whole(f"-{number}{suffix}") == -whole(f"{number}{suffix}")


@given(st.integers(0, 10**9))
def test_millis_and_cpus_agree(millis: int) -> None:
    assert cpu_millis(f"{millis}m") == millis
    assert cpu_millis(f"{millis / 1000:.3f}") == millis
    assert cpu_millis(f"{millis}e-3") == millis


@given(st.decimals(0, 10**6, places=6))
def test_fractions_are_rounded_up(number: object) -> None:
    text = str(number)

    assert 0 <= whole(text) - float(text) < 1 + 1e-6


@given(st.text(max_size=80))
def test_any_text_is_a_bounded_integer_or_a_value_error(text: str) -> None:
    for parse in (whole, cpu_millis):
        with contextlib.suppress(ValueError):
            assert abs(parse(text)) < 2**63
