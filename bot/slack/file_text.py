"""Bytes of a pasted file as text: what people share as logs comes in several encodings, and packed."""

from __future__ import annotations

import codecs
import zlib
from itertools import islice
from typing import Final

_GZIP: Final = b"\x1f\x8b"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Looked at to tell text from something else.
_SAMPLE: Final = 4096
# An encoding is the right one if so much of what is beyond ASCII reads well in it. In a wrong one, a letter with an
# accent reads as an error, or as a rare character together with what follows it.
_READS_WELL: Final = 0.7


class NotText(Exception):
    """The bytes are no text."""


class TooLarge(Exception):
    """Unpacked, there is more than is read."""


def unpacked(content: bytes, *, limit: int) -> bytes:
    """The content of a gzip file, anything else as it is. Raises TooLarge beyond `limit` bytes, NotText if broken."""
    result = b""
    while content.startswith(_GZIP):
        packed = zlib.decompressobj(wbits=31)
        try:
            result += packed.decompress(content, limit + 1 - len(result))
        except zlib.error as error:
            raise NotText from error
        if len(result) > limit:
            raise TooLarge
        if not packed.eof:
            raise NotText
        # Rotated logs are often several packed files in one.
        content = packed.unused_data
    return result or content


def decoded(content: bytes) -> str:
    """UTF-8, or UTF-16 and UTF-32 with their mark; else what it most likely is, of UTF-8, GB 18030 and Latin-1.

    Raises NotText.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _strictly(content, encoding)
    if b"\0" in content:
        return _without_mark(content)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = _likely(content)
    sample = text[:_SAMPLE]
    odd = sum(1 for character in sample if character < " " and character not in "\t\n\r\x0b\x0c\x1b\b")
    if odd + sample.count("\ufffd") > len(sample) // 20:
        raise NotText
    return text


def _likely(content: bytes) -> str:
    """Text with errors in it, as where a line was cut within a character, or in an older encoding."""
    for encoding, reads_well in (("utf-8", _is_no_error), ("gb18030", _is_in_daily_use)):
        text = content.decode(encoding, "replace")
        beyond = list(islice((character for character in text if not character.isascii()), _SAMPLE))
        if sum(map(reads_well, beyond)) >= _READS_WELL * len(beyond):
            return text
    return content.decode("cp1252", "replace")


def _is_no_error(character: str) -> bool:
    return character != "\ufffd"


def _is_in_daily_use(character: str) -> bool:
    """Whether it is among GB 2312's symbols or in its first level, which holds the 3755 most used characters."""
    row = character.encode("gb2312", "replace")[0]
    return 0xA1 <= row <= 0xA9 or 0xB0 <= row <= 0xD7


def _without_mark(content: bytes) -> str:
    """UTF-16 as some tools of Windows write it: of ASCII text every other byte is zero."""
    even, odd = content[:_SAMPLE:2], content[1:_SAMPLE:2]
    if odd and odd.count(0) > 0.8 * len(odd) and not even.count(0):
        return _strictly(content, "utf-16-le")
    if even and even.count(0) > 0.8 * len(even) and not odd.count(0):
        return _strictly(content, "utf-16-be")
    raise NotText


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotText from error
