"""Access logs: which requests failed at a server or proxy, and when that is more than an exception."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.log_failures import repeats_in
from bot.kube.log_records import read_records
from bot.kube.log_requests import failed_request, is_request

FAILED = {
    '[02:55:04.113] "GET /v1/rates HTTP/1.1" 503 UH no_healthy_upstream - "-" 0 19 0 - "-" "curl"':
        '"GET /v1/rates HTTP/1.1" 503 UH no_healthy_upstream',
    '[02:55:04.113] "POST /pay HTTP/2" 503 UF,URX upstream_reset_before_response_started{connection_termination} - '
    '"TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER" 0 195 20 - "-" "curl" "a1" "pay:80" "-"':
        '"POST /pay HTTP/2" 503 UF,URX upstream_reset_before_response_started{connection_termination} '
        "TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER",
    '10.0.0.1 - - [02/Mar/2026:02:55:04 +0000] "GET / HTTP/1.1" 502 150 "-" "curl/8"': '"GET / HTTP/1.1" 502',
    '10.0.1.2:33317 [02:55:04.655] web static/srv1 10/0/-1/-1/109 503 217 - - SC-- 1/1/1/1/0 0/0 "GET /a HTTP/1.1"':
        '503 SC-- from static/srv1 "GET /a HTTP/1.1"',
    "10.0.1.2:33313 [02/Mar/2026:02:55:04.443] fnt bck/srv1 0/-1/5007 212 SC 0/0/0/0/3 0/0": "SC from bck/srv1",
    'INFO:     10.0.0.3:4411 - "GET /orders HTTP/1.1" 500 Internal Server Error': '"GET /orders HTTP/1.1" 500',
    '{"response_code":503,"response_flags":"UH","response_code_details":"no_healthy_upstream","method":"GET","path":"/a"}':
        '"GET /a" 503 UH no_healthy_upstream',
}  # fmt: skip
ANSWERED = (
    '[02:55:04.113] "POST /api/v1/places HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "client" "a1" "places" "-"',
    '10.0.0.1 - - [02/Mar/2026:02:55:04 +0000] "GET /a?status=503 HTTP/1.1" 404 150 "-" "curl/8"',
    '10.0.1.2:33317 [02:55:04.655] web static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /a HTTP/1.1"',
    '10.0.1.2:33317 [02:55:04.655] web static/srv1 10/0/30/69/109 200 2750 - - CD-- 1/1/1/1/0 0/0 "GET /a HTTP/1.1"',
    '{"level":"info","status":200,"path":"/a"}',
)


@pytest.mark.parametrize(("line", "says"), FAILED.items())
def test_a_request_that_failed_tells_status_and_reason(line: str, says: str) -> None:
    """Envoy, nginx, HAProxy, servers of applications, and structured access logs."""
    assert is_request(line)
    assert failed_request(line) == says


@pytest.mark.parametrize("line", ANSWERED)
def test_an_answered_request_is_no_failure(line: str) -> None:
    """Neither is one whose client went away, or was refused."""
    assert is_request(line)
    assert failed_request(line) == ""


@pytest.mark.parametrize("line", FAILED)
def test_failures_of_different_requests_are_one_repeated_failure(line: str) -> None:
    """The path and the time differ, the reason does not."""
    log = [re.sub(r"/a\b", f"/a{number}", line) for number in range(5)]
    (found,) = repeats_in(read_records("\n".join(log)), range(5, 0, -1))
    assert found.times == 5


@given(st.integers(min_value=3, max_value=6), st.integers(min_value=0, max_value=300))
def test_a_few_failures_among_many_answers_are_an_exception(failed: int, answered: int) -> None:
    """One request in twenty must fail alike."""
    lines = [next(iter(FAILED))] * failed
    lines = [*[ANSWERED[0]] * answered, *lines]
    found = repeats_in(read_records("\n".join(lines)), range(len(lines), 0, -1))
    assert bool(found) == (failed * 20 >= failed + answered)


def test_errors_that_are_logged_as_information_count_if_there_are_no_others() -> None:
    """A client that logs its retries at INFO fails all the same; one that recovered does not."""
    log = [f"INFO attempt {number}: dial tcp 10.96.4.7:5432: connect: connection refused" for number in range(4)]
    (found,) = repeats_in(read_records("\n".join(log)), range(4, 0, -1))
    assert (found.kind, str(found.peer), found.times) == ("refused", "10.96.4.7:5432", 4)
    assert not repeats_in(read_records("\n".join((*log, "INFO reconnected to 10.96.4.7:5432"))), range(5, 0, -1))


def test_an_error_of_the_same_thing_before_what_is_repeated_is_told() -> None:
    """What happened once at the start explains what follows; an error of something else does not."""
    log = [
        "INFO plugin host starts",
        "ERROR plugin postal is left out: its manifest has no version",
        "ERROR metrics endpoint answered slowly",
        *(f"ERROR letter {number}: postal formatter is not known" for number in range(4)),
    ]
    (found,) = repeats_in(read_records("\n".join(log)), range(len(log), 0, -1))
    assert found.earlier == "plugin postal is left out: its manifest has no version"
