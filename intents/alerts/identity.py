"""Tell which posts of alerts are about the same alert: the one that fires and the one that says that it is over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from intents.alerts.labels import alerts_in, labels_in
from intents.alerts.objects import object_of

# Alertmanager's default title: the state with the number of alerts, then what has the same values in both posts.
_TITLE: Final = re.compile(
    r"(?i)(?:\[(?:firing|resolved|ok|alerting|triggered|recovered|closed)\b[^\]]*\]|(?-i:FIRING|RESOLVED)(?::|\[\d{1,4}\])|【[^】]*】)\s*(.{3,600})"
)
# "Triggered #1234: …" and "Resolved #1234: …" of PagerDuty, "#12: …" of Opsgenie.
_NUMBERED: Final = re.compile(
    r"(?i)\b(?:triggered|acknowledged|resolved|incident|alert|closed|created)\b[^#\n]{0,60}#(\d{1,9})\b"
)
_WORD: Final = re.compile(r"[\w./:-]+")
_HEAD: Final = 5


def identities(text: str, *, over: bool = False) -> tuple[str, ...]:
    """Return what this post has in common with every other post about the same alert; () for another text.

    Of a post that fires it is what the alert is known by that is answered. With `over` it is what each of its alerts is
    known by, as exactly as it can be: by the title only if it has neither objects nor a number.
    Each is a digest, so that no text is kept.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    known = [_known(labels) for labels in (alerts_in(lines) if over else [labels_in(lines)]) if labels]
    exact = [each for each in known if each[0] == "object"]
    titles: list[tuple[str, ...]] = []
    for line in lines[:_HEAD]:
        if match := _NUMBERED.search(line):
            exact.append(("number", match[1]))
        if (match := _TITLE.search(line)) and (words := _WORD.findall(match[1])):
            titles.append(("title", *sorted(words)))
    return tuple(map(_digest, dict.fromkeys(exact if over and exact else [*known, *exact, *titles])))


def _known(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an alert is known by: its object, or all its labels where they name none."""
    if focus := object_of(labels):
        return ("object", labels["alertname"], focus.kind, focus.namespace, focus.name)
    return ("labels", *(f"{key}={value}" for key, value in sorted(labels.items())))


def _digest(parts: Sequence[str]) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
