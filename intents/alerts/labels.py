"""Read the labels of an alert from a text: a monitoring system's post, or what a person copied from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Final

from intents.alerts.cleared import is_labelled_cleared
from intents.alerts.known import LABELS_OF
from intents.alerts.objects import KINDS
from intents.focus import CLUSTER_SCOPED
from intents.named_objects import Focus

_NAME: Final = "alertname"
# "- pod = web-0", "• *pod:* `web-0`", "pod: web-0", "pod=web-0"
_LINE: Final = re.compile(
    r"(?i)^[\s\-–•·*>|]*([a-z_][a-z0-9_]{0,62})[*`]*\s*[:=][\s*`\"']*([^\s`\"'*,]{1,253})[`\"',]*\s*$"
)
# {pod="web-0", namespace="shop"} and pod=web-0, namespace=shop
_PAIR: Final = re.compile(r"\b([a-z_][a-z0-9_]{0,62})=(?:\"([^\"]{0,253})\"|([^\s,;(){}\"`]{1,253}))")
# Alertmanager's default title: values of labels without their names, in an order that depends on its settings.
_TITLE: Final = re.compile(r"(?i)\[firing(?::\d+)?\]\s+(.{3,600})")
_WORD: Final = re.compile(r"[^\s()\[\],]+")
_PORT: Final = re.compile(r":\d+$")
# In alerts about machines and aggregated APIs, labels that name a target elsewhere name the object.
_KINDS: Final = {**KINDS, "instance": "Node", "name": "APIService"}
_MOST_VALUES: Final = 4
_LONGEST: Final = 200
_TITLES: Final = 3
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
    return found if _NAME in found else {}


def titled_objects(lines: Iterable[str]) -> tuple[Focus, ...]:
    """Return what the title of an alert may be about: the cluster tells which of them exists.

    Without the names of labels it is open which value is the namespace.
    """
    for line in list(lines)[:_TITLES]:
        if (match := _TITLE.search(line)) and (words := _WORD.findall(match[1])):
            labels = next((LABELS_OF[word] for word in words if word in LABELS_OF), ())
            kind = next((each for label, each in _KINDS.items() if label in labels), "")
            if "instance" in labels:
                words = [_PORT.sub("", word) for word in words]
            values = [word for word in words if not _NOISE.fullmatch(word)][:_MOST_VALUES]
            if kind in CLUSTER_SCOPED:
                return tuple(Focus(kind=kind, name=value) for value in values)
            if kind:
                return tuple(Focus(kind=kind, namespace=home, name=value) for home, value in permutations(values, 2))
    return ()


def is_alert(text: str) -> bool:
    """Return whether a text is the post of an alert, whether it stands or is over."""
    lines = text.splitlines()
    return bool(labels_in(lines) or titled_objects(lines))


def is_over(text: str) -> bool:
    """Return whether a text is the post of an alert that is over."""
    return is_labelled_cleared(next(filter(None, text.splitlines()), ""))


def _pairs(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        if match := _LINE.match(text):
            yield match[1].lower(), match[2]
        else:
            yield from ((key, quoted or plain) for key, quoted, plain in _PAIR.findall(text))
