"""Parse the kubelet's FailedCreatePodSandBox event: the image that a container runtime could not get for a sandbox.

The sandbox ("pause") image is the runtime's own setting: no manifest names it, and no pull of a container shows it.
Wordings of containerd 1 and 2 and, older, of the dockershim and cri-dockerd.
"""

from __future__ import annotations

import re
from typing import Final

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
