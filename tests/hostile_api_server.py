"""Stand between Casebook and a simulated cluster as an API server that attacks its client.

Requests that the attack does not concern are passed on, so that a diagnosis gets as far as it would with a healthy
cluster. Each attack is a hand-written HTTP response, because no library would send most of them.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from bot.playground.kubernetes import SimulatedCluster

_CHUNK: Final = 1 << 16
_BIG: Final = 500 << 20
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
_ITEM: Final = json.dumps(
    {"metadata": {"name": "web", "namespace": "shop", "annotations": {"note": "x" * 500}}, "spec": {"containers": []}}
).encode()
_LARGE_ITEM: Final = json.dumps(
    {"metadata": {"name": "web", "namespace": "shop", "managedFields": [{"f": {}}] * 8_000}}
).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """An attack on the requests for which `concerns` is true; `send` yields the bytes of the response."""

    concerns: Callable[[str], bool]
    send: Callable[[str], AsyncIterator[bytes]]


@dataclass(slots=True)
class HostileApiServer:
    """An API server at `url`; `attacked` holds the targets that were attacked, `sent` counts the attack's bytes."""

    url: str
    kubeconfig: Mapping[str, Any]
    attacked: list[str] = field(default_factory=list)
    sent: int = 0


@asynccontextmanager
async def hostile_api_server(cluster: SimulatedCluster, attack: Attack) -> AsyncIterator[HostileApiServer]:
    """Serve `attack` before a running cluster."""
    hostile = HostileApiServer("", {})
    open_connections: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_connections.add(task)
        task.add_done_callback(open_connections.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _serve(reader, writer)
        writer.close()

    async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.splitlines()
        method, target, _ = first.split(" ")
        headers = {name: value for name, _, value in (line.partition(": ") for line in lines if line)}
        length = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
        body = await reader.readexactly(length) if length else b""
        if attack.concerns(target):
            hostile.attacked.append(target)
            async for part in attack.send(target):
                writer.write(part)
                hostile.sent += len(part)
                await writer.drain()
            return
        async with session.request(method, f"{cluster.url}{target}", data=body, headers=headers) as answer:
            content = await answer.read()
            kind = answer.headers.get("Content-Type", "application/json")
            writer.write(
                f"HTTP/1.1 {answer.status} {answer.reason}\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
                + content
            )
            await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    hostile.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    config = json.dumps(cluster.kubeconfig())
    hostile.kubeconfig = json.loads(config.replace(cluster.url, hostile.url))
    try:
        async with aiohttp.ClientSession() as session:
            yield hostile
    finally:
        server.close()
        for task in open_connections:
            task.cancel()


def is_list(target: str) -> bool:
    """Tell whether a request lists objects."""
    path = urlsplit(target).path
    return path.startswith(("/api/v1/", "/apis/")) and path.rpartition("/")[2].endswith("s") and "/log" not in path


def is_log(target: str) -> bool:
    """Tell whether a request reads a container's log."""
    return urlsplit(target).path.endswith("/log")


def is_read(target: str) -> bool:
    """Tell whether a request reads anything but the version, which the connection is checked with."""
    return not target.startswith("/version")


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


async def _list_without_limit(_target: str) -> AsyncIterator[bytes]:
    yield _HEAD + b"\r\n" + _chunk(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[' + _ITEM)
    items = (b"," + _ITEM) * (_CHUNK // len(_ITEM))
    for _ in range(_BIG // len(items)):
        yield _chunk(items)
    yield _chunk(b"]}") + b"0\r\n\r\n"


async def _endless_body(_target: str) -> AsyncIterator[bytes]:
    yield _HEAD + b"\r\n" + _chunk(b'{"items":[')
    while True:
        yield _chunk(b"{}," * (_CHUNK // 3))


async def _endless_pages(_target: str) -> AsyncIterator[bytes]:
    page = b'{"kind":"PodList","metadata":{"continue":"again"},"items":[' + b",".join([_LARGE_ITEM] * 100)
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    yield b"Content-Length: %d\r\n\r\n%s" % (len(page) + 2, page + b"]}")


async def _slow_pages(_target: str) -> AsyncIterator[bytes]:
    page = b'{"kind":"PodList","metadata":{"continue":"again"},"items":[]}'
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    yield b"Content-Length: %d\r\n\r\n%s" % (len(page), page)


async def _giant_object(target: str) -> AsyncIterator[bytes]:
    name = urlsplit(target).path.rpartition("/")[2].encode()
    yield _HEAD + b"\r\n" + _chunk(b'{"kind":"Pod","metadata":{"name":"%s","annotations":{"a":"' % name)
    for _ in range(_BIG // _CHUNK):
        yield _chunk(b"x" * _CHUNK)
    yield _chunk(b'"}}}') + b"0\r\n\r\n"


async def _dense_values(_target: str) -> AsyncIterator[bytes]:
    """Fifteen MiB of empty objects: Python needs 25 times as much memory for them."""
    yield _HEAD + b"\r\n" + _chunk(b'{"metadata":{},"items":[{}')
    for _ in range(5 * (1 << 20) // 20_000):
        yield _chunk(b",{}" * 20_000)
    yield _chunk(b"]}") + b"0\r\n\r\n"


async def _gzip_bomb(_target: str) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    yield _HEAD + b"Content-Encoding: gzip\r\n\r\n"
    for _ in range(_BIG // (1 << 20)):
        if packed := packer.compress(b" " * (1 << 20)):
            yield _chunk(packed)
    yield _chunk(packer.flush()) + b"0\r\n\r\n"


async def _endless_line(_target: str) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield _chunk(b"panic" * (_CHUNK // 5))


async def _endless_header(_target: str) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    while True:
        yield b"x" * _CHUNK


async def _endless_headers(_target: str) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in count():
        yield b"".join(b"X-%d-%d: %s\r\n" % (number, each, b"x" * 100) for each in range(500))


async def _endless_refusal(_target: str) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield _chunk(b"busy " * (_CHUNK // 5))


async def _drip(_target: str) -> AsyncIterator[bytes]:
    yield _HEAD + b"\r\n"
    while True:
        yield _chunk(b" ")
        await asyncio.sleep(0.2)


async def _deep_nesting(_target: str) -> AsyncIterator[bytes]:
    body = b'{"metadata":{},"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    yield _HEAD + b"\r\n" + _chunk(body) + b"0\r\n\r\n"


def redirect_to(url: str, *, status: int = 307) -> Attack:
    """Return an attack that redirects every read to the same target at `url`."""

    async def send(target: str) -> AsyncIterator[bytes]:
        yield f"HTTP/1.1 {status} Moved\r\nLocation: {url}{target}\r\nContent-Length: 0\r\n\r\n".encode()

    return Attack(concerns=is_read, send=send)


# Every attack that the memory of a process must survive.
ATTACKS: Final[Mapping[str, Attack]] = {
    "500 MB list in one answer": Attack(concerns=is_list, send=_list_without_limit),
    "endless body": Attack(concerns=is_read, send=_endless_body),
    "endless list of large pages": Attack(concerns=is_list, send=_endless_pages),
    "endless list of empty pages": Attack(concerns=is_list, send=_slow_pages),
    "one giant object": Attack(concerns=lambda target: is_read(target) and not is_list(target), send=_giant_object),
    "dense values": Attack(concerns=is_list, send=_dense_values),
    "gzip bomb": Attack(concerns=is_read, send=_gzip_bomb),
    "endless log line": Attack(concerns=is_log, send=_endless_line),
    "endless header": Attack(concerns=is_read, send=_endless_header),
    "endless headers": Attack(concerns=is_read, send=_endless_headers),
    "endless refusal": Attack(concerns=is_read, send=_endless_refusal),
    "slow drip": Attack(concerns=is_read, send=_drip),
    "deep nesting": Attack(concerns=is_read, send=_deep_nesting),
}
