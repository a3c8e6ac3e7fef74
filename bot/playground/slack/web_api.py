"""Serve the Web API: authenticate, check scopes and rate limits, inject faults, run the method."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from email.utils import formatdate

from aiohttp import web

from bot.playground.slack.arguments import Arguments, read_arguments
from bot.playground.slack.errors import Refused
from bot.playground.slack.faults import Fault, FaultQueue
from bot.playground.slack.methods.auth_and_users import AUTH_AND_USERS
from bot.playground.slack.methods.canvases import CANVASES
from bot.playground.slack.methods.chat import CHAT
from bot.playground.slack.methods.conversations import CONVERSATIONS
from bot.playground.slack.methods.files import FILES
from bot.playground.slack.methods.pins import PINS
from bot.playground.slack.methods.reactions import REACTIONS
from bot.playground.slack.methods.registry import Method, MethodContext, Table
from bot.playground.slack.methods.views import VIEWS
from bot.playground.slack.records import ChangeKind, Json, RecordedCall
from bot.playground.slack.scopes import missing_scope

METHODS: Table = {**CANVASES, **CHAT, **CONVERSATIONS, **FILES, **AUTH_AND_USERS, **PINS, **REACTIONS, **VIEWS}


class WebApi:
    """Serves calls to /api/<method>. `clock` (epoch seconds) dates the responses."""

    def __init__(self, *, context: MethodContext, clock: Callable[[], float]) -> None:
        self.calls: list[RecordedCall] = []
        self.faults = FaultQueue()
        self.latency = 0.0
        self.stopping = asyncio.Event()
        self._context = context
        self._clock = clock

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        try:
            values = await read_arguments(request)
        except Refused as refused:
            return self._answer(name, {}, _error_body(refused), status=refused.status)
        parameter = values.pop("token", "")
        header = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if self.latency:
            await asyncio.sleep(self.latency)
        fault = self.faults.take(name, values)
        if fault is not None and not fault.after_execution and (fault.hang or fault.reset):
            return await self._leave_unanswered(request, name, values, fault, ok=False)
        retry_after: int | None = None
        status = 200
        try:
            if fault is not None and not fault.after_execution:
                raise _refusal(fault)
            answer = {"ok": True} | self._run(name, values, header=header, parameter=str(parameter))
        except Refused as refused:
            answer, status, retry_after = _error_body(refused), refused.status, refused.retry_after
        if fault is not None and fault.after_execution:
            return await self._leave_unanswered(request, name, values, fault, ok=answer["ok"])
        return self._answer(name, values, answer, status=status, retry_after=retry_after)

    def _run(self, name: str, values: Json, *, header: str, parameter: str) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        self._authenticate(name, method, header=header, parameter=parameter)
        state = self._context.state
        channel = state.workspace.channels.get(str(values.get("channel", "")))
        if not method.app_level and (needed := missing_scope(method.scope, channel, state.scopes)):
            raise Refused("missing_scope", needed=needed, provided=self._granted)
        self._context.rate_limits.call(name, tier=method.tier)
        return method.run(self._context, Arguments(values))

    @property
    def _granted(self) -> str:
        return ",".join(sorted(self._context.state.scopes))

    def _authenticate(self, name: str, method: Method, *, header: str, parameter: str) -> None:
        identity = self._context.state.identity
        # Slack reads an app-level token from the header only.
        token = header if method.app_level else header or parameter
        if name == "api.test":
            return
        if not token:
            raise Refused("not_authed")
        if token not in (identity.bot_token, identity.app_token):
            raise Refused("invalid_auth")
        if self._context.state.revoked:
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
            method=name, arguments=dict(values), at=self._context.state.clock(), ok=bool(answer.get("ok")),
            error=str(answer.get("error", "")), status=status, answer=answer,
        )  # fmt: skip
        self.calls.append(call)
        shown = {
            "method": name, "arguments": call.arguments, "ok": call.ok, "error": call.error, "status": status,
            "answer": answer,
        }  # fmt: skip
        self._context.state.changes.publish(ChangeKind.CALL, shown)


def _refusal(fault: Fault) -> Refused:
    if fault.retry_after is not None:
        return Refused(fault.error or "ratelimited", status=429, retry_after=fault.retry_after)
    extra: Json = {"needed": fault.needed, "provided": fault.provided} if fault.needed else {}
    return Refused(fault.error or "internal_error", status=fault.status, **extra)


def _error_body(refused: Refused) -> Json:
    return {"ok": False, "error": refused.error} | refused.extra
