"""Read from the links of an alert's post the labels that they filter by, the runbook, and what a silence would cover.

No link is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from intents.alerts.objects import KINDS

_LONGEST: Final = 8_000
_LONGEST_TEXT: Final = 100_000
_MOST: Final = 64
_LINK: Final = re.compile(r"https?://[^\s<>|\"`]{3,8000}", re.IGNORECASE)
# A link with a label hides its address; Alertmanager's templates write quotes and spaces into addresses.
_HIDDEN: Final = re.compile(r"<(https?://[^<>|\n]{3,8000})\|([^<>\n]{0,1000})>", re.IGNORECASE)
# Grafana: matcher=pod%3Dweb-0; Alertmanager: filter={pod="web-0",namespace="shop"}. Only equality names an object.
_MATCHER: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,62})=([^=~].{0,252})")
_PAIR: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,62})=\"([^\"]{1,253})\"")
# A longer address fills the answer.
_LONGEST_SHOWN: Final = 300
_ENDS: Final = ".,;:!?)]}*_~"
_WORD: Final = r"(?:run|play)[ _-]?books?|(?:运行|处理|处置|应急)手册"
_RUNBOOK: Final = re.compile(_WORD, re.IGNORECASE)
# "runbook_url: https://…", "*Runbook:* <https://…|link>", or an address that has the word: https://runbooks.example/…
_RUNBOOK_ADDRESS: Final = re.compile(
    rf"(?:{_WORD})(?:[ _-]?(?:url|link))?[\s\"'*_`:=：<|-]{{0,12}}(https?://[^\s<>|\"`']{{3,1000}})"
    rf"|(https?://[^\s<>|\"`']{{0,200}}?(?:{_WORD})[^\s<>|\"`']{{0,800}})",
    re.IGNORECASE,
)


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


def web_address(value: str) -> str:
    """Return the address of a web page if an answer may show it; "" for any other value."""
    address = value.strip().rstrip(_ENDS)
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return ""
    is_plain = address.isprintable() and not any(sign.isspace() or sign in '<>|"`' for sign in address)
    # Before an @ stands what looks like the host but is not.
    is_web = parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc
    return address if is_web and is_plain and len(address) <= _LONGEST_SHOWN else ""


def runbook_in(text: str) -> str:
    """Return the address of the runbook that the text of an alert names, "" for none."""
    found = (web_address(match[1] or match[2]) for match in _RUNBOOK_ADDRESS.finditer(text[:_LONGEST_TEXT]))
    return next(filter(None, found), "")


def hidden_runbook(markup: str) -> str:
    """Return the runbook among the links in Slack's markup whose address is hidden by a label, "" for none."""
    labelled = (web_address(match[1]) for match in _HIDDEN.finditer(markup) if _RUNBOOK.search(match[2]))
    return next(filter(None, labelled), "") or (runbook_in(markup) if "|" in markup else "")


def is_runbook(label: str) -> bool:
    """Return whether the label of a link or button says that it leads to a runbook."""
    return bool(_RUNBOOK.search(label))


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


NAME: Final = "alertname"
# How long people may silence alerts, in minutes; the first is chosen at first.
MINUTES: Final = (30, 120, 480, 1440)
LONGEST_REASON: Final = 200
# A regular expression of more names is not what a person reads at night.
_MOST_NAMES: Final = 6
_LONGEST_VALUE: Final = 200
# Labels that tell which alerts these are. Others (job, instance, severity) tell who measured, and change.
_TELLING: Final = ("cluster", "namespace", "exported_namespace", *KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """A condition on a label: equal to `value`, or matched by it as a whole if it is a `regex`."""

    name: str
    value: str
    regex: bool = False

    def __str__(self) -> str:
        return f'{self.name}{"=~" if self.regex else "="}"{self.value}"'


def matchers_of(alerts: Sequence[Mapping[str, str]]) -> tuple[Matcher, ...]:
    """Return the matchers of a silence for these alerts, by their labels; () if none is narrow enough.

    The name of the alert is always among them: without it a silence would hide what nobody has seen yet.
    """
    names = sorted({labels.get(NAME, "") for labels in alerts})
    if not names or "" in names or len(names) > _MOST_NAMES:
        return ()
    named = Matcher(name=NAME, value="|".join(map(re.escape, names)), regex=True)
    if len(names) == 1:
        named = Matcher(name=NAME, value=names[0])
    shared = {key: {labels.get(key, "") for labels in alerts} for key in _TELLING}
    equal = [Matcher(name=key, value=next(iter(values))) for key, values in shared.items() if len(values) == 1]
    found = (named, *(one for one in equal if one.value))
    return found if all(len(one.value) <= _LONGEST_VALUE for one in found) else ()


def namespace_of(matchers: Sequence[Matcher]) -> str:
    """Return the namespace that a silence is limited to, "" for none."""
    return next((one.value for one in matchers if one.name in ("namespace", "exported_namespace")), "")


def duration_of(minutes: str) -> timedelta | None:
    """Return the duration of a choice, None for one that was not offered."""
    return next((timedelta(minutes=each) for each in MINUTES if minutes == str(each)), None)
