"""Replace what looks like a credential by `[redacted]`: in pasted text, cluster quotes, errors and logs.

This module knows credentials by their shape: private keys, JWTs, vendors' tokens, credentials in URLs.
`responses.named_secrets` knows those that follow a name such as "password", `responses.command_secrets` those in
commands and sentences. Patterns run on RE2, so matching is linear in the text.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, Final

import re2

from responses import command_secrets, named_secrets
from responses.command_secrets import hide_in_commands
from responses.named_secrets import MARK, Match, hide_by_name, holds_secret
from responses.secret_manifests import MANIFEST, hide_manifests

__all__ = ["REDACTED", "holds_secret", "redact"]

REDACTED: Final = MARK.decode()


def redact(text: str) -> str:
    """Return `text` without what looks like a credential.

    Idempotent. Line breaks stay, so line numbers stay correct. Lone surrogates, which no encoding can write, become
    question marks.
    """
    raw = text.encode("utf-8", "replace")
    if not _SUSPICIOUS.search(raw):
        return raw.decode()
    raw = hide_manifests(raw)
    for pattern, replace in _SHAPES:
        raw = bytes(pattern.sub(replace, raw))
    return hide_by_name(hide_in_commands(raw)).decode("utf-8", "replace")


def _keep_lines(found: Match) -> bytes:
    return MARK + b"\n" * int(found[0].count(b"\n"))


def _keep_first(found: Match) -> bytes:
    return bytes(found[1]) + MARK


def _all(_: Match) -> bytes:
    return MARK


def _is_mixed(found: Match) -> bytes:
    """Redact base64 of random bytes, which mixes cases and digits; keep paths, hex digests and camel-case words."""
    value: bytes = found[0]
    if found[1]:
        return value
    counts = (
        sum(map(bytes.isupper, _each(value))),
        sum(map(bytes.islower, _each(value))),
        sum(map(bytes.isdigit, _each(value))),
    )
    return MARK if min(counts) >= 3 else value


def _each(value: bytes) -> list[bytes]:
    # Eighty characters are enough to tell, and the value may be a megabyte.
    return [value[index : index + 1] for index in range(min(len(value), 80))]


def _basic(found: Match) -> bytes:
    """Redact `Basic dXNlcjpwYXNz`, which decodes to user:password; keep `basic authentication`."""
    value: bytes = found[2]
    try:
        decoded = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return bytes(found[0])
    return _keep_first(found) if ":" in decoded and decoded.isprintable() else bytes(found[0])


def _bearer(found: Match) -> bytes:
    value: bytes = found[2]
    is_word = value.isalpha() and len(value) < 20
    return bytes(found[0]) if is_word else _keep_first(found)


def _user_info(found: Match) -> bytes:
    return bytes(found[1]) + MARK + bytes(found[3])


def _odd_user_info(found: Match) -> bytes:
    """Redact user:pass/word@host; keep host:5000/image@sha256:…"""
    port = _PORT.match(found[2])
    return bytes(found[0]) if port else _user_info(found)


_PORT: Final = re2.compile(rb"[0-9]{1,5}[/?#]")
_KEY: Final = rb"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_BREAK: Final = rb"(?:\s|\\+[nr])*"

# Tokens known by their prefix. The minimum lengths are short, since a log viewer may have cut the token.
_TOKENS: Final = (
    # JSON Web Tokens: "eyJ" is the base64 of '{"'.
    rb"eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){0,4}",
    rb"AGE-SECRET-KEY-1[A-Z0-9]{10,}",
    # clouds
    rb"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    rb"(?:LTAI|AKID)[A-Za-z0-9]{12,}",
    rb"AIza[\w-]{16,}",
    rb"ya29\.[\w.-]{10,}",
    rb"GOCSPX-[\w-]{10,}",
    rb"do[opr]_v1_[a-f0-9]{16,}",
    # code and packages
    rb"gh[pousr]_[A-Za-z0-9]{10,}",
    rb"github_pat_\w{10,}",
    rb"gl(?:pat|rt|dt|ptt|cbt|soat|agent)-[\w.-]{10,}",
    rb"ATATT3[\w=-]{10,}",
    rb"ATBB[A-Za-z0-9]{24,}",
    rb"npm_[A-Za-z0-9]{20,}",
    rb"pypi-[\w-]{40,}",
    rb"rubygems_[a-f0-9]{16,}",
    rb"dckr_pat_[\w-]{10,}",
    # services
    rb"xox[a-z](?:\.xox[a-z])?-[\w-]{6,}",
    rb"xapp-[\w-]{6,}",
    rb"[sr]k_(?:live|test)_\w{10,}",
    rb"whsec_[A-Za-z0-9+/=]{10,}",
    rb"sk-(?:ant|proj|svcacct)-[\w-]{10,}",
    rb"sk-[A-Za-z0-9]{32,}",
    rb"hf_[A-Za-z0-9]{20,}",
    rb"SG\.[\w-]{16,}\.[\w-]{8,}",
    rb"gl(?:sa|c)_[\w+/=]{20,}",
    rb"NRAK-[A-Z0-9]{10,}",
    rb"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}",
    rb"dapi[a-f0-9]{32}",
    rb"key-[a-f0-9]{32}\b",
    rb"[0-9]{8,10}:AA[\w-]{30,}",
    rb"hv[sbr]\.[\w-]{16,}",
    rb"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{20,}",
)
# The address of a webhook is enough to post there.
_WEBHOOKS: Final = (
    rb"hooks\.slack\.com/(?:services|workflows|triggers|commands|actions)/",
    rb"discord(?:app)?\.com/api/webhooks/[0-9]+/",
    rb"webhook\.office\.com/webhookb2/",
    rb"(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)?hook/",
    rb"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?(?:[^\s\"'<>]*&)?key=",
    rb"api\.telegram\.org/bot",
)
_WITH_USER: Final = (
    rb"\b(?:postgres(?:ql)?|mysql|mariadb|rediss?|amqps?|mongodb(?:\+srv)?|mssql|sqlserver|clickhouse|nats|ldaps?|smtps?"
    rb"|s?ftp|https?)"
)
_SHAPES: Final[tuple[tuple[Any, Callable[[Match], bytes]], ...]] = tuple(
    (re2.compile(pattern), replace)
    for pattern, replace in (
        (rb"(?s)-----BEGIN " + _KEY + rb".*?-----END " + _KEY, _keep_lines),
        # Cut off before its end.
        (
            rb"-----BEGIN "
            + _KEY
            + rb"(?:"
            + _BREAK
            + rb"[A-Za-z0-9+/]{16,}={0,2})*(?:"
            + _BREAK
            + rb"[A-Za-z0-9+/]+={1,2})?",
            _keep_lines,
        ),
        (rb"\b(?:" + b"|".join(_TOKENS) + rb")", _all),
        (rb"(" + b"|".join(_WEBHOOKS) + rb")[^\s\"'<>\\]+", _keep_first),
        # Password hashes of htpasswd and shadow files.
        (rb"\$(?:apr1|1|2[aby]|5|6|y|argon2\w{1,2})\$[^\s\"':]{8,}", _all),
        (
            rb"((?i:authorization)\\*[\"']?\s*[:=]\s*\\*[\"']?"
            rb"(?i:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)[ \t]+)"
            rb"[^\s\"'\\]+(?:,[ \t]*\w+=[^\s\"'\\]+)*",
            _keep_first,
        ),
        (rb"((?i:\bauthorization)\\*[\"']?\s*[:=]\s*\\*[\"']?)([\w.~+/=-]{16,})", _bearer),
        (rb"((?i:\b(?:set-)?cookie):[ \t]*)[^\s;=\"'\\]+=[^\r\n\"'\\]+", _keep_first),
        (rb"((?i:\bbearer)[ \t]+)([\w.~+/-]{8,}=*)", _bearer),
        (rb"((?i:\bbasic)[ \t]+)([A-Za-z0-9+/]{6,}={0,2})", _basic),
        (rb"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#\"'<>]*:)([^\s/?#\"'<>]+)(@)", _user_info),
        # A password that should have been percent-encoded and was not.
        (rb"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#\"'<>]*:)([^\s/?#\"'<>@]*[/?#][^\s\"'<>@]*)(@)", _odd_user_info),
        (rb"([A-Za-z][A-Za-z0-9+.-]*://)([^\s/:@?#\"'<>]{20,})(@)", _user_info),
        # Cut off before its host: a port is a number.
        (
            rb"(" + _WITH_USER + rb"://[^\s/:@?#\"'<>]+:)([^\s/:@\"'<>]*[A-Za-z][^\s/:@\"'<>]*)((?:[\"'\s]|\z))",
            _user_info,
        ),
        # Go's MySQL driver: user:password@tcp(host:3306)/db
        (rb"(\b[\w.-]+:)([^\s:\"'(){}]+)(@(?:tcp\b|unix\b|udp\b|\())", _user_info),
        (rb"(\bcurl\b[^\n]*?\s(?:-u|--user)[ \t=]*[\"']?[^\s:\"']+:)[^\s\"']+", _keep_first),
        (rb"([?&;](?i:sig|signature|x-amz-signature|x-goog-signature|code|access_token)=)[^\s&\"'<>]{8,}", _keep_first),
        (rb"((?i:\"auth\\*\"\s*:\s*\\*\"))[A-Za-z0-9+/=]{4,}", _keep_first),
        (rb"(\bauth:[ \t]+)([A-Za-z0-9+/]{6,}={0,2})", _basic),
        # Base64 of "-----BEGIN": keys and certificates in kubeconfigs and Secrets.
        (rb"\bLS0tLS1[A-Za-z0-9+/]{8,}={0,2}", _all),
        (rb"(\bsha(?:256|384|512)-)?[A-Za-z0-9+/]{60,}={0,2}", _is_mixed),
    )
)


def _any_of(patterns: Iterable[Any]) -> Any:
    """Combine the patterns into one, so that a text without secrets, the usual case, is scanned once."""
    options = re2.Options()
    options.never_capture = True
    options.max_mem = 64 << 20
    return re2.compile(b"|".join(b"(?:" + pattern.pattern + b")" for pattern in patterns), options)


_SUSPICIOUS: Final = _any_of(
    (MANIFEST, *(shape for shape, _ in _SHAPES), *named_secrets.PATTERNS, *command_secrets.PATTERNS)
)
