r"""Read a text past what a terminal obeys and what no reader sees: escape sequences, invisible characters, odd blanks.

A colour may stand in the middle of `PASSWORD=…`, or end right before a token. So the stages run again on readings of
the text, and what they hide there is hidden in the original: without the codes, with a boundary for each code, and with
the letter that ends a code, which may be the first one of a secret. Codes that a log has written out as `\u001b[31m`,
`^[[31m` or `[31m` count as well, because reading a paste removes them too. Works on UTF-8 bytes.
"""

from __future__ import annotations

from typing import Final

from responses.redaction.buffer import Hide, LatePattern, Match

Reading = tuple[LatePattern, LatePattern | None, Hide]

_ESC: Final = rb"(?:\x1b|\\+(?:x1[bB]|u001[bB]|033|e)|\^\[|\x{241b})"
_BELL: Final = rb"(?:\x07|\x1b\\|\x{9c}|\\+(?:x07|u0007|007|a)|\^G)"
_PARAMETERS: Final = rb"[0-?]{0,100}[ -/]{0,4}"
_CSI: Final = rb"(?:" + _ESC + rb"\[|\x{9b})" + _PARAMETERS
# OSC, DCS and similar hide their text, if terminated: titles, the addresses of links.
_STRING: Final = rb"(?:" + _ESC + rb"[\]PX^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x07\x1b\x{9c}\n]*?" + _BELL
_SHORT: Final = rb"\x1b[ -/]{0,4}"
# The characters that Unicode says are not shown, controls, and the replacement character; and as JSON writes them.
_INVISIBLE: Final = (
    rb"[\x00-\x08\x0b\x0c\x0e-\x19\x1c-\x1f\x7f-\x{84}\x{86}-\x{9f}\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}"
    rb"\x{180b}-\x{180f}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}"
    rb"\x{fff0}-\x{fffd}\x{1bca0}-\x{1bca3}\x{1d173}-\x{1d17a}\x{e0000}-\x{e0fff}]"
    rb"|\\+(?:u(?:0000|00[aA][dD]|200[b-fB-F]|202[a-eA-E]|206[0-9a-fA-F]|[fF][eE][fF][fF])|x00)"
)
_BREAK: Final = rb"\r\n?|[\x{2028}\x{2029}\x{85}]"
_BARE_COLOUR: Final = rb"\[(?:[0-9]{1,3};){0,4}[0-9]{1,3}m"

_BLANK: Final = rb"[\x{a0}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"

_BREAKS: Final = frozenset({b"\r\n", *(each.encode() for each in "\r\u2028\u2029\x85")})
_BLANKS: Final = frozenset(chr(code).encode() for code in (0xA0, 0x202F, 0x205F, 0x3000, *range(0x2000, 0x200B)))
_SPACING: Final = LatePattern(_BREAK + rb"|" + _BLANK)
_WHOLE: Final = LatePattern(
    rb"|".join((_BREAK, _BLANK, _STRING, _CSI + rb"[@-~]?", _SHORT + rb"[0-~]?", _BARE_COLOUR, _INVISIBLE))
)
_BEGUN: Final = LatePattern(rb"|".join((_BREAK, _BLANK, _STRING, _CSI, _SHORT, _INVISIBLE)))
_CODES: Final = LatePattern(rb"|".join((rb"\x1b", _CSI, _STRING, _BARE_COLOUR, _INVISIBLE)))


def _instead(code: bytes) -> Hide:
    def replaced(found: Match) -> bytes:
        text = found[0]
        return b"\n" if text in _BREAKS else b" " if text in _BLANKS else code

    return replaced


# For each reading, the places near which it differs from the text, what it replaces, and by what. The first one comes
# before the text as it is, in which a code looks like a value.
FIRST: Final[tuple[Reading, ...]] = ((_CODES, _WHOLE, _instead(b"")),)
OTHERS: Final[tuple[Reading, ...]] = (
    (_SPACING, _SPACING, _instead(b"")),
    (_CODES, _WHOLE, _instead(b"\0")),
    (_CODES, _BEGUN, _instead(b"\0")),
)
