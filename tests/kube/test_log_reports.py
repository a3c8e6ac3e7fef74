"""A server's report counts until its log says that the trouble is over; errors of its clients do not count."""

import pytest

from bot.kube.log_records import read_records
from bot.kube.log_reports import reports_in

ALARM = "2026-03-02 02:31:07+00:00 [warning] <0.368.0> disk resource limit alarm set on node rabbit@mq-0."
CLEARED = "2026-03-02 02:39:07+00:00 [warning] <0.368.0> disk resource limit alarm cleared on node rabbit@mq-0."
FULL = "[2026-03-02 02:35:21,877] ERROR Error while flushing (kafka) java.io.IOException: No space left on device"
BEHIND = "[2026-03-02 02:36:20,101] ERROR NotEnoughReplicasException: insufficient to satisfy the min.isr of 2 (kafka)"
CLIENT = '2026-03-02 02:40:00 UTC [9] ERROR:  duplicate key value violates unique constraint "orders_pkey"'
GONE = "2026-03-02 02:41:00 UTC [9] LOG:  could not receive data from client: Connection reset by peer"
LOGIN = """2026-03-02 02:16:43 UTC [318] FATAL:  password authentication failed for user "invoices"
2026-03-02 02:16:43 UTC [318] DETAIL:  Role "invoices" does not exist."""


def says(*lines: str, age_s: int = 600) -> list[str]:
    text = "\n".join(lines)
    return [each.failure.says for each in reports_in(read_records(text), [age_s] * len(text.splitlines()))]


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        ((ALARM,), "alarm set"),
        ((CLEARED, ALARM), "alarm set"),
        ((BEHIND, FULL, BEHIND), "No space left"),
        ((CLIENT, BEHIND, GONE), "min.isr"),
        ((LOGIN,), 'Role "invoices" does not exist'),
    ],
)
def test_the_most_telling_report_comes_first(lines: tuple[str, ...], first: str) -> None:
    assert first in says(*lines)[0]


@pytest.mark.parametrize("lines", [(ALARM, CLEARED), (CLIENT, GONE), ("INFO started", "INFO ready")])
def test_what_is_over_or_of_a_client_is_no_report(lines: tuple[str, ...]) -> None:
    assert says(*lines) == []


def test_what_was_said_long_ago_is_no_report() -> None:
    assert says(ALARM, age_s=7200) == []
