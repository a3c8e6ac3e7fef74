"""Parse Slack's markup: lines without quotes, code blocks, links. Links are classified by their address alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from intents.chronicle.facts import LONGEST_SAYS, LinkKind, MessageLink

_LEADS_TO: Final = (
    (LinkKind.RUNBOOK, r"run-?books?|play-?books?"),
    (LinkKind.PR, r"/pull/\d+|/merge_requests/\d+|/pull-requests/\d+|/pullrequest/\d+"),
    (LinkKind.COMMIT, r"/commits?/[0-9a-f]{7,40}|/compare/\S+\.\.\S"),
    (
        LinkKind.TICKET,
        r"/browse/[A-Z][A-Z0-9]+-\d+|/issues/\d+|linear\.app/|zendesk\.com/|service-?now\.com/|youtrack\S*/issue/"
        r"|pagerduty\.com/incidents/|zentao|tapd",
    ),
    (LinkKind.CHANNEL, r"slack\.com/archives/"),
    (
        LinkKind.DOC,
        r"docs\.google\.com/|notion\.|confluence|atlassian\.net/wiki|wiki\.|/wiki/|coda\.io|feishu|yuque|quip\.",
    ),
    (
        LinkKind.GRAPH,
        r"grafana|datadoghq|kibana|prometheus|/graph\?|cloudwatch|newrelic|honeycomb|splunk|dynatrace|jaeger"
        r"|lightstep|sentry|signoz|dashboards?/|/d/\w",
    ),
)
_COMPILED: Final = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _LEADS_TO)


# Nobody states more than this in one message; of a longer one, a paste, the beginning and the end are read.
_READ: Final = 8_000
_MOST_LINKS: Final = 12

_FENCED: Final = re.compile(r"```(.*?)(?:```|\Z)", re.DOTALL)
_QUOTED_LINE: Final = re.compile(r"^[ \t]*(?:&gt;|>).*$", re.MULTILINE)
_STRUCK: Final = re.compile(r"(?<!\w)~[^~\n]{1,300}~(?!\w)")
_MENTION: Final = re.compile(r"<@([A-Z0-9]{2,20})(?:\|[^<>\n]{0,200})?>")
_LINKED: Final = re.compile(r"<(https?://[^<>|\s]{1,2000})(?:\|([^<>\n]{0,500}))?>|(https?://[^\s<>|`]{1,2000})")
_OTHER: Final = re.compile(r"<[!#][^<>|\n]{0,200}(?:\|([^<>\n]{0,200}))?>")
_ENTITIES: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY: Final = re.compile(r"&(?:lt|gt|amp);")
_STARRED: Final = re.compile(r"(?<![\w*])[*_]([^*_\n]{1,300})[*_](?![\w*])")
_DIGIT: Final = re.compile(r"\d")
# Code quoted inside a sentence.
_CODE: Final = re.compile(r"`([^`\n]{12,2000})`")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageText:
    """A parsed message: `fenced` is the content of code blocks, `lines` the rest without quotes; no markup."""

    lines: tuple[str, ...] = ()
    fenced: str = ""
    links: tuple[MessageLink, ...] = field(default=())

    def pieces(self) -> Iterator[str]:
        """Yield each line, and the code quoted inside it."""
        for line in self.lines:
            yield line
            yield from _CODE.findall(line)


def parse_message(text: str) -> MessageText:
    """Parse Slack's markup. Never raises; the text that is read is limited."""
    if len(text) > _READ:
        end = _whole_lines(text[-_READ // 2 :][::-1])[::-1]
        text = f"{_whole_lines(text[: _READ // 2])}\n{_without_cut_line(end)}"
    links: dict[str, MessageLink] = {}

    def linked(found: re.Match[str]) -> str:
        url = (found[1] or found[3]).replace("&amp;", "&").rstrip(".,;:!?)，。；：！？、）")
        if len(links) < _MOST_LINKS:
            what = next((kind for kind, pattern in _COMPILED if pattern.search(url)), LinkKind.OTHER)
            links.setdefault(url, MessageLink(url=url, what=what))
        return found[2] or url

    fenced = "\n".join(_without_markup(_LINKED.sub(linked, block)) for block in _FENCED.findall(text))
    text = _QUOTED_LINE.sub("", _FENCED.sub("\n", text))
    text = _LINKED.sub(linked, _STRUCK.sub("", text))
    lines = [line.strip() for line in _without_markup(text).splitlines()]
    return MessageText(lines=tuple(line for line in lines if line), fenced=fenced, links=tuple(links.values()))


def excerpt(says: str) -> str:
    """Return the text on one line of at most `LONGEST_SAYS` characters."""
    line = " ".join(says.split())
    return line if len(line) <= LONGEST_SAYS else f"{line[: LONGEST_SAYS - 1].rstrip()}…"


def _whole_lines(cut: str) -> str:
    """Return the text without its last, incomplete line, or unchanged if it has only one."""
    whole, newline, _ = cut.rpartition("\n")
    return whole if newline else cut


def _without_cut_line(end: str) -> str:
    """Return the text without its last line if that repeats the beginning of the line before: a log that was cut."""
    before, _, last = end.rstrip("`\n ").rpartition("\n")
    other = _DIGIT.sub("0", before.rpartition("\n")[2])
    return before if before and len(last) < len(other) and other.startswith(_DIGIT.sub("0", last)) else end


def _without_markup(text: str) -> str:
    text = _MENTION.sub(r"@\1", text)
    text = _OTHER.sub(lambda found: found[1] or "", text)
    text = _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)
    return _STARRED.sub(r"\1", text)
