"""A client's log names the server that failed, and the status it answered with."""

from __future__ import annotations

import pytest

from bot.kube.log_answers import failed_answer

SAID = {
    'PUT http://basket:3000/lock -> 500 Internal Server Error {"error":"no"}': "basket:3000 500",
    "requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: http://tax:8080/x": "tax:8080 503",
    "InternalServerError: 500 Internal Server Error from GET http://basket/x": "basket 500",
    "[500 Internal Server Error] during [GET] to [http://basket/api/x] [BasketClient#get()]: [{}]": "basket 500",
    'level=error msg="call failed" url=http://basket:3000/x status=502 took=500ms': "basket:3000 502",
    "unexpected status code 503 from http://basket.store.svc:3000/x": "basket.store.svc:3000 503",
    '{"level":"error","url":"http://a.b.svc/","statusCode":504}': "a.b.svc 504",
    "POST http://basket:3000/x failed: 500": "basket:3000 500",
    "调用 http://basket:3000/lock 失败，返回 500": "basket:3000 500",
    # no failure of a server, or not of another one
    'level=error msg="slow" url=http://basket:3000/x status=404 took=500ms': "",
    "http://basket:3000/x answered in 503 ms": "",
    "PUT http://127.0.0.1:3000/lock -> 500 Internal Server Error": "",
    'GET "/lock": unexpected HTTP status 500 Internal Server Error': "",
    '10.0.0.1 - - [x] "GET /cart HTTP/1.1" 500 12 "http://shop/" "Mozilla"': "",
}


@pytest.mark.parametrize(("line", "expected"), SAID.items())
def test_server_and_status_are_read_from_a_line(line: str, expected: str) -> None:
    found = failed_answer([line])

    assert (f"{found.server} {found.status}" if found else "") == expected
