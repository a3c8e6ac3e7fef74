"""Serve the Web API (authentication, scopes, rate limits, injected faults), uploads and downloads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from email.utils import formatdate

from aiohttp import web

from bot.playground.slack.faults import Fault, FaultControls
from bot.playground.slack.methods import METHODS
from bot.playground.slack.methods.registry import Method, MethodContext, read_arguments
from bot.playground.slack.records import ChangeKind, Json, RecordedCall, Refused, as_json
from bot.playground.slack.scopes import missing_scope

# Slack's response without a valid token: a client must not mistake it for the file.
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to simulated</body></html>"


class WebApi:
    """Serves calls to /api/<method>, receives uploads and serves file contents.

    `clock` (epoch seconds) dates the responses.
    """

    def __init__(self, *, context: MethodContext, faults: FaultControls, clock: Callable[[], float]) -> None:
        self.calls: list[RecordedCall] = []
        self.stopping = asyncio.Event()
        self._context = context
        self._state = context.state
        self._faults = faults
        self._clock = clock

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        try:
            values = await read_arguments(request)
        except Refused as refused:
            return self._answer(name, {}, refused.answer, status=refused.status)
        parameter = values.pop("token", "")
        header = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if self._faults.latency:
            await asyncio.sleep(self._faults.latency)
        fault = self._faults.take_fault(name, values)
        if fault is not None and not fault.after_execution and (fault.hang or fault.reset):
            return await self._leave_unanswered(request, name, values, fault, ok=False)
        retry_after: int | None = None
        status = 200
        try:
            if fault is not None and not fault.after_execution:
                raise fault.refusal
            answer = {"ok": True} | self._run(name, values, header=header, parameter=str(parameter))
        except Refused as refused:
            answer, status, retry_after = refused.answer, refused.status, refused.retry_after
        if fault is not None and fault.after_execution:
            return await self._leave_unanswered(request, name, values, fault, ok=answer["ok"])
        return self._answer(name, values, answer, status=status, retry_after=retry_after)

    def _run(self, name: str, values: Json, *, header: str, parameter: str) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        self._authenticate(method, header=header, parameter=parameter)
        channel = self._state.workspace.channels.get(str(values.get("channel", "")))
        if not method.app_level and (needed := missing_scope(method.scope, channel, self._state.scopes)):
            raise Refused("missing_scope", needed=needed, provided=self._granted)
        self._context.rate_limits.call(name, tier=method.tier)
        return method.run(self._context, values)

    @property
    def _granted(self) -> str:
        return ",".join(sorted(self._state.scopes))

    def _authenticate(self, method: Method, *, header: str, parameter: str) -> None:
        identity = self._state.identity
        # Slack reads an app-level token from the header only.
        token = header if method.app_level else header or parameter
        if not token:
            raise Refused("not_authed")
        if token not in (identity.bot_token, identity.app_token):
            raise Refused("invalid_auth")
        if self._state.revoked:
            raise Refused("token_revoked")
        if (token == identity.app_token) != method.app_level:
            raise Refused("not_allowed_token_type")

    async def _leave_unanswered(
        self, request: web.Request, name: str, values: Json, fault: Fault, *, ok: bool
    ) -> web.StreamResponse:
        self._record(name, values, {"ok": ok}, status=0)
        if fault.hang:
            await self.stopping.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _answer(
        self, name: str, values: Json, answer: Json, *, status: int, retry_after: int | None = None
    ) -> web.Response:
        self._record(name, values, answer, status=status)
        headers = {
            "Date": formatdate(self._clock(), usegmt=True), "X-Slack-Req-Id": f"{len(self.calls):032x}",
            "X-OAuth-Scopes": self._granted,
        }  # fmt: skip
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        if status >= 500:
            return web.Response(status=status, text="upstream connect error", headers=headers)
        return web.json_response(answer, status=status, headers=headers)

    def _record(self, name: str, values: Mapping[str, object], answer: Json, *, status: int) -> None:
        call = RecordedCall(
            method=name, arguments=dict(values), at=self._state.clock(), ok=bool(answer.get("ok")),
            error=str(answer.get("error", "")), status=status, answer=answer,
        )  # fmt: skip
        self.calls.append(call)
        self._state.changes.announce(ChangeKind.CALL, lambda: as_json(call))

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Receive the second step of an upload: the raw bytes, or one part of a form."""
        try:
            file = self._state.files.get(request.match_info["file"])
        except Refused:
            return web.Response(status=404, text="no such upload")
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            part = next((each for each in form.values() if isinstance(each, web.FileField)), None)
            content = part.file.read() if part else b""
        else:
            content = await request.read()
        if file.complete:
            return web.Response(status=400, text="already complete")
        file.content, file.length = content, len(content)
        return web.Response(text=f"OK - {len(content)}")

    async def hand_out(self, request: web.Request) -> web.StreamResponse:
        """Serve a file's content.

        For a wrong or missing token return the login page with status 200, as Slack does.
        """
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        hidden = self._state.files_hidden or "files:read" not in self._state.scopes
        if hidden or self._state.revoked or token != self._state.identity.bot_token:
            return web.Response(text=_LOGIN_PAGE, content_type="text/html")
        try:
            file = self._state.files.get(request.match_info["file"].rpartition("-")[2])
        except Refused:
            return web.Response(status=404, text="not found")
        if file.content is None:
            return web.Response(status=404, text="not found")
        return web.Response(body=file.content, content_type="application/octet-stream")
