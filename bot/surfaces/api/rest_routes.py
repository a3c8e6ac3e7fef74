"""Serve the HTTP API: `/v1/…` and its OpenAPI document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from aiohttp import web

from bot.surfaces.api.answer_service import Caller
from bot.surfaces.api.api_errors import ApiError
from bot.surfaces.api.limited_calls import LARGEST_BODY, OPERATIONS, ApiCalls, Operation
from bot.surfaces.bodies import BodyError, read_body
from bot.surfaces.web import Route

_DOCUMENT: Final = "/v1/openapi.json"
_BODY_CODES: Final = {408: "too_slow", 413: "too_large"}
_OPERATIONS: Final = {(each.method, each.path): each for each in OPERATIONS.values()}

# Takes an Authorization header, and returns who calls.
Callers = Callable[[str], Caller | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestApi:
    """The handler of `/v1/…`."""

    calls: ApiCalls
    callers: Callers
    stopping: Callable[[], bool]

    def routes(self) -> tuple[Route, ...]:
        """Return the routes. One takes all paths, so that every error has the same shape."""
        return (Route(path="/v1/{rest:.*}", handle=self.handle, method="*"),)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        try:
            if (request.method, request.path) == ("GET", _DOCUMENT):
                return web.json_response(await asyncio.to_thread(_openapi))
            caller = authorised(request, self.callers, self.calls, "http")
            operation = _operation(request)
            if self.stopping():
                raise ApiError(503, "stopping", "Casebook is stopping", retry_after=5)
            answer = await self.calls.run(operation, lambda: _body(operation, request), caller, "http")
        except ApiError as error:
            return refused(error)
        return web.json_response(answer.as_json(), dumps=partial(json.dumps, ensure_ascii=False))


def authorised(request: web.Request, callers: Callers, calls: ApiCalls, via: str) -> Caller:
    """Return who calls. Raise ApiError, and count the call, without a valid token."""
    caller = callers(request.headers.get("Authorization", ""))
    if caller is None:
        calls.count(via, "", "unauthorized")
        raise ApiError(401, "unauthorized", "the bearer token is missing or wrong")
    return caller


def refused(error: ApiError) -> web.Response:
    """Return the response for an error."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response(error.document.as_json(), status=error.status, headers=headers)


async def received(request: web.Request) -> bytes:
    """Return the body of a request. Raise ApiError if it is too large, too slow or broken."""
    try:
        return await read_body(request, limit=LARGEST_BODY)
    except BodyError as error:
        raise ApiError(error.status, _BODY_CODES.get(error.status, "malformed_body"), str(error)) from None


def _operation(request: web.Request) -> Operation:
    operation = _OPERATIONS.get((request.method, request.path))
    if operation is not None:
        return operation
    allowed = [method for method, path in _OPERATIONS if path == request.path]
    if allowed:
        raise ApiError(405, "wrong_method", f"this path takes {allowed[0]} only", suggestions=allowed)
    paths = sorted({path for _, path in _OPERATIONS})
    raise ApiError(404, "no_such_path", f"known paths are {', '.join(paths)}", suggestions=paths)


async def _body(operation: Operation, request: web.Request) -> bytes:
    if operation.method == "GET":
        fields = operation.question.model_fields
        asked = {
            name: _number(value) if name in fields and fields[name].annotation is int else value
            for name, value in request.query.items()
        }
        return json.dumps(asked).encode()
    return await received(request)


def _number(value: str) -> str | int:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else value


def _openapi() -> dict[str, Any]:
    from bot.surfaces.api.openapi import openapi  # noqa: PLC0415 - only when asked for

    return openapi()
