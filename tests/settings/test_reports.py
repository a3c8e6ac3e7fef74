"""Scheduled reports: when they are due, and how the setting is written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.settings.reports import parse_feedback_report, parse_reports

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


def test_reports_of_several_channels() -> None:
    workdays, hourly = parse_reports("0 8 * * 1-5 C0123ABCD shop,till; 30 * * * * G0123 * prod")

    assert (workdays.channel, workdays.namespaces, workdays.cluster) == ("C0123ABCD", ("shop", "till"), "")
    assert (hourly.channel, hourly.namespaces, hourly.cluster) == ("G0123", (), "prod")
    assert workdays.last_due(NOON) == NOON.replace(hour=8)
    assert hourly.last_due(NOON) == NOON.replace(hour=11, minute=30)
    assert workdays.key != hourly.key


def test_time_of_day_is_utc_and_weekends_are_left_out() -> None:
    (report,) = parse_reports("0 8 * * 1-5 C0123ABCD")

    assert report.last_due(NOON.replace(hour=7)) == datetime(2026, 2, 27, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "daily C0123ABCD",
        "0 8 * * C0123ABCD",
        "0 8 * * * #general shop",
        "61 8 * * * C0123ABCD",
        "0 0 30 2 * C0123ABCD",
        "0 8 * * * C0123ABCD Shop_1",
        "0 8 * * * C0123ABCD shop prod more",
    ],
)
def test_anything_else_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="CRON CHANNEL"):
        parse_reports(text)


def test_feedback_report_has_a_time_and_a_channel() -> None:
    weekly = parse_feedback_report("0 8 * * 1 C0123ABCD")

    assert weekly is not None
    assert (weekly.channel, weekly.namespaces, weekly.cluster) == ("C0123ABCD", (), "")
    assert weekly.last_due(NOON) == NOON.replace(hour=8)
    assert weekly.last_due(weekly.last_due(NOON)) == datetime(2026, 2, 23, 8, 0, tzinfo=UTC)
    assert parse_feedback_report(" ") is None


@pytest.mark.parametrize(
    "text", ["0 8 * * 1", "0 8 * * 1 #general", "0 8 * * 1 C0123ABCD shop", "61 8 * * * C0123ABCD"]
)
def test_any_other_feedback_report_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="CRON CHANNEL, such as 0 8"):
        parse_feedback_report(text)


def test_no_report_is_configured_by_default() -> None:
    assert parse_reports("") == ()
