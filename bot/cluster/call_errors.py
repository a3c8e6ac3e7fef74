"""Translate a failed call, a refusal or an exception, into one of our errors."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from yarl import URL

from bot.cluster.api_calls import ClusterRequest, ConnectionOrigin
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
from bot.common.redaction import LONGEST_TEXT, clean
from intents.domain import Permission, Text

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class ConnectionLost(Exception):
    """A connection could not be opened, or was lost; the cause is aiohttp's error."""


async def send_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET or DELETE twice: this middleware hides the errors that it would retry."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionLost from error


class RedirectRefused(Exception):
    """The server redirects to another host, or redirects a write; `host` is where to."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(host)


async def refuse_redirects(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Raise RedirectRefused before aiohttp follows a redirect, except for a read that stays at the same address.

    aiohttp would send the names of objects, the impersonated user and a client certificate to the other host, and its
    answer would count as the cluster's.
    """
    response = await send(request)
    if response.status not in _REDIRECTS:
        return response
    try:
        to = request.url.join(URL(response.headers.get("Location", "")))
        same = to.origin() == request.url.origin()
        host = to.host or ""
    except ValueError:
        same, host = False, ""
    if same and request.method == "GET":
        return response
    response.close()
    raise RedirectRefused(host)


# Admission runs before storage, so a 500 with this text has written nothing.
_REFUSED_BY_WEBHOOK: Final = "Internal error occurred: failed calling webhook"
# The refusal that any authorizer writes, with its reason if it gives one.
_BY_ROLE: Final = re.compile(
    r'(?:^\S+ "(?P<named>[^"]*)" is forbidden: )?User "[^"]*" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"'
    r' in API group "[^"]*"(?: at the cluster scope| in the namespace "(?P<namespace>[^"]*)")?(?P<why>: .+)?'
)
# A Status is short; a larger body is not worth parsing for one sentence.
LARGEST_STATUS: Final = 1 << 18
_LONGEST_MESSAGE: Final = 1 << 14


def _status(body: bytes) -> Mapping[str, Any]:
    """Return the Status object of a refusal; plain text, as proxies send it, becomes its message."""
    try:
        value = json.loads(body) if len(body) < LARGEST_STATUS else None
    except (ValueError, RecursionError):
        return {"message": body[:4096].decode(errors="replace")}
    return value if isinstance(value, dict) else {}


def refusal_error(code: int, body: bytes, *, request: ClusterRequest, origin: ConnectionOrigin) -> ClusterError:
    """Return the error for a refusal."""
    if code == 403:
        return _forbidden(_status(body), request=request)
    error = _refusal(code, body, request=request, origin=origin)
    error.does = request.does
    return error


