"""The pause before a retry, for every setting and attempt."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cluster.connection import retry_after, retry_pause
from bot.settings.prometheus import ClusterSettings

SECONDS = st.floats(0.001, 60)
JITTER = st.floats(0, 1, exclude_max=True)


@given(st.integers(0, 10_000), SECONDS, SECONDS, JITTER)
def test_a_pause_grows_and_stays_below_the_longest(attempt: int, first: float, longest: float, jitter: float) -> None:
    settings = ClusterSettings(first_pause=first, longest_pause=longest)

    wait = retry_pause(attempt, requested=None, settings=settings, jitter=jitter)

    assert min(first, longest) / 2 <= wait <= longest
    assert wait <= retry_pause(attempt + 1, requested=None, settings=settings, jitter=jitter)


@given(st.integers(0, 20), st.floats(0, 1000), JITTER)
def test_no_retry_before_the_servers_retry_after(attempt: int, asked: float, jitter: float) -> None:
    assert retry_pause(attempt, requested=asked, settings=ClusterSettings(), jitter=jitter) >= asked


@given(JITTER, JITTER)
def test_jitter_spreads_simultaneous_retries(one: float, other: float) -> None:
    settings = ClusterSettings()
    waits = [retry_pause(2, requested=None, settings=settings, jitter=jitter) for jitter in (one, other)]

    assert (waits[0] < waits[1]) == (one < other) or abs(one - other) < 1e-9


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("1", 1), ("0.25", 0.25), ("-5", 0), ("", None), (None, None), ("nan", None), ("inf", None), ("soon", None)],
)
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    seconds = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))

    assert seconds is not None
    assert 27 < seconds <= 30


@pytest.mark.parametrize(
    "wrong", [{"concurrency": 0}, {"retries": -1}, {"call_timeout": 0}, {"first_pause": float("nan")}]
)
def test_invalid_settings_are_named(wrong: dict) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} is "):
        ClusterSettings(**wrong)
