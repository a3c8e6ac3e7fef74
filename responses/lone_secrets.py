"""Hide values that only their own look gives away: long mixes of cases and digits, and passwords with signs in them.

The value has to be assigned (`x=…`, `x: "…"`), quoted, or a word of its own; names of public values are known.
Works on UTF-8 bytes, as `responses.named_secrets` does.
"""

from __future__ import annotations

import re
from typing import Final

from responses.late_patterns import LatePattern
from responses.secret_buffer import FILL, Match, entropy, hide_groups
from responses.secret_shapes import PUBLIC_NAME
from responses.secret_values import looks_mixed

# name=…, "name": "…": forty characters as in keys of clouds.
_ASSIGNED: Final = LatePattern(
    rb"[A-Za-z0-9_.-]{1,40}\\*[\"']?\]?[ \t]*(?::=|=>|[:=])["
    rb" \t]*\\*[\"'`]?([A-Za-z0-9+/_-]{32,}={0,2})(?:[^A-Za-z0-9+/_.:@-]|\z)"
)
# A word with a sign in it, alone or quoted: Abc1!xyz9
_WORD: Final = LatePattern(
    rb"(?:^|[\s=:\"'`])[\"'`]?([A-Za-z0-9][A-Za-z0-9+_.-]{0,30}[!@#$%^&*?~][A-Za-z0-9!@#$%^&*?~+_.-]{0,30})[\"'`]?(?:[\s,;)\"'`]|\z)"
)
_SIGN: Final = re.compile(rb"[!#$^&*?~]|%(?![0-9A-Fa-f]{2})|@(?![A-Za-z0-9-]+\.)")
# A character of HTML: sshPassword&#61;
_ENTITY: Final = re.compile(rb"&(?:#[0-9xX]|(?:amp|quot|apos|lt|gt|equals|colon)\b)")
_PART: Final = re.compile(rb"[A-Za-z0-9]{12,}")
_FEW: Final = 3

# If none of these matches, `hide_lone` leaves a text as it is.
PATTERNS: Final = (_ASSIGNED, _WORD)


def hide_lone(buffer: bytes) -> bytes:
    """Return the buffer with such values hidden."""
    return bytes(_WORD.sub(_hide_word, _ASSIGNED.sub(_hide_assigned, buffer)))


def _hide_assigned(found: Match) -> bytes:
    value = bytes(found[1])[:200]
    letters = [value[at : at + 1] for at in range(len(value))]
    counts = (sum(map(bytes.isupper, letters)), sum(map(bytes.islower, letters)), sum(map(bytes.isdigit, letters)))
    before = found.string[max(0, found.start(1) - 60) : found.start(1)]
    is_key = min(counts) >= _FEW and entropy(value) > 4 and any(map(looks_mixed, _PART.findall(value)))
    return bytes(found[0]) if not is_key or PUBLIC_NAME.search(before) else hide_groups(found, 1)


def _hide_word(found: Match) -> bytes:
    value = bytes(found[1])
    is_mixed = 8 <= len(value) <= 32 and (
        any(65 <= each <= 90 for each in value)
        and any(97 <= each <= 122 for each in value)
        and any(48 <= each <= 57 for each in value)
    )
    if _ENTITY.search(value):
        return bytes(found[0])
    return hide_groups(found, 1) if is_mixed and _SIGN.search(value[1:]) and FILL not in value else bytes(found[0])
