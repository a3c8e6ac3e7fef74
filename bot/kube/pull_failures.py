"""Classify why an image could not be pulled, by the messages of containerd, CRI-O, Docker and the kubelet.

The order of the classes matters: messages quote each other ("no match for platform in manifest: not found", "failed to
authorize: … i/o timeout"), and the innermost cause is the one to act on.

Wordings of the kubelet's events: k8s.io/kubernetes/pkg/kubelet/images/image_manager.go. Up to 1.19 a finished pull has
no time; up to 1.26 it has one that includes waiting for other pulls; since 1.27 its own time and, in brackets, the time
with waiting.

The sandbox ("pause") image is the runtime's own setting: no manifest names it, and no pull of a container shows it.
Wordings of containerd 1 and 2 and, older, of the dockershim and cri-dockerd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

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

_WORDS: Final[Mapping[PullFailure, str]] = {
    PullFailure.INVALID_NAME: r"invalid reference format"
    r"|couldn't parse image (?:name|reference)"
    r"|repository name must be lowercase"
    r"|short-name\s+(?:\S+ )?did not resolve to an alias"
    r"|failed to apply default image tag",
    PullFailure.NEVER_PULL: r"is not present with pull policy of never",
    PullFailure.DISK_FULL: r"no space left on device"
    r"|disk quota exceeded",
    PullFailure.PLATFORM: r"no match for platform"
    r"|no matching manifest for"
    r"|no image found in (?:manifest list|image index)"
    r"|cannot be used on this platform"
    r"|does not match the (?:specified|detected) (?:host )?platform",
    PullFailure.KUBELET_LIMITED: r"pull qps exceeded",
    PullFailure.RATE_LIMITED: r"toomanyrequests"
    r"|too many requests"
    r"|pull rate limit"
    r"|rate exceeded",
    PullFailure.TLS: r"x509:"
    r"|certificate signed by unknown authority"
    r"|server gave http response to https client"
    r"|first record does not look like a tls handshake"
    r"|remote error: tls"
    r"|tls: (?:failed to verify|handshake failure|bad certificate|unrecognized name|protocol version)",
    PullFailure.UNREACHABLE: r"no such host"
    r"|server misbehaving"
    r"|temporary failure in name resolution"
    r"|i/o timeout|operation timed out|tls handshake timeout|client\.timeout|context deadline exceeded"
    r"|connection refused|connection reset by peer|broken pipe|unexpected eof|: eof\b"
    r"|network is unreachable|no route to host"
    r"|request canceled while waiting"
    r"|proxyconnect|dial tcp"
    r"|\b50[0234] (?:internal server error|bad gateway|service unavailable|gateway time-?out)",
    PullFailure.UNAUTHORIZED: r"pull access denied"
    r"|insufficient_scope|authorization failed|failed to authorize|authentication required"
    r"|no basic auth credentials|incorrect username or password|unable to retrieve auth token"
    r"|unauthorized|\b403 forbidden|authorization token has expired"
    r"|access to the resource is denied|\bdenied:|: denied",
    PullFailure.NOT_FOUND: r"manifest unknown|no such manifest"
    r"|name unknown|repository\s+(?:name )?not (?:known|found)|does not exist"
    r"|: not found\b|\b404 not found|code = notfound",
}
_CLASSES: Final = {failure: re2.compile(f"(?i)(?:{words})") for failure, words in _WORDS.items()}
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
    for failure, pattern in _CLASSES.items():
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


UNTOLD: Final = -1.0

_PULLED: Final = re.compile(
    r'^Successfully pulled image "(?P<image>[^"]+)"'
    r"(?: in (?P<own>[0-9a-zµ.]+))?(?: \((?P<total>[0-9a-zµ.]+) including waiting\))?"
    r"(?:\. Image size: (?P<size>\d+) bytes)?"
)
_PULLING: Final = re.compile(r'^Pulling image "(?P<image>[^"]+)"', re.IGNORECASE)
_FAILED: Final = re.compile(r'^Failed to pull image "(?P<image>[^"]+)"')
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """A pull that has ended well. Seconds are UNTOLD (-1) where the message has none, `size` is -1."""

    image: str
    total_s: float = UNTOLD  # from the kubelet's request to the image
    own_s: float = UNTOLD  # the runtime's part of it; the rest was waiting for other pulls
    size: int = -1

    @property
    def waited_s(self) -> float:
        """Return the seconds before the runtime was asked; UNTOLD where the message does not tell them apart."""
        return UNTOLD if UNTOLD in (self.total_s, self.own_s) else max(self.total_s - self.own_s, 0.0)


def parse_pulled(message: str) -> Pulled | None:
    """Return the pull; None for any other message, as for "Container image … already present on machine"."""
    found = _PULLED.match(message)
    if found is None:
        return None
    own, total = seconds(found["own"]), seconds(found["total"])
    size = int(found["size"]) if found["size"] else -1
    if total == UNTOLD:
        return Pulled(image=found["image"], total_s=own, size=size)
    return Pulled(image=found["image"], total_s=total, own_s=own, size=size)


def pulling_image(message: str) -> str:
    """Return the image that a Pulling event names, "" for any other message."""
    found = _PULLING.match(message)
    return found["image"] if found else ""


def failed_image(message: str) -> str:
    """Return the image that a Failed event names, "" for any other message."""
    found = _FAILED.match(message)
    return found["image"] if found else ""


def seconds(duration: str | None) -> float:
    """Return the seconds of a duration as Go writes it (11m12.669101707s); UNTOLD for any other text."""
    parts = _PART.findall(duration or "")
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        return UNTOLD
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


DOCKER_HUB: Final = "docker.io"
# Names that all mean Docker Hub.
_HUB_NAMES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


def registry_of(image: str) -> str:
    """Return the host and port of the registry in a pod's image reference; "docker.io" where none is given."""
    first, slash, _ = image.partition("/")
    # By Docker's reference grammar a first part without dot, port or "localhost" belongs to the path.
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return DOCKER_HUB
    return DOCKER_HUB if first in _HUB_NAMES else first


def normalized(image: str) -> str:
    """Return the reference in full: `nginx` → `docker.io/library/nginx:latest`. With a digest no tag is added."""
    registry = registry_of(image)
    first, slash, rest = image.partition("/")
    path = rest if slash and (registry != DOCKER_HUB or first in _HUB_NAMES) else image
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if "@" not in path and ":" not in path.rpartition("/")[2]:
        path = f"{path}:latest"
    return f"{registry}/{path}"


REASON: Final = "FailedCreatePodSandBox"

# containerd names an image of its list whose content is gone, too.
_SANDBOX: Final = re.compile(
    r"(?:failed to (?:get|inspect) sandbox image|failed to get image from containerd \S+: image|failed pulling image"
    r'|[Uu]nable to pull sandbox image) \\?"(?P<image>[^"\\\s]+)\\?"'
)
_LIKE_PAUSE: Final = re.compile(r"(?:^|[/-])pause(?:-\w+)?(?::|@|$)|pod-infrastructure")


def sandbox_image(message: str) -> str:
    """Return the sandbox image that could not be pulled, "" for any other message."""
    found = _SANDBOX.search(message)
    return found["image"] if found else ""


def is_like_pause(image: str) -> bool:
    """Tell whether an image has a usual name of sandbox images."""
    return bool(_LIKE_PAUSE.search(image))
