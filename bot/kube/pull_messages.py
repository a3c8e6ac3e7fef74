"""Image references, and the kubelet's events about pulls: of a container's image, and of a sandbox's.

Wordings of k8s.io/kubernetes/pkg/kubelet/images/image_manager.go. Up to 1.19 a finished pull has no time; up to 1.26 it
has one that includes waiting for other pulls; since 1.27 its own time and, in brackets, the time with waiting.

The sandbox ("pause") image is the runtime's own setting: no manifest names it, and no pull of a container shows it.
Wordings of containerd 1 and 2 and, older, of the dockershim and cri-dockerd.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

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

_QUOTED: Final = r'\\?"(?P<image>[^"\\\s]+)\\?"'
_WORDINGS: Final = (
    re.compile(rf"failed to (?:get|inspect) sandbox image {_QUOTED}"),
    # an image in containerd's list whose content is gone
    re.compile(rf"failed to get image from containerd \S+: image {_QUOTED}"),
    re.compile(rf"failed pulling image {_QUOTED}"),
    re.compile(rf"[Uu]nable to pull sandbox image {_QUOTED}"),
)
_LIKE_PAUSE: Final = re.compile(r"(?:^|[/-])pause(?:-\w+)?(?::|@|$)|pod-infrastructure")


def sandbox_image(message: str) -> str:
    """Return the sandbox image that could not be pulled, "" for any other message."""
    found = next((match for pattern in _WORDINGS if (match := pattern.search(message))), None)
    return found["image"] if found else ""


def is_like_pause(image: str) -> bool:
    """Tell whether an image has a usual name of sandbox images."""
    return bool(_LIKE_PAUSE.search(image))
