"""Check who may open the page and which security headers its responses have."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def stranger() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(stage, stranger) -> aiohttp.ClientSession:
    async with stranger.get(stage.url) as response:
        assert response.status == 200
    return stranger


async def test_every_path_needs_the_token(stage, stranger):
    for path in (
        "/",
        "/?t=",
        "/?t=wrong",
        "/static/js/main.js",
        "/api/state",
        "/api/events",
        f"/api/state?t={stage.token}",
    ):
        async with stranger.get(stage.origin + path) as response:
            assert response.status == 403, path
            assert "full address" in await response.text()


async def test_the_printed_address_opens_the_page_and_its_files(stage, visitor):
    for path, kind in (
        ("/", "html"),
        ("/static/js/main.js", "javascript"),
        ("/static/css/tokens.css", "css"),
        ("/static/icon.svg", "svg+xml"),
    ):
        async with visitor.get(stage.origin + path) as response:
            assert (response.status, response.content_type.partition("/")[2]) == (200, kind)


async def test_the_token_moves_to_a_cookie_hidden_from_scripts_and_other_sites(stage, stranger):
    async with stranger.get(stage.url) as response:
        cookie = response.headers["Set-Cookie"]
    assert stage.token in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


async def test_the_token_cannot_be_guessed(stage):
    assert len(stage.token) >= 32


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "169.254.1.1", "[", ""])
async def test_a_name_rebound_to_loopback_is_refused(stage, visitor, host):
    async with visitor.get(f"{stage.origin}/api/state", headers={"Host": host}) as response:
        assert response.status in (400, 403)


async def test_other_names_of_loopback_are_accepted(stage, visitor):
    headers = {"Host": f"localhost:{stage.origin.rpartition(':')[2]}"}
    async with visitor.get(f"{stage.origin}/api/state", headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "{origin}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "{origin}", "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_post_from_anywhere_but_the_page_is_refused(stage, visitor, headers):
    sent = {name: value.format(origin=stage.origin) for name, value in headers.items()}
    body = {"user": stage.oncall, "channel": stage.general, "text": "hello"}
    async with visitor.post(f"{stage.origin}/api/actions/say", json=body, headers=sent) as response:
        assert response.status == 403
    assert stage.slack.messages(stage.general) == []


async def test_every_response_has_the_security_headers(stage, visitor):
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )
    async with aiohttp.ClientSession() as nobody:
        for session, path in (
            (visitor, "/"), (visitor, "/static/js/main.js"), (visitor, "/api/state"), (visitor, "/api/events"),
            (visitor, "/static/none.js"), (visitor, "/none"), (nobody, "/"),
        ):  # fmt: skip
            async with session.get(stage.origin + path) as response:
                assert response.headers["Content-Security-Policy"].startswith(policy), path
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_only_static_files_are_served(stage, visitor):
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/", "/static/js/"):
        async with visitor.get(stage.origin + path) as response:
            assert response.status in (403, 404), path
