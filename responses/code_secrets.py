"""Hide credentials that code passes by position: login("user", "…"), jwt.sign(payload, "…"), HMAC keys.

The name of the function says that one of its arguments is secret. Works on UTF-8 bytes, as `responses.named_secrets`
does.
"""

from __future__ import annotations

from typing import Final

from responses.late_patterns import LatePattern
from responses.secret_buffer import Match, hide_groups
from responses.secret_values import is_no_secret, is_sentence

_QUOTED: Final = rb"[bru@]?(?:\\?\"([^\"\n\\]{3,})\\?\"|'([^'\n]{3,})'|`([^`\n]{3,})`)"
_ARGUMENT: Final = rb"(?:[bru@]?(?:\\?\"[^\"\n]*\"|'[^'\n]*')|[\w.$&@:/-]+(?:\([^()\n]{0,40}\))?)"
_COMMA: Final = rb"\s*,\s*"

_CALLS: Final = tuple(
    LatePattern(pattern)
    for pattern in (
        # A user and the password: basicAuth("a", "…"), new NetworkCredential("a", "…")
        rb"(?i:\b(?:\w*basic_?auth(?:entication)?|db\.auth|\w*authenticat(?:e|or)|\w*(?:network|ps|client|username"
        rb"|usernamepassword|static)_?credentials?|usernamepassword\w*|\w*(?:login|log_in|signin|sign_in)"
        rb"|set_?credentials|with_?credentials|plainauth(?:enticator)?))\s*\(\s*"
        + _ARGUMENT + _COMMA + rb"(?:" + _ARGUMENT + _COMMA + rb")?" + _QUOTED + rb"\s*[,)]",
        # An address, a user, and the password.
        rb"(?i:\b(?:get_?connection|mysqli(?:_connect)?|pdo|\w*(?:mysql|mariadb|pg|db|sql|mongo|ftp|ssh|imap)\w*\.connect|\w+(?:\.|->|::)connect|connect_?db"
        rb"|newdatasource|login_?to))\s*\(\s*(?:" + _ARGUMENT + _COMMA + rb"){2}" + _QUOTED + rb"\s*[,)]",
        rb"(?i:\bPlainAuth)\s*\(\s*(?:" + _ARGUMENT + _COMMA + rb"){2}" + _QUOTED,
        # Keys for signing and encrypting.
        rb"(?i:\bjwt\.(?:sign|verify|encode|decode)|\bsign_?jwt|\bcreatehmac|\bhash_hmac|\bpgp_sym_(?:en|de)crypt|\b(?:en|de)crypt)\s*\(\s*"
        + _ARGUMENT + _COMMA + _QUOTED,
        rb"(?i:\bhmac\.new|\bfernet|\bhmac_?sha\w*|\bsigningkey|\bsecretkeyspec|\bcreatecipher\w*|\bcookieparser|\bcookie_?session)"
        rb"\s*\(\s*" + _QUOTED,
        rb"(?i:\bconvertto-securestring)(?:\s+-(?i:string|asplaintext|force))*\s+" + _QUOTED,
        # A default: 'password' => env('DB_PW', '…')
        rb"(?i:\b[\w.-]{0,40}(?:pass(?:word|wd|phrase)?|secret|token|(?:api|access|private)_?key)\\?[\"']?\s*(?:=>|:=|=|:)\s*"
        rb"[\w.]{2,40}\(\s*[\"'][\w.-]{1,60}[\"']\s*,\s*)" + _QUOTED + rb"\s*\)",
    )
)  # fmt: skip
# If none of these matches, `hide_in_code` leaves a text as it is.
PATTERNS: Final = _CALLS


def hide_in_code(buffer: bytes) -> bytes:
    """Return the buffer with such arguments hidden."""
    for pattern in _CALLS:
        buffer = bytes(pattern.sub(_hide, buffer))
    return buffer


def _hide(found: Match) -> bytes:
    group = next(number for number in range(1, found.re.groups + 1) if found[number] is not None)
    value = bytes(found[group])
    is_kept = is_no_secret(b"password", value) or is_sentence(value)
    return bytes(found[0]) if is_kept else hide_groups(found, group)
