"""Simulate Socket Mode: send each payload over one connection; the app acknowledges it by its envelope id."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot.playground.slack.records import AppResponse, Identity, Json, PayloadKind

_MOST_CONNECTIONS = 10
_LIFETIME = 18_060
_DEBUG_LIFETIME = 360
# Slack's clients treat a connection without pings as dead after 30 s.
_HEARTBEAT = 10.0


@dataclass(slots=True, kw_only=True)
class Connection:
    """An open socket and the envelopes that wait for their acknowledgement."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    def lost(self) -> None:
        """Fail every envelope that waits."""
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the socket closed before the envelope was acknowledged"))
        self.waiting.clear()


class SocketMode:
    """Tickets and connections of the app in Socket Mode. `wanted`: the app requested a connection at least once."""

    def __init__(self, *, identity: Identity) -> None:
        self._identity = identity
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._made = 0
        self._envelopes = 0
        self.wanted = False
        self.url = ""

    @property
    def count(self) -> int:
        """Return the number of open connections."""
        return len(self._connections)

    def ticket(self) -> str:
        """Return the address for one new connection."""
        self._made += 1
        self.wanted = True
        ticket = f"{self._made:08d}-simulated"
        self._tickets.add(ticket)
        return f"{self.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self._identity.app_id}"

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden(text="invalid_ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT)
        await socket.prepare(request)
        if len(self._connections) >= _MOST_CONNECTIONS:
            await socket.send_json(_goodbye("too_many_websockets"))
            await socket.close()
            return socket
        connection = Connection(socket=socket, transport=request.transport)
        self._connections.append(connection)
        try:
            await socket.send_json(self._hello(debug="debug_reconnects" in request.query))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    _acknowledge(connection, message.data)
        finally:
            self._forget(connection)
        return socket

    async def send(self, kind: PayloadKind, payload: Json, *, attempt: int, reason: str, within: float) -> AppResponse:
        """Send a payload over a random connection and return the response."""
        began = time.monotonic()
        if not self._connections:
            return AppResponse(reason="connection_failed")
        connection = random.choice(self._connections)
        self._envelopes += 1
        envelope_id = f"simulated-{self._envelopes:012d}"
        acknowledged: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = acknowledged
        envelope: Json = {
            "envelope_id": envelope_id, "type": kind.value, "payload": payload,
            "accepts_response_payload": kind is not PayloadKind.EVENT,
        }  # fmt: skip
        if kind is PayloadKind.EVENT:
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        try:
            async with asyncio.timeout(within):
                await connection.socket.send_json(envelope)
                answer = await acknowledged
        except (TimeoutError, ConnectionError) as error:
            reason = "timeout" if isinstance(error, TimeoutError) else "connection_failed"
            return AppResponse(seconds=time.monotonic() - began, reason=reason)
        finally:
            connection.waiting.pop(envelope_id, None)
        return AppResponse(status=200, body=answer, seconds=time.monotonic() - began)

    async def send_text(self, text: str) -> None:
        """Send exactly this over every connection: a broken envelope."""
        for connection in tuple(self._connections):
            await _send_if_open(connection, text)

    async def refresh(self, *, warning: float = 0.05) -> None:
        """Ask every connection to reconnect, as Slack does every few hours: warn, and disconnect after `warning` s."""
        leaving = tuple(self._connections)
        for connection in leaving:
            await _send_if_open(connection, json.dumps(_goodbye("warning")))
        await asyncio.sleep(warning)
        for connection in leaving:
            await _send_if_open(connection, json.dumps(_goodbye("refresh_requested")))
            self._forget(connection)
            await connection.socket.close()

    def drop(self) -> bool:
        """Reset a random connection without a word, as a lost network path does. Return whether there was one."""
        if not self._connections:
            return False
        connection = random.choice(self._connections)
        if connection.transport is not None:
            connection.transport.abort()
        self._forget(connection)
        return True

    async def close(self) -> None:
        """Close every connection."""
        for connection in tuple(self._connections):
            self._forget(connection)
            await connection.socket.close(code=1001)
        self.wanted = False

    def _forget(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        connection.lost()

    def _hello(self, *, debug: bool) -> Json:
        lifetime = _DEBUG_LIFETIME if debug else _LIFETIME
        return {
            "type": "hello", "num_connections": len(self._connections),
            "debug_info": {"host": "simulated", "build_number": 1, "approximate_connection_time": lifetime},
            "connection_info": {"app_id": self._identity.app_id},
        }  # fmt: skip


def _goodbye(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "simulated"}}


async def _send_if_open(connection: Connection, text: str) -> None:
    if not connection.socket.closed:
        await connection.socket.send_str(text)


def _acknowledge(connection: Connection, text: str) -> None:
    try:
        message = json.loads(text)
    except ValueError:
        return
    if not isinstance(message, dict):
        return
    waiting = connection.waiting.get(str(message.get("envelope_id", "")))
    if waiting is not None and not waiting.done():
        waiting.set_result(message.get("payload", ""))
