"""Values under a name that says "secret": `password=…`, `"clientSecret": "…"`, `--token …`, an env entry's value.

The name condemns the value, unless the value is plainly none: a placeholder, a path, the name of a Secret object, or
the next link of an error's chain (`cannot fetch token: x509: …`). Works on UTF-8 bytes: RE2 then needs no conversion of
offsets, and every delimiter is ASCII.
"""

from __future__ import annotations

from typing import Any, Final

import re2

MARK: Final = b"[redacted]"

Match = Any  # re2 ships no types

# `pass` occurs inside other words (bypass, compass), so it must stand alone or after a separator.
_NAME: Final = (
    rb"(?:[A-Za-z0-9_.-]*?(?i:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    rb"|secret[_-]?key|account[_-]?key|encryption[_-]?key|signing[_-]?key|master[_-]?key|credentials?)[0-9]?"
    rb"|(?:[A-Za-z0-9_.-]*[_.-])?(?i:pass)|[a-z0-9]+Pass"
    rb"|(?i:client-key-data|client-certificate-data|certificate-authority-data|x-amz-signature))"
)
_OPEN: Final = rb"\\*[\"']?"
# A quoted value with its quotes, however deep the JSON it stands in was escaped; or a bare one up to white space,
# escaped or not.
_VALUE: Final = (
    rb"(\"(?:[^\"\\\n]|\\[^\n])*\"|\\+\"[^\"\\\n]*\\+\"|'[^'\n]*'"
    rb"|[^\s\"'`=~\\](?:[^\s\"'`\\]|\\[^\snrt\"'\\])*)"
)
_SECRET_NAME: Final = re2.compile(_NAME)
_CHINESE_NAME: Final = "密码|口令|密钥|令牌|私钥".encode()
_WIDE_COLON: Final = "：".encode()
_PAIRED: Final = re2.compile(
    rb"(" + _OPEN + rb"(?:\b" + _NAME + rb"|" + _CHINESE_NAME + rb")" + _OPEN + rb")"
    rb"([ \t]*(?::|" + _WIDE_COLON + rb"|=>?)[ \t]*)" + _VALUE
)
_FLAGGED: Final = re2.compile(
    rb"(--(?:[a-z0-9-]*-)?(?:password|passwd|token|secret|api-key|access-key|secret-key))([ \t]+)"
    rb"(\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'-][^\s\"']{5,})"
)
_ENVIRONMENT: Final = re2.compile(
    rb"((?i:name)" + _OPEN + rb"\s*:\s*" + _OPEN + _NAME + _OPEN + rb")"
    rb"(\s*,?\s*" + _OPEN + rb"(?i:value)" + _OPEN + rb"\s*:[ \t]*)" + _VALUE
)
_STATEMENT: Final = re2.compile(
    rb"((?i:identified by|\brequirepass|\bmasterauth))([ \t]+)(\"[^\"\n]*\"|'[^'\n]*'|[^\s\"';]+)"
)
_DELIMITER: Final = re2.compile(rb"([&;,])")

# Names of objects are references, not values: secret="default/db", imagePullSecret: regcred.
_REFERENCE: Final = re2.compile(rb"[a-z0-9][a-z0-9./-]*")
_REFERRING_NAME: Final = re2.compile(rb"(?i:secret|.*(?:pull|tls|ca|cert|image|ref|name)[_-]?secret)")
_PLACEHOLDER: Final = re2.compile(
    rb"(?i:<.*|\$[({].*|\{\{.*|%[({].*|[*]+|x{3,}|[.]{3,}|null|nil|none|true|false|undefined|\[?redacted\]?|"
    rb"/(?:var|etc|run|home|root|tmp|mnt|opt|usr|secrets?)/.*)"
)
# What etcd calls a token tells clusters apart and guards nothing.
_HARMLESS_NAME: Final = re2.compile(rb"(?i:.*cluster[_-]token)")
_SHORTEST: Final = 3
_WORD: Final = re2.compile(rb"[A-Za-z]+[.,;!?)]*|[\x80-\xff].*")
_SHORT_NUMBER: Final = re2.compile(rb"[0-9]{1,5}[.,;)]*")
# Where YAML, an INI file, `kubectl describe` or a shell script puts a name: first in its line, or first in its braces.
_FIRST_IN_LINE: Final = re2.compile(rb"(?:^|\n)[\s>#+*|-]*(?:export[ \t]+)?$")
_FIRST_IN_BRACES: Final = re2.compile(rb"[{,][ \t]*$")
_LOOK_BACK: Final = 80


