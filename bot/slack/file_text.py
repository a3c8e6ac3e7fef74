"""Decode a pasted file to text: shared logs come in several encodings and compressed."""

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
# Number of bytes that are inspected to tell text from binary data.
_SAMPLE: Final = 4096
# An encoding counts as right if at least this share of the non-ASCII part decodes to common characters. In a wrong
# one, a letter with an accent decodes to an error, or to a rare character together with the next letter.
_READS_WELL: Final = 0.7


class NotText(Exception):
    """Error: the bytes are not text."""


class TooLarge(Exception):
    """Error: the decompressed content exceeds the limit."""


def unpacked(content: bytes, *, limit: int) -> bytes:
    """Decompress gzip; return other content unchanged. Raise TooLarge beyond `limit` bytes, NotText if broken."""
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
        # Rotated logs are often several gzip members in one file.
        content = packed.unused_data
    return result or content


def decoded(content: bytes) -> str:
    """Decode UTF-8, or UTF-16 and UTF-32 with their mark; else the most likely of UTF-8, GB 18030 and Latin-1.

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
    """Decode text with errors, for example cut within a character, or in an older encoding."""
    for encoding, reads_well in (("utf-8", _is_no_error), ("gb18030", _is_in_daily_use)):
        text = content.decode(encoding, "replace")
        beyond = list(islice((character for character in text if not character.isascii()), _SAMPLE))
        if sum(map(reads_well, beyond)) >= _READS_WELL * len(beyond):
            return text
    return content.decode("cp1252", "replace")


def _is_no_error(character: str) -> bool:
    return character != "\ufffd"


def _is_in_daily_use(character: str) -> bool:
    """Tell whether a character is a GB 2312 symbol or in its first level, the 3755 most used characters."""
    row = character.encode("gb2312", "replace")[0]
    return 0xA1 <= row <= 0xA9 or 0xB0 <= row <= 0xD7


def _without_mark(content: bytes) -> str:
    """Detect UTF-16 without a mark, as some Windows tools write it: every other byte of ASCII text is zero."""
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
