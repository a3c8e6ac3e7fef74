"""Read the labels of an alert from the links of its post: to a silence, or to the alerts of its group. Follow none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

_LONGEST: Final = 8_000
_MOST: Final = 64
_LINK: Final = re.compile(r"https?://[^\s<>|\"`]{3,8000}", re.IGNORECASE)
# A link with a label hides its address; Alertmanager's templates write quotes and spaces into addresses.
_HIDDEN: Final = re.compile(r"<(https?://[^<>|\n]{3,8000})\|[^<>\n]{0,1000}>", re.IGNORECASE)
# Grafana: matcher=pod%3Dweb-0; Alertmanager: filter={pod="web-0",namespace="shop"}. Only equality names an object.
_MATCHER: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,62})=([^=~].{0,252})")
_PAIR: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,62})=\"([^\"]{1,253})\"")


def labels_of_link(address: str) -> Mapping[str, str]:
    """Return the labels that a link filters alerts by; {} for any other link."""
    if not any(sign in address for sign in ("matcher=", "filter=", "alertname=")):
        return {}
    try:
        parts = urlsplit(address[:_LONGEST])
        # Alertmanager's page is behind the hash: /#/silences/new?filter=…
        query = parts.query or parts.fragment.partition("?")[2]
        values = parse_qsl(query, max_num_fields=_MOST)
    except ValueError:
        return {}
    # Robusta's links to a silence have the labels as parameters.
    plain = values if any(name == "alertname" for name, _ in values) else []
    return dict([*_pairs(values), *plain][:_MOST])


def hidden_labels(markup: str) -> tuple[Mapping[str, str], ...]:
    """Return the labels of each link in Slack's markup whose address is hidden by a label."""
    found = (labels_of_link(match[1]) for match in _HIDDEN.finditer(markup))
    return tuple(each for each in found if each)


def shown_links(line: str) -> tuple[str, tuple[str, ...]]:
    """Return a line without its addresses, and the addresses."""
    links = tuple(_LINK.findall(line)) if "://" in line else ()
    return (_LINK.sub(" ", line), links) if links else (line, ())


def as_line(labels: Mapping[str, str]) -> str:
    """Return labels as Prometheus writes them, in one line."""
    pairs = ", ".join(f'{name}="{value}"' for name, value in labels.items() if '"' not in value and "\n" not in value)
    return f"{{{pairs}}}" if pairs else ""


def _pairs(values: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for parameter, value in values:
        if parameter == "matcher" and (match := _MATCHER.fullmatch(value)) and not match[1].startswith("__"):
            yield match[1], match[2].strip('"')
        elif parameter == "filter":
            yield from _PAIR.findall(value)
