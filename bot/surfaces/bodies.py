"""Read the body of a request within bounds of size and time, and decompress it.

The server itself decompresses nothing (`listen_on`), so a body that nobody reads costs nothing to unpack. A handler
reads a body with `read_body`; a body that cannot be read is the sender's fault and gets a status of 4xx.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from aiohttp import web

_READ_WITHIN_S: Final = 10.0
_PLAIN: Final = frozenset({"", "identity"})
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_DEFLATE: Final = "deflate"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
# The low half of a zlib stream's first byte; some senders leave its header out.
_ZLIB_METHOD: Final = 8


class BodyError(Exception):
    """A body that cannot be read: the `status` that its sender gets, and the reason in one line."""

    def __init__(self, status: int, says: str) -> None:
        super().__init__(says)
        self.status: Final = status


async def read_body(request: web.Request, *, limit: int) -> bytes:
    """Return the decompressed body, at most `limit` bytes. Raise BodyError."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in _PLAIN | _GZIP | {_DEFLATE}:
        raise BodyError(400, "its Content-Encoding is not supported; use gzip, deflate or none")
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(_READ_WITHIN_S):
            body = await _received(request, limit)
    except TimeoutError:
        raise BodyError(408, "the body did not arrive in time") from None
    except (web.RequestPayloadError, ConnectionError):
        raise BodyError(400, "the body was cut off or its chunks are malformed") from None
    return body if encoding in _PLAIN else _decompressed(body, encoding, limit)


async def _received(request: web.Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """Return what was compressed; stops at `limit`, however much more would follow."""
    stream = zlib.decompressobj(_GZIP_WINDOW if encoding in _GZIP else _deflate_window(body))
    try:
        whole = stream.decompress(body, limit + 1)
    except zlib.error:
        raise _broken(encoding) from None
    if len(whole) > limit:
        raise _too_large(limit)
    if not stream.eof or stream.unused_data:
        raise _broken(encoding)
    return whole


def _deflate_window(body: bytes) -> int:
    return zlib.MAX_WBITS if body and body[0] & 0xF == _ZLIB_METHOD else -zlib.MAX_WBITS


def _broken(encoding: str) -> BodyError:
    return BodyError(400, f"the body is not {encoding}, as its Content-Encoding says, or it was cut off")


def _too_large(limit: int) -> BodyError:
    return BodyError(413, f"the body is larger than {limit} bytes")
