r"""Read a text that was encoded for a URL, HTML or JSON as its plain text, and know where each byte came from.

Decodes `%3D`, `&quot;`, `&#61;`, `\u003d`, `\x3d`, `\"`, `\n` and `\/`, up to three layers deep. A secret found in the
plain text is hidden in the original.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from responses.late_patterns import LatePattern
from responses.secret_buffer import FILL, hidden

_ENCODED: Final = LatePattern(
    rb"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f]){2,4}|&(?:quot|apos|lt|gt|amp|equals|colon|nbsp);|&#(?:[0-9]{2,6}|[xX][0-9A-Fa-f]{2,5});"
    rb"|\\+u00[0-9a-fA-F]{2}|\\+u[4-9][0-9a-fA-F]{3}|\\+x[2-7][0-9a-fA-F]|\\+[\"'/nrt]"
)
_NAMED: Final = {
    b"quot": b'"', b"apos": b"'", b"lt": b"<", b"gt": b">", b"amp": b"&", b"equals": b"=",
    b"colon": b":", b"nbsp": b" ",
}  # fmt: skip
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_DEEPEST: Final = 3
PATTERNS: Final = (_ENCODED,)


class Layer:
    """The plain text of a buffer, and the place of each byte in it."""

    def __init__(self, buffer: bytes) -> None:
        self.original = buffer
        self.plain, self._starts = buffer, array("q", range(len(buffer) + 1))
        for _ in range(_DEEPEST):
            if not self._decode():
                break

    def _decode(self) -> bool:
        pieces: list[bytes] = []
        starts = array("q")
        at = 0
        for found in _ENCODED.finditer(self.plain):
            decoded = _decoded(bytes(found[0]))
            pieces += [self.plain[at : found.start()], decoded]
            starts.extend(self._starts[at : found.start()])
            starts.extend([self._starts[found.start()]] * len(decoded))
            at = found.end()
        if not pieces:
            return False
        pieces.append(self.plain[at:])
        starts.extend(self._starts[at:])
        self.plain, self._starts = b"".join(pieces), starts
        return True

    def hide(self, shown: bytes) -> bytes:
        """Return the original with everything hidden that is hidden in `shown`, the treated plain text."""
        if shown == self.plain:
            return self.original
        buffer = bytearray(self.original)
        for run in _HIDDEN.finditer(shown):
            first, last = self._starts[run.start()], self._starts[run.end()]
            buffer[first:last] = hidden(bytes(buffer[first:last]))
        return bytes(buffer)


_HIDDEN: Final = LatePattern(rb"\x1a+")


def _decoded(encoded: bytes) -> bytes:
    """Return the character of one escape; what cannot be a character becomes a question mark."""
    if encoded.startswith(b"%"):
        plain = bytes.fromhex(encoded.replace(b"%", b"").decode())
    elif encoded.startswith(b"&#"):
        digits = encoded[2:-1]
        code = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
        plain = chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else b"?"
    elif encoded.startswith(b"&"):
        plain = _NAMED[encoded[1:-1]]
    else:
        body = encoded.lstrip(b"\\")
        plain = (
            chr(int(body[1:], 16)).encode("utf-8", "replace")
            if body[:1] in b"ux" and len(body) > 1
            else _ESCAPED.get(body, body)
        )
    return b"?" if plain in (FILL, b"\0", b"") else plain


def encoded_spans(buffer: bytes) -> Iterator[tuple[int, int]]:
    """Yield where something is encoded."""
    return (found.span() for found in _ENCODED.finditer(buffer))
