"""Hide values under a name that says "secret": `password=…`, `"clientSecret": "…"`, an env entry's value.

Values that are plainly no secret stay: a placeholder, a path, the name of a Secret object, or the next part of an error
message (`cannot fetch token: x509: …`). Works on UTF-8 bytes: RE2 then needs no conversion of offsets, and every
delimiter is ASCII.
"""

from __future__ import annotations

from typing import Any, Final

import re2

MARK: Final = b"[redacted]"

Match = Any  # re2 ships no types

# Kinds of keys that are secrets; other keys name buttons, map entries or rows.
KEYS: Final = (
    rb"(?:api|access|private|secret|account|encryption|signing|master|session|cookie|webhook|license|integration"
    rb"|routing|jwt|hmac|aes)[_.-]?key"
)
# Suffixes of such names: SECRET_KEY_BASE, token-v2, PASSWORD_OLD.
_WHICH: Final = (
    rb"(?:[_-]?(?:base64|base|b64|current|previous|old|new|primary|secondary|value|raw|plain|plaintext|v[0-9]))?"
)
# `pass` occurs inside other words (bypass, compass), so it must stand alone or after a separator.
_NAME: Final = (
    rb"(?:[A-Za-z0-9_.-]*?(?i:(?:password|passwd|passphrase|pwd|secret[_-]?id|secret|token|"
    + KEYS
    + rb"|credentials?)"
    + _WHICH
    + rb")[0-9]?"
    rb"|(?:[A-Za-z0-9_.-]*[_.-])?(?i:pass)|[a-z0-9]+Pass"
    rb"|(?i:client-key-data|client-certificate-data|certificate-authority-data|x-amz-signature))"
)
_OPEN: Final = rb"\\*[\"']?"
# Marks around a name in a chat: `DB_PASSWORD`, *password*, “token”.
_SET_OFF: Final = rb"(?:\\*[\"']?|`|\*{1,2}|_{1,2}|" + "“|”".encode() + rb")"
# A quoted value with its quotes, at any depth of escaped JSON; or a bare one up to white space, escaped or not.
_VALUE: Final = (
    rb"(\"(?:[^\"\\\n]|\\[^\n])*\"|\\+\"[^\"\\\n]*\\+\"|'[^'\n]*'"
    rb"|`[^`\n]+`|" + "“[^”\n]*”".encode() + rb"|~[^\s~/]+~"
    rb"|[^\s\"'`=~\\](?:[^\s\"'`\\]|\\[^\snrt\"'\\])*"
    # Cut off before its closing quote.
    rb"|\\*[\"'][^\"'\\\n]+)"
)
CHINESE_NAME: Final = "密码|口令|密钥|令牌|私钥".encode()
WIDE_COLON: Final = "：".encode()
_SECRET_NAME: Final = re2.compile(_NAME)
_PAIRED: Final = re2.compile(
    rb"(" + _SET_OFF + rb"(?:\b" + _NAME + rb"|" + CHINESE_NAME + rb")" + _SET_OFF + rb")"
    # In a URL within a URL the sign is %3D.
    rb"([ \t]*(?::|" + WIDE_COLON + rb"|=>?|%3[Dd])[ \t]*)" + _VALUE
)
_TAGGED: Final = re2.compile(rb"(<[\w:.-]*" + _NAME + rb")(>)([^<>\n]+)</")
_ENVIRONMENT: Final = re2.compile(
    rb"((?i:name)" + _OPEN + rb"\s*:\s*" + _OPEN + _NAME + _OPEN + rb")"
    rb"(\s*,?\s*" + _OPEN + rb"(?i:value)" + _OPEN + rb"\s*:[ \t]*)" + _VALUE
)
# Quotes around a value: a quoted value ends at its closing quote.
_QUOTES: Final = b"\\\"'`~"
_CURLY: Final = ("“".encode(), "”".encode())
_DELIMITER: Final = re2.compile(rb"([&;,])")

# Names of objects are references, not values: secret="default/db", imagePullSecret: regcred.
_REFERENCE: Final = re2.compile(rb"[a-z0-9][a-z0-9./-]*")
_REFERRING_NAME: Final = re2.compile(rb"(?i:secret|.*(?:pull|tls|ca|cert|image|ref|name)[_-]?secret)")
_PLACEHOLDER: Final = re2.compile(
    rb"(?i:<.*|\$[({].*|\{\{.*|%[({].*|[*]+|x{3,}|[.]{3,}|null|nil|none|true|false|undefined|string|strings|stringarray|\[?redacted\]?|"
    rb"/(?:var|etc|run|home|root|tmp|mnt|opt|usr|secrets?)/.*)"
)
# etcd's cluster token only distinguishes clusters; it is not a credential.
_HARMLESS_NAME: Final = re2.compile(rb"(?i:.*cluster[_-]token)")
_SHORTEST: Final = 3
_WORD: Final = re2.compile(rb"[A-Za-z]+[.,;!?)]*|[\x80-\xff].*")
_SHORT_NUMBER: Final = re2.compile(rb"[0-9]{1,5}[.,;)]*")
# Where YAML, INI files, `kubectl describe` and shell scripts put a name: first in its line or in its braces.
_FIRST_IN_LINE: Final = re2.compile(rb"(?:^|\n)[\s>#+*|-]*(?:export[ \t]+)?$")
_FIRST_IN_BRACES: Final = re2.compile(rb"[{,][ \t]*$")
_LOOK_BACK: Final = 80


