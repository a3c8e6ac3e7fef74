"""Check the settings, and whether the address to listen on is free."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
from collections.abc import Iterator
from typing import Final

from bot.doctor.checks import Check, CheckState
from bot.settings import Examined, variable

AREA: Final = "settings"
_ASK_S: Final = 2.0
_LARGEST: Final = 1 << 16
_LISTEN: Final = variable("listen")


async def examine_environment(examined: Examined) -> tuple[Check, ...]:
    """Check the environment variables and the address."""
    found = list(_understood(examined))
    if "listen" not in examined.malformed:
        found.append(await _listening(examined.settings.listen))
    return tuple(found)


def _understood(examined: Examined) -> Iterator[Check]:
    for problem in examined.problems:
        yield Check(
            area=AREA,
            what=problem.partition(" ")[0],
            state=CheckState.MISSING,
            says=problem,
            remedy="correct it, or unset it to use the default",
        )
    if not examined.problems:
        yield Check(area=AREA, what="variables", says="every CASEBOOK_… variable is valid")


async def _listening(listen: str) -> Check:
    """Check whether the address is free, or report the status of a bot that already listens there."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        await asyncio.to_thread(_bind, host, int(port))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        if error.errno == errno.EADDRINUSE:
            status = await _status(host, int(port))
            if status:
                return Check(area=AREA, what=_LISTEN, says=f"{listen}: Casebook already listens there, and is {status}")
            reason = "another program listens there"
        return Check(
            area=AREA,
            what=_LISTEN,
            state=CheckState.MISSING,
            says=f"{listen}: {reason}",
            remedy=f"set {_LISTEN} to a free address and port of this machine",
        )
    return Check(area=AREA, what=_LISTEN, says=f"{listen} is free")


def _bind(host: str, port: int) -> None:
    """Bind the address for a moment. Raise OSError."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as tried:
            if os.name == "posix":
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)


async def _status(host: str, port: int) -> str:
    """Return the status in /readyz at the address; "" if the server there is not Casebook."""
    reachable = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        async with asyncio.timeout(_ASK_S):
            reader, writer = await asyncio.open_connection(reachable, port)
            try:
                writer.write(f"GET /readyz HTTP/1.0\r\nHost: {reachable}\r\n\r\n".encode())
                answer = b""
                while len(answer) < _LARGEST and (more := await reader.read(_LARGEST)):
                    answer += more
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""
    try:
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
    except ValueError:
        return ""
    status = body.get("status") if isinstance(body, dict) else None
    problems = body.get("problems") if isinstance(body, dict) else None
    if not isinstance(status, str):
        return ""
    listed = "; ".join(f"{part}: {why}" for part, why in problems.items()) if isinstance(problems, dict) else ""
    return f"{status} ({listed})" if listed else status
