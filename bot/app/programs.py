"""Compose what programs ask: the HTTP API and the MCP server, on the listener of `casebook serve`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from bot.settings import Settings
from bot.store import AuditEntry, StoreUnavailable
from bot.surfaces.api.answer_service import AnswerService, Caller
from bot.surfaces.api.api_errors import ApiError
from bot.surfaces.api.limited_calls import ApiCall, ApiCalls, RateLimit
from bot.surfaces.api.rest_routes import RestApi
from bot.surfaces.web import Route
from bot.workflows.services import LimitReached, Services


@asynccontextmanager
async def program_routes(
    services: Services, settings: Settings, *, team: str, stopping: Callable[[], bool]
) -> AsyncIterator[tuple[Route, ...]]:
    """Return the routes for programs; none without tokens."""
    if settings.api_tokens is None:
        yield ()
        return
    calls = ApiCalls(
        service=AnswerService(
            clusters=services.clusters,
            engine=services.engine,
            deadline=services.deadline,
            language=services.language,
            diagnosed=lambda found, intent, seconds: services.metrics.diagnosed(found, intent=intent, seconds=seconds),
            overviewed=lambda found, seconds: services.metrics.overviewed(found, intent="overview", seconds=seconds),
        ),
        limit=RateLimit(per_minute=settings.api_calls_per_minute),
        record=partial(_record, services, team),
        count=services.metrics.api_called,
    )
    callers = partial(_caller, services, team)
    routes = RestApi(calls=calls, callers=callers, stopping=stopping).routes()
    if not settings.mcp:
        yield routes
        return
    from bot.surfaces.api.mcp_http import mcp_routes  # noqa: PLC0415 - part of the extra `mcp`

    async with mcp_routes(calls, callers, stopping) as further:
        yield (*routes, *further)


def _caller(services: Services, team: str, header: str) -> Caller | None:
    """Return who calls, as the tokens and the policy in force say."""
    now = services.configuration()
    token = now.api_tokens.bearer(header)
    if token is None:
        return None
    scope = now.policy.scope(token.subject.actor(team))
    return Caller(name=token.name, scope=scope, slots=partial(_slot, services, f"api {token.name}"))


@contextmanager
def _slot(services: Services, caller: str, cluster: str) -> Iterator[None]:
    try:
        with services.concurrency.slot(cluster, caller):
            yield
    except LimitReached as reached:
        says = f"all slots of cluster {reached.cluster} are taken: try again"
        raise ApiError(429, "busy", says, retry_after=2) from None


async def _record(services: Services, team: str, call: ApiCall) -> None:
    """Audit a call. Raise ApiError if that cannot be done: no answer goes unrecorded."""
    entry = AuditEntry(
        at=services.clock(), actor=call.caller, team=team, action=f"api-{call.operation}", cluster=call.cluster,
        target=call.target, outcome=call.outcome, detail={"via": call.via},
    )  # fmt: skip
    try:
        await services.store.audit.append(entry)
    except StoreUnavailable as error:
        raise ApiError(503, "audit_unavailable", "the call could not be audited", retry_after=5) from error
