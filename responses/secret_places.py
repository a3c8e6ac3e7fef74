"""Find names that announce a secret, and where their values may begin.

A place is a name with its surroundings. Its gaps are the separators that may follow it, each with the kind that
`responses.secret_separators` gives it. Works on UTF-8 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from responses.late_patterns import LatePattern
from responses.secret_buffer import Match
from responses.secret_names import CODE_KINDS, FOREIGN, KEY_KINDS, Level, level_of
from responses.secret_separators import CLOSE, GAPS, LATER_QUOTE, MOST_WORDS, SENTENCE_WORD, SPACE, TELLS

FOREIGN_NAME: Final = "|".join(FOREIGN).encode()
_KINDS: Final = "|".join(sorted(KEY_KINDS)).encode()
_CODES: Final = "|".join(sorted(CODE_KINDS)).encode()
_WORDED: Final = (
    rb"(?i:(?:" + _KINDS + rb")[ ]key(?:[ ][0-9]{1,2}\b)?"
    rb"|(?:" + _CODES + rb")[ _-]codes?"
    rb"|pass[ ](?:word|phrase|code)|ak/sk)"
)
NAME: Final = LatePattern(
    rb"\b" + _WORDED + rb"|[A-Za-z0-9_.$-]*(?:(?i:pass|pasw|psas|pssw|pwd|pw|secret|senha|heslo|haslo|contrasena"
    rb"|psw|mdp|clave|geheimnis|kennwort|wachtwoord|losenord|salasana|jelszo|parola|sifre|token|cred|psk|mnemonic|auth|jwt|otp|hmac|cookie|session|csrf|xsrf"
    rb"|bearer|signature|(?:"
    + _KINDS
    + rb")[_.-]?key|key\b)|(?:\b|_)(?i:sk|ak|sig|pin|pat|sid|c?nonce|seed|salt|pepper|phrase)\b)[A-Za-z0-9_.-]*"
    rb"|(?i:" + FOREIGN_NAME + rb")"
)
_LOOK_BACK: Final = 80
_LONGEST_NAME: Final = 120
# No separator is longer.
LOOK_AHEAD: Final = 200
# etcd's cluster token, the token of a list's next page, the checksum of a Secret in a pod template.
_OTHER_BEFORE: Final = re.compile(
    rb"(?:(?i:\b(?:cluster|page|next|continue|primary|foreign|sort|partition)[ ])"
    rb"|checksum/|--from-(?:env-)?file[= ]|^--- |\n\s*--- )\Z"
)
_FLAG: Final = re.compile(rb"(?:\A|[\s\"'\[({,;=`|])--?\Z")
_LINE_START: Final = re.compile(rb"(?:\A|\n)[\s>#+*|\"'`_-]*\Z")


@dataclass(frozen=True)
class Place:
    """A name in the text with its surroundings."""

    buffer: bytes
    start: int
    end: int
    name: bytes
    level: Level

    @cached_property
    def before(self) -> bytes:
        return self.buffer[max(0, self.start - _LOOK_BACK) : self.start]

    @property
    def is_flag(self) -> bool:
        return bool(_FLAG.search(self.before + self._dashes))

    @property
    def _dashes(self) -> bytes:
        raw = self.buffer[self.start : self.end]
        return raw[: len(raw) - len(raw.lstrip(b"-"))]

    @property
    def is_first_in_line(self) -> bool:
        before = self.before
        return bool(_LINE_START.search(before)) and (self.start <= _LOOK_BACK or b"\n" in before)


def place_of(buffer: bytes, found: Match) -> Place:
    """Return the place of a name that was found in the text."""
    # Only the end of a name tells, and it is kept in a cache.
    raw = bytes(found[0]).partition(b"..")[0]
    # A Java option: -Ddb.password=…
    name = raw[2 if raw[:2] in (b"-D", b"-P") else 0 :][-_LONGEST_NAME:].strip(b"-_.$")
    level = level_of(name.decode("utf-8", "replace"))
    start, end = found.span()
    if level and (buffer[start - 2 : start] == b"${" and buffer[end : end + 2] == b":?"):
        # What a shell says if the variable is not set.
        level = Level.NONE
    if level and (_OTHER_BEFORE.search(buffer[max(0, start - 16) : start]) or _is_in_arn(buffer, start)):
        level = Level.NONE
    # An arrow or leaders may follow the name directly.
    return Place(buffer, found.start(), found.start() + len(raw.rstrip(b"-.")), name, level)


def _is_in_arn(buffer: bytes, start: int) -> bool:
    """Return whether the name is a part of a resource of AWS: arn:aws:secretsmanager:eu-central-1:1:secret:db"""
    words = buffer[max(0, start - _LOOK_BACK) : start].split() if buffer[start - 1 : start] == b":" else ()
    return any(b"arn:" in word for word in words[-1:])


def gaps_after(place: Place) -> Iterator[tuple[str, bytes, int]]:
    """Yield the separators that may follow the name: kind, text and end."""
    end = place.end
    window = place.buffer[end : end + LOOK_AHEAD]
    close = CLOSE.match(window)
    start = close.end() if close else 0
    if start >= len(window):
        return
    has_value = b"alue" in window
    for kind, pattern in GAPS:
        if kind == "valued" and not has_value:
            continue
        if found := pattern.match(window, start):
            yield kind, window[: found.end()], end + found.end()
    if (words := TELLS.match(window, start)) and words.end() > start:
        yield "words", window[: words.end()], end + words.end()
    space = SPACE.match(window, start)
    at = space.end() if space else start
    yield "space", window[:at], end + at
    if place.level is not Level.TELLING:
        return
    words_end = _after_words(window, start)
    if words_end is not None:
        yield "sentence", window[:words_end], end + words_end
    if later := LATER_QUOTE.match(window, start):
        yield "quoted", window[: later.end()], end + later.end()


def _after_words(window: bytes, start: int) -> int | None:
    """Return where the first token of the line begins that is not a word."""
    line = window[start:].partition(b"\n")[0]
    at = start
    for token in line.split(None, MOST_WORDS + 1)[: MOST_WORDS + 1]:
        at = window.find(token, at)
        if not SENTENCE_WORD.match(token):
            return at if at > start else None
        at += len(token)
    return None
