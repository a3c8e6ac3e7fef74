"""When a schedule was last due, as the CronJob controller counts."""

from datetime import UTC, datetime

import pytest

from bot.kube.job_runs import last_due

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("schedule", "zone", "due"),
    [
        ("*/5 * * * *", "", "2026-03-02T03:00"),
        ("1-59/10 * * * *", "", "2026-03-02T02:51"),
        ("30 2 * * *", "", "2026-03-02T02:30"),
        ("30 4 * * *", "", "2026-03-01T04:30"),
        ("0 2 * * sun", "", "2026-03-01T02:00"),
        ("0 2 * * 7", "", "2026-03-01T02:00"),
        ("0 0 1 jan *", "", "2026-01-01T00:00"),
        ("0 0 13 * 5", "", "2026-02-27T00:00"),  # both days given: one is enough
        ("0 0 29 2 *", "", "2024-02-29T00:00"),
        ("@daily", "", "2026-03-02T00:00"),
        ("30 10 * * *", "Asia/Shanghai", "2026-03-02T02:30"),
        ("TZ=Asia/Shanghai 30 10 * * *", "", "2026-03-02T02:30"),
        ("0,30 1-2 * * *", "", "2026-03-02T02:30"),
    ],
)
def test_the_last_time_of_a_schedule(schedule: str, zone: str, due: str) -> None:
    assert last_due(schedule, zone, NOW) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "schedule", ["", "61 * * * *", "* * * *", "@every 1h", "*/0 * * * *", "5-1 * * * *", "0 0 30 2 *"]
)
def test_a_schedule_that_is_never_due_or_cannot_be_read_has_none(schedule: str) -> None:
    assert last_due(schedule, "", NOW) is None


def test_an_unknown_time_zone_has_none() -> None:
    assert last_due("* * * * *", "Mars/Base", NOW) is None
