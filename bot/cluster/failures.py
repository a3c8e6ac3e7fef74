"""What a failed call means: a refusing answer, or the exception instead of an answer, as one of our errors."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from bot.cluster.calls import Origin, Request
from bot.cluster.errors import (
    BadRequest,
    ClusterError,
    Conflict,
    Expired,
    Forbidden,
    ForbiddenAs,
    NotFound,
    NotServed,
    OutcomeUnknown,
    ServerError,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
    clean,
)
from intents.domain import Permission, Text


class Lost(Exception):
    """A connection could not be opened, or was lost; the cause is aiohttp's error."""


async def sent_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Middleware that keeps aiohttp from sending a GET or DELETE a second time: it does for its own errors only."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Lost from error


# Admission comes before storage: with this a 500 has written nothing.
_REFUSED_BY_WEBHOOK: Final = "Internal error occurred: failed calling webhook"
# What an authorizer says, whichever it is; cluster-scoped objects and those of all namespaces name no namespace.
_BY_ROLE: Final = re.compile(
    r'(?:^\S+ "(?P<named>[^"]*)" is forbidden: )?User "[^"]*" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"'
    r' in API group "(?P<group>[^"]*)"(?: in the namespace "(?P<namespace>[^"]*)")?'
)
# A Status is short; whatever is larger is not worth parsing for one sentence.
_LARGEST_STATUS: Final = 1 << 20


def _status(body: bytes) -> Mapping[str, Any]:
    """The Status object of a refusal; for plain text, as proxies and API priority and fairness send it, its message."""
    try:
        value = json.loads(body) if len(body) <= _LARGEST_STATUS else None
    except (ValueError, RecursionError):
        return {"message": body[:4096].decode(errors="replace")}
    return value if isinstance(value, dict) else {}


def refusal(code: int, body: bytes, *, request: Request, origin: Origin) -> ClusterError:
    """The error that a refusing answer means."""
    if code == 403:
        return _forbidden(str(_status(body).get("message") or ""), request=request)
    error = _refusal(code, body, request=request, origin=origin)
    error.does = request.does
    return error


def _refusal(code: int, body: bytes, *, request: Request, origin: Origin) -> ClusterError:
    status = _status(body)
    message = clean(str(status.get("message") or ""))
    what = request.what
    match code:
        case 401:
            return Unauthorized(
                what=what,
                detail=f'the API server of context "{origin.context}" does not accept the credentials (401)',
                remedy=f"they are expired or another cluster's: log in again, or renew {origin.credentials}",
            )
        case 404:
            # Only a missing object is named in the details; an unknown resource or group leaves them empty.
            details = status.get("details")
            named = isinstance(details, dict) and details.get("name")
            return NotFound(what=what, detail=message) if named else NotServed(what=what)
        case 409:
            return Conflict(what=what, detail=message)
        case 410:
            return Expired(what=what)
        case 400 | 422 | 429:
            return (Throttled if code == 429 else BadRequest)(what=what, detail=message)
        case _:
            return _kind_of(code, message, request)(what=what, detail=f"{message or 'no message'} ({code})")


def _forbidden(message: str, *, request: Request) -> Forbidden:
    """Who or what refused: a webhook or a quota, our own role, or that of the user we act as."""
    what = request.scope or request.what
    # Roles refuse with 'User "x" cannot get resource "y"'; quotas and webhooks say something else.
    by_webhook = message.startswith("admission webhook ")
    by_role = not by_webhook and ("is forbidden: " not in message or " cannot " in message)
    if not by_role:
        return Forbidden(what=what, does=request.does, detail=message)
    said = _BY_ROLE.search(message)
    if said is not None and said["verb"] == "impersonate":
        permission = Permission(verb="impersonate", group=said["group"], resource=said["resource"])
        named = said["named"] or "somebody"
        whom = f"group {named}" if said["resource"] == "groups" else named
        return Forbidden(what=whom, does="act as", detail=message, permission=permission)
    if request.acts_as is None:
        return Forbidden(what=what, does=request.does, detail=message, permission=request.permission)
    may_not = _may_not(request.acts_as.user, said, request=request)
    return ForbiddenAs(what=what, does=request.does, detail=may_not.en, detail_zh=may_not.zh)


