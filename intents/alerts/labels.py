"""Read the labels of an alert from a text: a monitoring system's post, or what a person copied from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from intents.alerts.known import LABELS_OF
from intents.chronicle.announcements import is_labelled_cleared

_NAME: Final = "alertname"
# "- pod = web-0", "• *pod:* `web-0`", "pod: web-0", "pod=web-0"
_LINE: Final = re.compile(
    r"(?i)^[\s\-–•·*>|]*([a-z_][a-z0-9_]{0,62})[*`]*\s*[:=][\s*`\"']*([^\s`\"'*,]{1,253})[`\"',]*\s*$"
)
# {pod="web-0", namespace="shop"} and pod=web-0, namespace=shop
_PAIR: Final = re.compile(r"\b([a-z_][a-z0-9_]{0,62})=(?:\"([^\"]{0,253})\"|([^\s,;(){}\"`]{1,253}))")
# Alertmanager's default title: the name, and in brackets the values of its labels in the order of their names.
_TITLE: Final = re.compile(r"(?i)\[firing(?::\d+)?\]\s+(\w{3,80})\s*(?:\(([^()]*)\)|([^()]*)$)")
_LONGEST: Final = 200
# Values of labels that say how an alert was measured, not what it is about.
_NOISE: Final = re.compile(
    r"(?i)kube-state-metrics\S*|kube-rbac-proxy\S*|kubelet|node-exporter|https?(?:-\w+)*|metrics|\S+:\d+|\S+/\S+"
    r"|warning|critical|info|none|page|[0-9a-f]{8}-[0-9a-f-]{27}|.*(?-i:[A-Z]).*"
)


def labels_in(lines: Iterable[str]) -> Mapping[str, str]:
    """Return the labels of the first alert of a text, {} if the text is none."""
    texts = list(lines)[:_LONGEST]
    found: dict[str, str] = {}
    for key, value in _pairs(texts):
        if key == _NAME and found.get(_NAME, value) != value:
            break  # the next alert
        found.setdefault(key, value)
    titled = _of_title(texts)
    if _NAME not in found and not titled:
        return {}
    return {**titled, **found}


def is_alert(text: str) -> bool:
    """Return whether a text is the post of an alert, whether it stands or is over."""
    return bool(labels_in(text.splitlines()))


def is_over(text: str) -> bool:
    """Return whether a text is the post of an alert that is over."""
    return is_labelled_cleared(next(filter(None, text.splitlines()), ""))


def _pairs(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        if match := _LINE.match(text):
            yield match[1].lower(), match[2]
        else:
            yield from ((key, quoted or plain) for key, quoted, plain in _PAIR.findall(text))


def _of_title(texts: Sequence[str]) -> Mapping[str, str]:
    """Return what the title tells: values without names, which the alert's name gives their meaning."""
    match = next((found for text in texts[:3] if (found := _TITLE.search(text))), None)
    if match is None or match[1] not in LABELS_OF:
        return {}
    if "=" in (match[2] or match[3] or ""):
        return {_NAME: match[1]}
    labels = LABELS_OF[match[1]]
    values = [value for value in (match[2] or match[3] or "").split() if not _NOISE.fullmatch(value)]
    if len(values) == len(labels) - 1 and labels[0] == "container":
        labels = labels[1:]
    return {_NAME: match[1], **(dict(zip(labels, values, strict=False)) if len(values) >= len(labels) else {})}
