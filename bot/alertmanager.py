"""Create and end silences by Alertmanager's API v2, at the configured address only.

A payload's `externalURL` is never called: whoever may send alerts must not choose where the token goes. Redirects are
refused for the same reason. API: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from bot.common.redaction import clean
from intents.alerts.links import Matcher

TIMEOUT_S: Final = 5.0
# Thousands of silences fit.
MOST_BYTES: Final = 4 << 20
_OVER: Final = "expired"


class AlertmanagerError(Exception):
    """Alertmanager did not do what it was asked. `str()` is one clear line without secrets."""


class Alertmanager:
    """A client of one Alertmanager, made by `open_alertmanager`. Methods raise only AlertmanagerError."""

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._session = session

    async def silence(
        self, matchers: Sequence[Matcher], *, starts: datetime, ends: datetime, by: str, comment: str, mark: str
    ) -> str:
        """Create a silence and return its id; one whose comment has the `mark` exists already and is taken instead.

        The mark makes a repeated call safe: after a crash nobody knows whether the first one arrived.
        """
        if found := await self._marked(matchers, mark):
            return found
        body = {
            "matchers": [
                {"name": one.name, "value": one.value, "isRegex": one.regex, "isEqual": True} for one in matchers
            ],
            "startsAt": _written(starts),
            "endsAt": _written(ends),
            "createdBy": by,
            "comment": f"{comment} [{mark}]",
        }
        try:
            made = _object(await self._call("POST", "/silences", body=body)).get("silenceID")
        except AlertmanagerError:
            # Its answer may be lost although it did what it was asked.
            if found := await self._marked(matchers, mark):
                return found
            raise
        if not made or not isinstance(made, str):
            raise AlertmanagerError("its answer names no silence")
        return made

    async def end(self, id: str) -> None:
        """End a silence; one that is over or gone counts as ended."""
        try:
            await self._call("DELETE", f"/silence/{quote(id, safe='')}")
        except AlertmanagerError:
            # It refuses to end a silence that is over: then it is as asked.
            if await self._stands(id):
                raise

    async def _stands(self, id: str) -> bool:
        found = _object(await self._call("GET", f"/silence/{quote(id, safe='')}", missing={}))
        return bool(found) and _state(found) != _OVER

    async def _marked(self, matchers: Sequence[Matcher], mark: str) -> str:
        filters = [("filter", f"{one.name}={json.dumps(one.value)}") for one in matchers if not one.regex]
        found = await self._call("GET", "/silences", query=filters)
        for each in found if isinstance(found, list) else ():
            one = _object(each)
            if f"[{mark}]" in str(one.get("comment")) and _state(one) != _OVER:
                return str(one.get("id"))
        return ""

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Sequence[tuple[str, str]] = (),
        missing: Any = None,
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._session.request(
                    method,
                    f"{self._url}/api/v2{path}",
                    json=body,
                    params=list(query),
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                status, answer = response.status, await _read(response)
        except TimeoutError as error:
            raise AlertmanagerError(f"no answer within {TIMEOUT_S:.0f} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # aiohttp's text names the address, which may be confidential.
            raise AlertmanagerError(f"it cannot be reached ({type(error).__name__})") from error
        if status == 404 and missing is not None:
            return missing
        if status != 200:
            raise AlertmanagerError(_why(status, answer))
        return _document(answer)


@asynccontextmanager
async def open_alertmanager(url: str, token: str) -> AsyncIterator[Alertmanager | None]:
    """Open a client; yield None without an address."""
    if not url:
        yield None
        return
    # No proxies, credentials or cookies from the environment: only configured values are sent.
    async with aiohttp.ClientSession(
        trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "kube-casebook"}
    ) as session:
        yield Alertmanager(url, token, session)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > MOST_BYTES:
            raise AlertmanagerError(f"its answer is larger than {MOST_BYTES >> 20} MiB")
    return bytes(body)


def _why(status: int, answer: bytes) -> str:
    if 300 <= status < 400:
        return "it redirects to another address, which is refused: configure that address instead"
    if status in (401, 403):
        return f"it does not accept the credentials (HTTP {status})"
    document = _document(answer)
    said = document if isinstance(document, str) else _object(document).get("message") or ""
    return f"HTTP {status}{': ' if said else ''}{clean(str(said))}"


def _document(answer: bytes) -> Any:
    try:
        return json.loads(answer) if answer.strip() else {}
    except (ValueError, RecursionError):
        return None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _state(silence: Mapping[str, Any]) -> str:
    return str(_object(silence.get("status")).get("state"))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