def _may_not(user: str, said: re.Match[str] | None, *, request: Request) -> Text:
    """What a user may not, in the server's terms, or in those of the request where it says nothing we know."""
    permission = request.permission
    verb = said["verb"] if said else permission.verb if permission else request.does
    resource = said["resource"] if said else permission.resource if permission else request.what
    if said and said["namespace"]:
        namespace = said["namespace"]
        return Text(
            en=f"{user} may not {verb} {resource} in {namespace}", zh=f"{user} 无权在 {namespace} 中 {verb} {resource}"
        )
    return Text(en=f"{user} may not {verb} {resource}", zh=f"{user} 无权 {verb} {resource}")


def _kind_of(code: int, message: str, request: Request) -> type[ClusterError]:
    """The kind of a failure that has no meaning of its own."""
    if code < 500:
        return BadRequest
    if request.changes and not message.startswith(_REFUSED_BY_WEBHOOK):
        # A proxy's 502, etcd's time-out: none says whether the write went through.
        return OutcomeUnknown
    return ServerError


def unanswered(request: Request, *, detail: str) -> ClusterError:
    """No answer came to a request that had been sent."""
    if request.changes:
        return OutcomeUnknown(what=request.what, does=request.does, detail=detail)
    return TimedOut(what=request.what, does=request.does, detail=detail)


def was_sent(error: BaseException) -> bool:
    """Whether a request may have reached the server: without a connection none has."""
    return not isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL)


def is_reset(error: BaseException) -> bool:
    """Whether an open connection was lost, as when an API server restarts: another attempt meets another one."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    return isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | OSError)


def unreachable(error: BaseException, *, what: str, origin: Origin) -> ClusterError:
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            inner = getattr(error, "certificate_error", error)
            why = getattr(inner, "verify_message", "") or str(inner)
            return Unreachable(
                what=what,
                detail=f"{origin.subject} shows a certificate we cannot trust: {why}",
                remedy=f"check certificate-authority and tls-server-name of {origin.settings}",
            )
        case aiohttp.ClientSSLError() | ssl.SSLError():
            why = getattr(getattr(error, "os_error", error), "reason", None) or "handshake failed"
            return Unreachable(
                what=what,
                detail=f"{origin.subject}: TLS failed: {str(why).lower().replace('_', ' ')}",
                remedy=f"check that the server of {origin.settings} speaks https and accepts {origin.credentials}",
            )
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(what=what, detail=f"{origin.subject}: the host name is not known", remedy=origin.remedy)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return Unreachable(
                what=what,
                detail=f"{origin.subject}: the proxy cannot be used",
                remedy=f"check proxy-url of {origin.settings}, or HTTPS_PROXY",
            )
        case aiohttp.ClientConnectorError():
            why = (error.os_error.strerror or "no connection").lower()
            return Unreachable(what=what, detail=f"{origin.subject}: {_plain(why)}", remedy=origin.remedy)
        case _ if is_reset(error):
            return Unreachable(
                what=what, detail=f"{origin.subject}: the connection was closed before the answer was complete"
            )
        case aiohttp.InvalidURL():
            return Unreachable(
                what=what, detail=f"{origin.subject} is no URL", remedy=f"check the server of {origin.settings}"
            )
        case _:
            return Unreachable(
                what=what, detail=f"{origin.subject}: {type(error).__name__}: {error}", remedy=origin.remedy
            )


def _plain(why: str) -> str:
    # aiohttp wraps the reason of the system: "connect call failed ('127.0.0.1', 1)".
    return "connection refused" if why.startswith("connect call failed") else why
