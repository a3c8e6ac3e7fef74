"""Tell which posts of alerts are about the same alert: the one that fires and the one that says that it is over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from intents.alerts.labels import labels_in
from intents.alerts.objects import object_of

# Alertmanager's default title: the state with the number of alerts, then what has the same values in both posts.
_TITLE: Final = re.compile(
    r"(?i)(?:\[(?:firing|resolved|ok|alerting|recovered|closed)(?::\d+)?[^\]]*\]|【[^】]*】)\s*(.{3,600})"
)
# "Triggered #1234: …" and "Resolved #1234: …" of PagerDuty, "#12: …" of Opsgenie.
_NUMBERED: Final = re.compile(
    r"(?i)\b(?:triggered|acknowledged|resolved|incident|alert|closed|created)\b[^#\n]{0,60}#(\d{1,9})\b"
)
_WORD: Final = re.compile(r"[\w./:-]+")
_HEAD: Final = 5


def identities(text: str) -> tuple[str, ...]:
    """Return what this post has in common with every other post about the same alert; () for another text.

    Each is a digest, so that no text is kept.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    labels = labels_in(lines)
    focus = object_of(labels)
    found: list[tuple[str, ...]] = []
    if focus:
        found.append(("labels", labels["alertname"], focus.kind, focus.namespace, focus.name))
    elif labels:
        found.append(("labels", *(f"{key}={value}" for key, value in sorted(labels.items()))))
    for line in lines[:_HEAD]:
        if match := _NUMBERED.search(line):
            found.append(("number", match[1]))
        if (match := _TITLE.search(line)) and (words := _WORD.findall(match[1])):
            found.append(("title", *sorted(words)))
    return tuple(map(_digest, dict.fromkeys(found)))


def _digest(parts: Sequence[str]) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
