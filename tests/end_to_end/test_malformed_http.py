"""Malformed HTTP over raw sockets: every request gets a status below 500, no traceback is logged, and others go on."""

from __future__ import annotations

import asyncio
import gzip
import random
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.process import configure_logging
from bot.diagnosing import Engine
from bot.settings import LogFormat, LogLevel
from tests.end_to_end.test_alerts_webhook import BODY, TO_CHANNEL, TOKEN
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.workplace import Workplace, workplace

SLACK = "/slack/events"
CHALLENGE = b'{"type": "url_verification", "challenge": "c", "token": "t"}'
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PATHS = (SLACK, "/slack/commands", "/slack/interactive", "/alerts", "/healthz", "/readyz", "/metrics", "/nowhere")
RAW_DEFLATE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
BOMB = gzip.compress(bytes(64 << 20))
DEFLATE_BOMB = zlib.compress(bytes(64 << 20))
GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 100,
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /slack/events HTTP/1.1\r\n: no name\r\n\r\n",
    b"POST /slack/events HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"POST /slack/events HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /slack/events HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n",
    b"POST /slack/events HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /slack/events HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    b"POST /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"POST /slack/events HTTP/1.1\r\nX: \x00\x01\r\n\r\n",
    b"POST /slack/events HTTP/1.1\r\nX-Slack-Signature: v0=\xff\xfe\r\nContent-Length: 0\r\n\r\n",
    b"POST /slack/events HTTP/1.1\r\nContent-Type: \xff; charset=\xff\r\nContent-Length: 2\r\n\r\n{}",
    b"POST http://[::1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    b"POST //\\..%00%ff?%zz HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\n\r\n",
    b"CONNECT x:1 HTTP/1.1\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"POST /alerts HTTP/1.1\r\nExpect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}",
)
BAD_CHUNKS = (
    b"zz\r\nx\r\n0\r\n\r\n",
    b"5\r\nab",
    b"2\r\nabc\r\n0\r\n\r\n",
    b"-1\r\n\r\n",
    b"f" * 40 + b"\r\n",
    b"\r\n",
)


def request(path: str, body: bytes, headers: dict[str, str], method: str = "POST", *, length: int = -1) -> bytes:
    """Return the request; `length` replaces the true Content-Length, and 0 means chunks."""
    sized = "Transfer-Encoding: chunked" if not length else f"Content-Length: {len(body) if length < 0 else length}"
    lines = [f"{method} {path} HTTP/1.1", "Host: x", sized, *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def compressed(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (Content-Encoding, body) that do not fit: broken, cut off, too large or not supported."""
    whole = gzip.compress(body)
    yield from ((encoding, body) for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "\x80"))
    yield from (("gzip", whole[:end]) for end in (0, 1, 9, 15, len(whole) // 2, len(whole) - 1))
    yield "gzip", whole + b"more"
    yield "gzip", whole[:-8] + bytes(8)
    yield "deflate", zlib.compress(body)[:-2]
    yield "br", whole
    yield "gzip", BOMB
    yield "deflate", DEFLATE_BOMB


def malformed(at: Workplace) -> Iterator[bytes]:
    """Yield unsigned, signed and authorised requests that are malformed."""
    for path in PATHS:
        body, headers = (BODY, BEARER) if path == "/alerts" else (CHALLENGE, at.slack.sign(CHALLENGE))
        json = {"Content-Type": "application/json"}
        for method in ("POST", "GET", "PUT"):
            for known in ({}, headers):
                for encoding, packed in compressed(body):
                    yield request(path, packed, json | known | {"Content-Encoding": encoding}, method)
                for chunks in BAD_CHUNKS:
                    yield request(path, chunks, json | known, method, length=0)
                yield request(path, body, json | known, method, length=len(body) + 10)
    yield from GARBAGE
    chance = random.Random(40)
    whole = request(SLACK, CHALLENGE, {"Content-Type": "application/json", **at.slack.sign(CHALLENGE)})
    for _ in range(400):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed[: chance.randint(1, len(changed))] if chance.random() < 0.3 else changed)


async def status_of(port: int, raw: bytes, *, within_s: float = 15.0) -> int:
    """Return the status of the first response; 0 if none comes, as after half of a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        async with asyncio.timeout(within_s):
            line = await reader.readline()
        return int(line.split()[1]) if line.startswith(b"HTTP/") else 0
    except (ConnectionError, TimeoutError):
        return 0
    finally:
        writer.close()


@pytest.mark.timeout(60)
async def test_malformed_requests_get_a_status_below_500_and_signed_ones_go_on(
    tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    configure_logging(level=LogLevel.INFO, form=LogFormat.JSON)
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        port = int(at.app.url.rpartition(":")[2])
        signed = {"Content-Type": "application/json", **at.slack.sign(CHALLENGE)}
        seats = asyncio.Semaphore(64)

        async def answered(raw: bytes) -> int:
            async with seats:
                return await status_of(port, raw, within_s=0.1)

        requests = list(malformed(at))
        statuses = await asyncio.gather(*map(answered, requests))
        wrong = [(raw[:300], status) for raw, status in zip(requests, statuses, strict=True) if status >= 500]
        assert wrong == []
        assert len(requests) > 1_500
        assert Counter(statuses)[400] > 400

        assert await status_of(port, request(SLACK, CHALLENGE, signed)) == 200
        for pack, encoding in ((gzip.compress, "gzip"), (zlib.compress, "deflate")):
            assert (
                await status_of(port, request(SLACK, pack(CHALLENGE), signed | {"Content-Encoding": encoding})) == 200
            )
        raw_deflate = RAW_DEFLATE.compress(BODY) + RAW_DEFLATE.flush()
        packed = request("/alerts", raw_deflate, BEARER | {"Content-Encoding": "deflate"})
        assert await status_of(port, packed) == 200
    logged = caplog.text + "".join(capsys.readouterr())
    assert "malformed_request_rejected" in logged
    assert "Traceback" not in logged
    assert "Unhandled exception" not in logged


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_broken_or_endless_compression_is_the_senders_error_on_every_path(
    tmp_path: Path, engine: Engine, encoding: str
) -> None:
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        port = int(at.app.url.rpartition(":")[2])
        headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
        found = {path: await status_of(port, request(path, b"not packed", headers)) for path in PATHS[:4]}

        assert found == {**dict.fromkeys(PATHS[:3], 400), "/alerts": 401}
        assert await status_of(port, request("/alerts", b"not packed", BEARER | headers)) == 400
        bombs = [
            await status_of(port, request(path, BOMB, known | {"Content-Encoding": "gzip"}))
            for path, known in ((SLACK, {}), ("/alerts", {}), ("/alerts", BEARER), ("/nowhere", {}))
        ]
        assert bombs == [413, 401, 413, 404]