def _refusal(code: int, body: bytes, *, request: ClusterRequest, origin: ConnectionOrigin) -> ClusterError:
    status = _status(body)
    message = clean(str(status.get("message") or ""))
    what = request.what
    match code:
        case 401:
            return Unauthorized(
                what=what,
                detail=f'the API server of context "{origin.context}" does not accept the credentials (401)',
                remedy=f"they are expired or belong to another cluster: log in again, or renew {origin.credentials}",
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
            detail, causes = _message_and_causes(status)
            return (Throttled if code == 429 else BadRequest)(what=what, detail=detail, causes=causes)
        case _:
            return _kind_of(code, message, request)(what=what, detail=f"{message or 'no message'} ({code})")


def _message_and_causes(status: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the message of a refusal, and the causes ("field: message") that it does not contain.

    The message usually contains the causes. A long message would be cut and lose the last ones, so they are taken out
    of it.
    """
    message = _line(status.get("message"))
    details = status.get("details")
    found = details.get("causes") if isinstance(details, dict) else None
    # Position of each cause in the message, -1 if it is not there.
    causes: dict[str, int] = {}
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and (why := _line(each.get("message"))):
            field = _line(each.get("field"))
            causes[f"{field}: {why}" if field else why] = message.find(why) if field in message else -1
    if len(message) <= LONGEST_TEXT:
        return message, tuple(cause for cause, at in causes.items() if at < 0)
    positions = [message.find(cause) for cause in causes if cause in message]
    return message[: min(positions, default=len(message))].rstrip("[: "), tuple(causes)


def _line(value: object) -> str:
    return " ".join(str(value or "")[:_LONGEST_MESSAGE].split())


def _forbidden(status: Mapping[str, Any], *, request: ClusterRequest) -> Forbidden:
    """Return the error for a 403: from a webhook or a quota, for our own role, or for the user that we impersonate."""
    what = request.scope or request.what
    message, causes = _message_and_causes(status)
    # Authorizers refuse with 'User "x" cannot get resource "y"'; quotas, policies and webhooks use other words.
    if message.startswith("admission webhook "):
        return Forbidden(what=what, does=request.does, detail=message, causes=causes)
    if "is forbidden: " in message and 'is forbidden: User "' not in message:
        return Forbidden(what=what, does=request.does, detail=message)
    denial = _BY_ROLE.search(message)
    if denial is not None and denial["verb"].startswith("impersonate"):
        return _may_not_act(denial, message, request=request)
    if request.acts_as is None:
        return Forbidden(what=what, does=request.does, detail=message, permission=request.permission)
    may_not = _may_not(request.acts_as.user, denial, request=request)
    return ForbiddenAs(what=what, does=request.does, detail=may_not.en, detail_zh=may_not.zh)


def _may_not_act(denial: re.Match[str], message: str, *, request: ClusterRequest) -> Forbidden:
    """Return the error for a missing grant to impersonate, with the permission that Casebook needs."""
    resource, whom = denial["resource"], denial["named"] or "somebody"
    if resource == "groups":
        whom = f"group {whom}"
    if denial["verb"].startswith("impersonate-on:") and request.acts_as is not None:
        # From 1.36 on the refusal names the narrower grant that was tried first, not the one that is missing.
        whom = request.acts_as.user
        resource = "users and groups" if request.acts_as.groups else "users"
    permission = Permission(verb="impersonate", resource=resource)
    return Forbidden(what=whom, does="act as", detail=message, permission=permission)


def _may_not(user: str, denial: re.Match[str] | None, *, request: ClusterRequest) -> Text:
    """Return what the user may not do, in the server's words, or in the request's if the server gives none."""
    if denial is None:
        wanted = request.permission
        what = f"{wanted.verb} {wanted.resource}" if wanted else f"{request.does} {request.what}"
        return Text(en=f"{user} may not {what}", zh=f"{user} 无权 {what}")
    what, why = f"{denial['verb']} {denial['resource']}", denial["why"] or ""
    en, zh = (f" in {namespace}", f"在 {namespace} 中") if (namespace := denial["namespace"]) else ("", "")
    return Text(en=f"{user} may not {what}{en}{why}", zh=f"{user} 无权{zh} {what}{why}")


def _kind_of(code: int, message: str, request: ClusterRequest) -> type[ClusterError]:
    """Return the error class for a status without a class of its own."""
    if code < 500:
        return BadRequest
    if request.changes and not message.startswith(_REFUSED_BY_WEBHOOK):
        # Neither a proxy's 502 nor an etcd time-out says whether the write was stored.
        return OutcomeUnknown
    return ServerError


def unanswered_error(request: ClusterRequest, *, detail: str) -> ClusterError:
    """Return the error for a request that was sent and not answered."""
    kind = OutcomeUnknown if request.changes else TimedOut
    return kind(what=request.what, does=request.does, detail=detail)


def was_sent(error: BaseException) -> bool:
    """Return whether a request may have taken effect: not without a connection, nor if it was redirected."""
    return not isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL | RedirectRefused)


def is_reset(error: BaseException) -> bool:
    """Return whether an open connection was lost, as on an API server restart: a retry may reach another instance."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    return isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | OSError)


def unreachable_error(error: BaseException, *, what: str, origin: ConnectionOrigin) -> ClusterError:
    """Return the error for an exception raised instead of an answer."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            inner = getattr(error, "certificate_error", error)
            why = getattr(inner, "verify_message", "") or str(inner)
            detail, remedy = (
                f"{origin.subject} presents a certificate that is not trusted: {why}",
                f"check certificate-authority and tls-server-name of {origin.settings}",
            )
        case aiohttp.ClientSSLError() | ssl.SSLError():
            why = getattr(getattr(error, "os_error", error), "reason", None) or "handshake failed"
            detail, remedy = (
                f"{origin.subject}: TLS failed: {str(why).lower().replace('_', ' ')}",
                f"check that the server of {origin.settings} uses https and accepts {origin.credentials}",
            )
        case aiohttp.ClientConnectorDNSError():
            detail, remedy = f"{origin.subject}: the host name is not known", origin.remedy
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            detail, remedy = (
                f"{origin.subject}: the proxy does not work",
                f"check proxy-url of {origin.settings}, or HTTPS_PROXY",
            )
        case aiohttp.ClientConnectorError():
            why = (error.os_error.strerror or "no connection").lower()
            # aiohttp wraps the system's reason: "connect call failed ('127.0.0.1', 1)".
            plain = "connection refused" if why.startswith("connect call failed") else why
            detail, remedy = f"{origin.subject}: {plain}", origin.remedy
        case _ if is_reset(error):
            detail, remedy = f"{origin.subject}: the connection was closed before the answer was complete", ""
        case aiohttp.InvalidURL():
            detail, remedy = f"{origin.subject} is not a URL", f"check the server of {origin.settings}"
        case RedirectRefused():
            detail, remedy = (
                f"{origin.subject} redirects to {error.host or 'no valid address'}, which is refused: credentials are"
                " sent to the configured address only",
                f"if that is the API server, set it as the server of {origin.settings}",
            )
        case _:
            detail, remedy = f"{origin.subject}: {type(error).__name__}: {error}", origin.remedy
    return Unreachable(what=what, detail=detail, remedy=remedy)
