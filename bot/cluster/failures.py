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
)
from bot.common.outside_text import LONGEST_TEXT, clean
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
# What an authorizer says, whichever it is, and why if it tells.
_BY_ROLE: Final = re.compile(
    r'(?:^\S+ "(?P<named>[^"]*)" is forbidden: )?User "[^"]*" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"'
    r' in API group "[^"]*"(?: at the cluster scope| in the namespace "(?P<namespace>[^"]*)")?(?P<why>: .+)?'
)
# A Status is short; whatever is larger is not worth parsing for one sentence.
_LARGEST_STATUS: Final = 1 << 20
_LONGEST_MESSAGE: Final = 1 << 14


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
        return _forbidden(_status(body), request=request)
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
            detail, causes = _told(status)
            return (Throttled if code == 429 else BadRequest)(what=what, detail=detail, causes=causes)
        case _:
            return _kind_of(code, message, request)(what=what, detail=f"{message or 'no message'} ({code})")


def _told(status: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The message of a refusal, and the causes ("field: message") to be told besides, so that each is told once.

    The message mostly holds them too, and is then enough; but a long one would be cut, and with it the last of them.
    """
    message = _line(status.get("message"))
    details = status.get("details")
    found = details.get("causes") if isinstance(details, dict) else None
    # Where in the message each cause is told, -1 for nowhere.
    causes: dict[str, int] = {}
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and (why := _line(each.get("message"))):
            field = _line(each.get("field"))
            causes[f"{field}: {why}" if field else why] = message.find(why) if field in message else -1
    if len(message) <= LONGEST_TEXT:
        return message, tuple(cause for cause, at in causes.items() if at < 0)
    told = [message.find(cause) for cause in causes if cause in message]
    return message[: min(told, default=len(message))].rstrip("[: "), tuple(causes)


def _line(value: object) -> str:
    return " ".join(str(value or "")[:_LONGEST_MESSAGE].split())


def _forbidden(status: Mapping[str, Any], *, request: Request) -> Forbidden:
    """Who or what refused: a webhook or a quota, our own role, or that of the user we act as."""
    what = request.scope or request.what
    message, causes = _told(status)
    # Authorizers refuse with 'User "x" cannot get resource "y"'; quotas, policies and webhooks say something else.
    if message.startswith("admission webhook "):
        return Forbidden(what=what, does=request.does, detail=message, causes=causes)
    if "is forbidden: " in message and 'is forbidden: User "' not in message:
        return Forbidden(what=what, does=request.does, detail=message)
    said = _BY_ROLE.search(message)
    if said is not None and said["verb"].startswith("impersonate"):
        return _may_not_act(said, message, request=request)
    if request.acts_as is None:
        return Forbidden(what=what, does=request.does, detail=message, permission=request.permission)
    may_not = _may_not(request.acts_as.user, said, request=request)
    return ForbiddenAs(what=what, does=request.does, detail=may_not.en, detail_zh=may_not.zh)


def _may_not_act(said: re.Match[str], message: str, *, request: Request) -> Forbidden:
    """It is Casebook that may not act as somebody: which grant it takes."""
    resource, whom = said["resource"], said["named"] or "somebody"
    if resource == "groups":
        whom = f"group {whom}"
    if said["verb"].startswith("impersonate-on:") and request.acts_as is not None:
        # From 1.36 on the refusal names the narrower grant that was looked for first, and not which of ours is missing.
        whom = request.acts_as.user
        resource = "users and groups" if request.acts_as.groups else "users"
    permission = Permission(verb="impersonate", resource=resource)
    return Forbidden(what=whom, does="act as", detail=message, permission=permission)


def _may_not(user: str, said: re.Match[str] | None, *, request: Request) -> Text:
    """What a user may not, in the server's terms, or in those of the request where it says nothing we know."""
    if said is None:
        wanted = request.permission
        what = f"{wanted.verb} {wanted.resource}" if wanted else f"{request.does} {request.what}"
        return Text(en=f"{user} may not {what}", zh=f"{user} 无权 {what}")
    what, namespace, why = f"{said['verb']} {said['resource']}", said["namespace"], said["why"] or ""
    if not namespace:
        return Text(en=f"{user} may not {what}{why}", zh=f"{user} 无权 {what}{why}")
    return Text(en=f"{user} may not {what} in {namespace}{why}", zh=f"{user} 无权在 {namespace} 中 {what}{why}")


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
