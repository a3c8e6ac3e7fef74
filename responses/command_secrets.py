"""Hide values that a flag, a tool's short option, a statement or a sentence gives away as secrets.

Handles `--db-password …` (also as two elements of a list), `mysql -p…`, `--from-literal=key=…`, `IDENTIFIED BY '…'` and
"the password is …". Works on UTF-8 bytes, as `responses.named_secrets` does.
"""

from __future__ import annotations

from typing import Final

import re2

from responses.named_secrets import CHINESE_NAME, MARK, WIDE_COLON, Match, hide_value, is_no_secret

# The flag needs a delimiter before it: object names end like flags (mysql-root-password).
_FLAG: Final = (
    rb"(?:^|[\s\"'\[({,;=])--?(?:[A-Za-z0-9_-]*[_-])?"
    rb"(?i:password|passwd|passphrase|token|secret|(?:api|access|secret|signing|encryption)[_-]?key)"
)
_QUOTED: Final = rb"\"[^\"\n]*\"|'[^'\n]*'"
_FLAGGED: Final = re2.compile(rb"(" + _FLAG + rb")([ \t]+)(" + _QUOTED + rb"|[^\s\"'-][^\s\"']{5,})")
# As elements of a list, in JSON and line by line in YAML: "--password", "…".
_NEXT: Final = rb"\\*[\"']\s*,\s*"
_LISTED: Final = re2.compile(rb"(" + _FLAG + rb")(" + _NEXT + rb")(\\*[\"'][^\"'\\\n]+(?:\\*[\"'])?)")
_LINED: Final = re2.compile(
    rb"(?m)(^[ \t>|+-]*[\"']?" + _FLAG + rb"[\"']?)([ \t]*\n[ \t>|+-]*)([\"']?[^\s\"'-][^\s\"']*[^\s\"':][\"']?)[ \t]*$"
)
# Tools that take a password after a short option: (names, option).
_APART: Final = rb"(?:" + _NEXT + rb"\\*[\"']|[ \t=]*)"
_TOOLS: Final = (
    (rb"mysql\w*|mariadb[\w-]*", rb"-p"),
    (rb"sshpass|mongo\w*|(?:docker|podman|nerdctl|oras|az|registry) login|twine upload", rb"-p" + _APART),
    (rb"(?:redis|valkey|keydb)-cli", rb"-a" + _APART),
    (rb"ldap\w+", rb"-w" + _APART),
)
_COMMANDED: Final = re2.compile(
    rb"\b("
    + b"|".join(rb"(?:" + tools + rb")\b[^\n;|&]*?[\s\"']" + option for tools, option in _TOOLS)
    + rb")()("
    + _QUOTED
    + rb"|[\"']?[^\s\"'\\-][^\s\"',\\]*)"
)
_STATEMENTS: Final = re2.compile(
    rb"((?i:\bidentified(?: with \w+)? by|\brequirepass|\bmasterauth|\blogin[ \t]+\S+[ \t]+password))([ \t]+)"
    rb"(" + _QUOTED + rb"|[^\s\"';]+)"
)
# Literals of `kubectl create secret`, whatever their keys; credentials of skopeo, crictl and others: user:password.
_LITERAL: Final = re2.compile(rb"(--from-literal[= ][\"']?)([\w.-]+=)([^\s\"']+)")
_PAIRED: Final = re2.compile(rb"(--(?:src-|dest-)?creds[= ])([^\s:\"']+:)([^\s\"']+)")
# Oracle: user/password@host
_ORACLE: Final = re2.compile(rb"(\boracle:thin:[\w$]+)(/)([^\s/@]+)@|(\b[\w$]+)(/)([^\s/@]+)@//")

# "the password is Xk3…" and 密码是 Xk3…: in an English sentence the value must not look like a word.
_TOLD: Final = re2.compile(
    rb"((?i:\b(?:password|passwd|pwd|passphrase|token|secret|api key)(?: for [\w ]{1,40}?)?[ \t]+(?:is|was)[ \t:]"
    rb"|\b(?:password|passwd|passphrase)[ \t])|(?:"
    + CHINESE_NAME
    + rb")(?:"
    + "是|为".encode()
    + rb")(?::|"
    + WIDE_COLON
    + rb")?)([ \t]*[\"']?)([!-~]{4,})"
)
_STRONG: Final = tuple(re2.compile(kind) for kind in (rb"[A-Z]", rb"[a-z]", rb"[0-9]"))
_AT_HOST: Final = re2.compile(rb"(\b[A-Za-z_][\w.-]*:)([^\s:@/\"'<>=]{8,})@([A-Za-z0-9][\w.-]*):[0-9]+")
_PLAIN: Final = (_FLAGGED, _LISTED, _LINED, _COMMANDED, _STATEMENTS, _LITERAL, _PAIRED)
# If none of these matches, `hide_in_commands` leaves a text as it is.
PATTERNS: Final = (*_PLAIN, _ORACLE, _AT_HOST, _TOLD)


def hide_in_commands(text: bytes) -> bytes:
    """Return `text` with `[redacted]` for such values."""
    for pattern in _PLAIN:
        text = pattern.sub(hide_value, text)
    text = _ORACLE.sub(_hide_of_oracle, text)
    text = _AT_HOST.sub(_hide_before_host, text)
    return bytes(_TOLD.sub(_hide_told, text))


def _hide_of_oracle(found: Match) -> bytes:
    user, password = (found[1], found[3]) if found[1] else (found[4], found[6])
    end = b"@" if found[1] else b"@//"
    return bytes(found[0]) if is_no_secret(b"", password) else bytes(user + b"/" + MARK + end)


def _hide_before_host(found: Match) -> bytes:
    """Hide the password in user:password@host:5432; keep the image repository:tag@sha256:0123…"""
    whole: bytes = found[0]
    if found[3] in (b"sha256", b"sha512") or not _is_strong(found[2]):
        return whole
    return bytes(found[1]) + MARK + whole[len(found[1]) + len(found[2]) :]


def _hide_told(found: Match) -> bytes:
    value: bytes = found[3]
    body = value.rstrip(b".,;:!?)\"'")
    if is_no_secret(b"", body) or (found[1][:1].isascii() and not _is_strong(body)):
        return bytes(found[0])
    return bytes(found[1] + found[2]) + MARK + value[len(body) :]


def _is_strong(value: bytes) -> bool:
    """Return whether the value mixes cases and digits, as words and names of objects do not."""
    return len(value) >= 8 and all(kind.search(value) for kind in _STRONG)