def holds_secret(name: str, value: str) -> bool:
    """Whether the value under this key, variable or flag is a credential: DB_PASSWORD, clientSecret, api-key."""
    raw = name.encode("utf-8", "replace")
    return bool(_SECRET_NAME.fullmatch(raw)) and not _is_no_secret(raw, value.encode("utf-8", "replace"))


def hide(text: bytes) -> bytes:
    """`text` with `[redacted]` for the values of telling names."""
    text = _ENVIRONMENT.sub(_hide_plainly, text)
    text = _FLAGGED.sub(_hide_plainly, text)
    text = _STATEMENT.sub(_hide_plainly, text)
    return bytes(_PAIRED.sub(_hide_pair, text))


def hidden(value: bytes) -> bytes:
    """The mark in the quotes the value had."""
    opening = value[: len(value) - len(value.lstrip(b"\\\"'"))] if value[:1] in b"\\\"'" else b""
    return opening + MARK + opening


def _hide_plainly(found: Match) -> bytes:
    value: bytes = found[3]
    if _is_no_secret(b"", value):
        return bytes(found[0])
    return bytes(found[1] + found[2] + hidden(value))


def _is_no_secret(name: bytes, value: bytes) -> bool:
    inner = value.strip(b"\\\"'")
    if len(inner) < _SHORTEST or _PLACEHOLDER.fullmatch(inner) or _HARMLESS_NAME.fullmatch(name):
        return True
    return bool(_REFERRING_NAME.fullmatch(name) and _REFERENCE.fullmatch(inner))


def _hide_pair(found: Match) -> bytes:
    name, gap, value = bytes(found[1]), bytes(found[2]), bytes(found[3])
    bare_name = name.strip(b"\\\"'")
    if value[:1] in b"\\\"'":
        prose = b"=" not in gap and _is_prose(found)
        shown = value if prose or _is_no_secret(bare_name, value) else hidden(value)
    elif b"=" in gap:
        shown = _hide_assigned(bare_name, value)
    else:
        body = value.rstrip(b",;)}]")
        shown = value if _is_no_secret(bare_name, body) or _is_prose(found) else MARK + value[len(body) :]
    return name + gap + shown


def _hide_assigned(name: bytes, value: bytes) -> bytes:
    """What follows a bare value without white space is more of it, or the next pair of a query or connection string."""
    shown: list[bytes] = []
    secret = False
    for position, piece in enumerate(_DELIMITER.split(value)):
        key, is_pair, rest = piece.partition(b"=")
        if position == 0:
            secret = not _is_no_secret(name, piece)
            shown.append(MARK if secret else piece)
        elif is_pair and position % 2 == 0:
            bare_key = key.strip(b"\\\"'")
            secret = bool(_SECRET_NAME.fullmatch(bare_key)) and not _is_no_secret(bare_key, rest)
            shown.append(key + b"=" + MARK if secret else piece)
        elif not secret or position % 2:
            shown.append(piece)
    return b"".join(shown)


def _is_prose(found: Match) -> bool:
    """Whether `name: value` is a sentence going on rather than a key with its value."""
    name, gap, value = found[1], found[2], found[3]
    if name[:1] in b"\\\"'":
        # The kubelet names a volume and goes on: for volume "token" : secret "x" not found
        return bool(gap[:1].isspace() and value[:1] not in b"\\\"'")
    text, start, end = found.string, found.start(), found.end()
    before = text[max(0, start - _LOOK_BACK) : start]
    if _FIRST_IN_BRACES.search(before):
        return False
    first = bool(_FIRST_IN_LINE.search(before)) and (start <= _LOOK_BACK or b"\n" in before)
    if value[:1] in b"\\\"'":
        return not first and b" " in value
    if value.endswith(b":") or text[end : end + 6] == b" bytes":
        return True
    if not gap[-1:].isspace():
        return bool(value[:1] >= b"\x80")
    rest = text[end : end + _LOOK_BACK].partition(b"\n")[0].strip()
    if first and (not rest or rest.startswith(b"#")):
        return False
    return bool(_WORD.fullmatch(value) or _SHORT_NUMBER.fullmatch(value))
