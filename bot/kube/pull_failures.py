"""Classify why an image could not be pulled, by the messages of containerd, CRI-O, Docker and the kubelet.

The order of the classes matters: messages quote each other ("no match for platform in manifest: not found", "failed to
authorize: … i/o timeout"), and the innermost cause is the one to act on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import re2

LONGEST: Final = 8192


class PullFailure(StrEnum):
    """Kinds of failed pulls; each has its own remedy."""

    INVALID_NAME = "invalid-name"
    NEVER_PULL = "never-pull"
    DISK_FULL = "disk-full"
    PLATFORM = "platform"
    KUBELET_LIMITED = "kubelet-limited"  # the kubelet's own registryPullQPS, not the registry's limit
    RATE_LIMITED = "rate-limited"
    TLS = "tls"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not-found"
    UNAUTHORIZED = "unauthorized"
    UNKNOWN = "unknown"


_REASONS: Final = {
    "InvalidImageName": PullFailure.INVALID_NAME,
    "ErrImageNeverPull": PullFailure.NEVER_PULL,
    "RegistryUnavailable": PullFailure.UNREACHABLE,
}

_WORDS: Final[tuple[tuple[PullFailure, tuple[str, ...]], ...]] = (
    (
        PullFailure.INVALID_NAME,
        (
            r"invalid reference format",
            r"couldn't parse image (?:name|reference)",
            r"repository name must be lowercase",
            r"short-name\s+(?:\S+ )?did not resolve to an alias",
            r"failed to apply default image tag",
        ),
    ),
    (PullFailure.NEVER_PULL, (r"is not present with pull policy of never",)),
    (PullFailure.DISK_FULL, (r"no space left on device", r"disk quota exceeded")),
    (
        PullFailure.PLATFORM,
        (
            r"no match for platform",
            r"no matching manifest for",
            r"no image found in (?:manifest list|image index)",
            r"cannot be used on this platform",
            r"does not match the (?:specified|detected) (?:host )?platform",
        ),
    ),
    (PullFailure.KUBELET_LIMITED, (r"pull qps exceeded",)),
    (PullFailure.RATE_LIMITED, (r"toomanyrequests", r"too many requests", r"pull rate limit", r"rate exceeded")),
    (
        PullFailure.TLS,
        (
            r"x509:",
            r"certificate signed by unknown authority",
            r"server gave http response to https client",
            r"first record does not look like a tls handshake",
            r"remote error: tls",
            r"tls: (?:failed to verify|handshake failure|bad certificate|unrecognized name|protocol version)",
        ),
    ),
    (
        PullFailure.UNREACHABLE,
        (
            r"no such host",
            r"server misbehaving",
            r"temporary failure in name resolution",
            r"i/o timeout|operation timed out|tls handshake timeout|client\.timeout|context deadline exceeded",
            r"connection refused|connection reset by peer|broken pipe|unexpected eof|: eof\b",
            r"network is unreachable|no route to host",
            r"request canceled while waiting",
            r"proxyconnect|dial tcp",
            r"\b50[0234] (?:internal server error|bad gateway|service unavailable|gateway time-?out)",
        ),
    ),
    (
        PullFailure.UNAUTHORIZED,
        (
            r"pull access denied",
            r"insufficient_scope|authorization failed|failed to authorize|authentication required",
            r"no basic auth credentials|incorrect username or password|unable to retrieve auth token",
            r"unauthorized|\b403 forbidden|authorization token has expired",
            r"access to the resource is denied|\bdenied:|: denied",
        ),
    ),
    (
        PullFailure.NOT_FOUND,
        (
            r"manifest unknown|no such manifest",
            r"name unknown|repository\s+(?:name )?not (?:known|found)|does not exist",
            r": not found\b|\b404 not found|code = notfound",
        ),
    ),
)


def _compiled(words: tuple[str, ...]) -> Any:
    return re2.compile(f"(?i)(?:{'|'.join(words)})")


_CLASSES: Final = tuple((failure, _compiled(words)) for failure, words in _WORDS)
_URL: Final = re2.compile(r"https?://[^\s\"]+")
# A quote is mostly the image, which may have any name ("not-found:429").
_QUOTED: Final = re2.compile(r'\\?"[^"\\]*\\?"')
_REFERENCE: Final = re2.compile(r"\b[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?:@sha256:[0-9a-f]+|:[\w.-]+)?")
# CRI-O lists the mirrors it tried before the source: the source's own answer follows, and counts.
_MIRRORS: Final = re2.compile(r"\(Mirrors also failed: \[[^\]]*\]\)")
# The text before the innermost cause: it names an image or address, and ends in a quote and a colon.
_LEADING: Final = re2.compile(r"(?s)^.*\": ")
_WRAPPED: Final = re2.compile(r"^(?:ErrImagePull: |rpc error: code = \S+ desc = |Error response from daemon: )+")
LONGEST_CAUSE: Final = 240


def classify(message: str, *, reason: str = "") -> PullFailure:
    """Return the kind of failure in a message; `reason` is the waiting reason, which decides for some kinds."""
    text = _MIRRORS.sub("", message[:LONGEST])
    text = _REFERENCE.sub(" ", _URL.sub(" url", _QUOTED.sub(" ", text)))
    for failure, pattern in _CLASSES:
        if pattern.search(text):
            return failure
    return _REASONS.get(reason, PullFailure.UNKNOWN)


def cause_of(message: str) -> str:
    """Return the innermost part of a message, which says why; empty for a message that does not."""
    if not is_telling(message):
        return ""
    trimmed = _MIRRORS.sub("", message[:LONGEST]).strip()
    inner = _WRAPPED.sub("", _LEADING.sub("", trimmed)).strip()
    # Cut too far, the rest may not say why any more.
    cause = inner if is_telling(inner) else trimmed
    return str(cause[:LONGEST_CAUSE]).strip(" .:")


def is_telling(message: str) -> bool:
    """Tell whether a message says why: `Back-off pulling image "x"` and `ErrImagePull` do not."""
    return classify(message) is not PullFailure.UNKNOWN
