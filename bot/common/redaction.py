"""Redact what Casebook stores, values of tables and payloads of jobs; reduce errors from outside to one short line.

`bot.store.types` and `bot.jobs` pass all values through here. Text is kept as it is, except for credentials. A write of
a plan is never altered: a plan that this would change is not stored at all (`holds_secret`).
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any, Final, TypeVar

from intents.languages import one_line
from responses.redaction import REDACTED
from responses.safety import redacted_name, redacted_text, redacted_value, safe, without_controls

LONGEST_TEXT: Final = 256

# On one line, nothing says where a key ends.
_PRIVATE_KEY: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*")
# In an error, also words that may be no credential are hidden where one is usual.
_SECRETS: Final = (
    # A JWT, as service accounts and OIDC use it: three base64url parts, the first of which opens a JSON object.
    (re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}"), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {REDACTED}"),
    (
        re.compile(r"(?i)((?:token|password|passwd|secret|api[_-]?key)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]+"),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(://)[^/\s@]+@"), rf"\1{REDACTED}@"),
)


def clean(text: str, *, limit: int = LONGEST_TEXT) -> str:
    """Return `text` from outside on one line with visible breaks, at most `limit` characters, without credentials."""
    # This first cut bounds the text that the patterns scan.
    line = _PRIVATE_KEY.sub(REDACTED, one_line(without_controls(text[: 16 * limit])))
    # The patterns would take an invisible character for the value, so what knows all forms of secrets comes first.
    line = safe(line, limit=16 * limit)
    for pattern, replacement in _SECRETS:
        line = pattern.sub(replacement, line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


T = TypeVar("T")

# One request writes and reads the same few ids many times.
_CACHED_KEYS: Final = 2_048
_LONGEST_CACHED: Final = 100

# Fields of our types whose names look like those of credentials.
_OWN_FIELDS: Final = frozenset({"signature"})
# Slack's address for replies. It is a credential for 30 minutes, and a job cannot reply without it.
_RESPONSE_URL: Final = re.compile(r"https?://[^\s/?#@]+/[^\s?#@]*")


def stored_text(text: str) -> str:
    """Return a text as it is stored."""
    # Most columns hold an id, a name or nothing.
    return redacted_name(text)


def stored_json(value: T) -> T:
    """Return a JSON value as it is stored."""
    return redacted_value(value, own=_OWN_FIELDS, unread={"response_url": is_response_url})


def stored_key(key: str) -> str:
    """Return an id as it is stored: one that looks like a credential becomes a digest, so that it stays distinct."""
    return _cached_key(key) if len(key) <= _LONGEST_CACHED else _stored_key(key)


@lru_cache(maxsize=_CACHED_KEYS)
def _cached_key(key: str) -> str:
    return _stored_key(key)


def _stored_key(key: str) -> str:
    shown = redacted_text(key)
    # Characters that cannot be stored become question marks, which hides nothing.
    if shown == key or REDACTED not in shown:
        return shown
    return "redacted-" + hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=10).hexdigest()


def is_response_url(text: str) -> bool:
    """Tell whether a text is one address without user, password or query."""
    return bool(_RESPONSE_URL.fullmatch(text))


def holds_secret(value: Any) -> bool:
    """Tell whether storing this JSON value would change it, because it looks as if it held a credential."""
    return bool(stored_json(value) != value)