# If none of these matches, `hide_by_name` leaves a text as it is.
PATTERNS: Final = (_ENVIRONMENT, _TAGGED, _PAIRED)


def holds_secret(name: str, value: str) -> bool:
    """Return whether the value of this key, variable or flag is a credential: DB_PASSWORD, clientSecret, api-key."""
    raw = name.encode("utf-8", "replace")
    # Annotation keys are domain/name.
    raw = raw.rpartition(b"/")[2]
    return bool(_SECRET_NAME.fullmatch(raw)) and not is_no_secret(raw, value.encode("utf-8", "replace"))


def hide_by_name(text: bytes) -> bytes:
    """Return `text` with `[redacted]` for the values of names that say "secret"."""
    text = _ENVIRONMENT.sub(hide_value, text)
    text = _TAGGED.sub(_hide_tagged, text)
    return bytes(_PAIRED.sub(_hide_pair, text))


def _hide_tagged(found: Match) -> bytes:
    whole, shown = bytes(found[0]), hide_value(found)
    return whole if shown == whole else shown + b"</"


def masked(value: bytes) -> bytes:
    """Return the mark in the quotes that the value had."""
    if value.startswith(_CURLY[0]):
        return _CURLY[0] + MARK + _CURLY[1]
    opening = value[: len(value) - len(value.lstrip(_QUOTES))]
    return opening + MARK + opening


def hide_value(found: Match) -> bytes:
    """Replace the third group, the value; keep what precedes it."""
    value: bytes = found[3]
    if is_no_secret(b"", value):
        return bytes(found[0])
    return bytes(found[1] + found[2] + masked(value))


def is_no_secret(name: bytes, value: bytes) -> bool:
    """Return whether the value is plainly no secret: a placeholder, a path, the name of a Secret object."""
    inner = value.removeprefix(_CURLY[0]).removesuffix(_CURLY[1]).strip(_QUOTES)
    if len(inner) < _SHORTEST or _PLACEHOLDER.fullmatch(inner) or _HARMLESS_NAME.fullmatch(name):
        return True
    return bool(_REFERRING_NAME.fullmatch(name) and _REFERENCE.fullmatch(inner))


def _hide_pair(found: Match) -> bytes:
    name, gap, value = bytes(found[1]), bytes(found[2]), bytes(found[3])
    bare_name = name.strip(_QUOTES + b"*_\xe2\x80\x9c\x9d")
    if _is_quoted(value):
        prose = b"=" not in gap and _is_prose(found)
        shown = value if prose or is_no_secret(bare_name, value) else masked(value)
    elif b"=" in gap or b"%" in gap:
        shown = _hide_assigned(bare_name, value)
    else:
        body = value.rstrip(b",;)}]")
        shown = value if is_no_secret(bare_name, body) or _is_prose(found) else MARK + value[len(body) :]
    return name + gap + shown


def _is_quoted(value: bytes) -> bool:
    return value[:1] in _QUOTES or value.startswith(_CURLY[0])


def _hide_assigned(name: bytes, value: bytes) -> bytes:
    """Hide a bare value to its end, but not the next pair of a query or connection string."""
    shown: list[bytes] = []
    secret = False
    for position, piece in enumerate(_DELIMITER.split(value)):
        key, is_pair, rest = piece.partition(b"=")
        if position == 0:
            secret = not is_no_secret(name, piece)
            shown.append(MARK if secret else piece)
        elif is_pair and position % 2 == 0:
            bare_key = key.strip(b"\\\"'")
            secret = bool(_SECRET_NAME.fullmatch(bare_key)) and not is_no_secret(bare_key, rest)
            shown.append(key + b"=" + MARK if secret else piece)
        elif not secret or position % 2:
            shown.append(piece)
    return b"".join(shown)


def _is_prose(found: Match) -> bool:
    """Return whether `name: value` is part of a sentence rather than a key with its value."""
    name, gap, value = found[1], found[2], found[3]
    if name[:1] in b"\\\"'":
        # The kubelet quotes a volume's name before its error: for volume "token" : secret "x" not found
        return bool(gap[:1].isspace() and not _is_quoted(value))
    text, start, end = found.string, found.start(), found.end()
    before = text[max(0, start - _LOOK_BACK) : start]
    if _FIRST_IN_BRACES.search(before):
        return False
    first = bool(_FIRST_IN_LINE.search(before)) and (start <= _LOOK_BACK or b"\n" in before)
    if _is_quoted(value):
        return not first and b" " in value
    if value.endswith(b":") or text[end : end + 6] == b" bytes":
        return True
    if not gap[-1:].isspace():
        return bool(value[:1] >= b"\x80")
    rest = text[end : end + _LOOK_BACK].partition(b"\n")[0].strip()
    if first and (not rest or rest.startswith(b"#")):
        return False
    return bool(_WORD.fullmatch(value) or _SHORT_NUMBER.fullmatch(value))
