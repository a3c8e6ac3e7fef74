"""Classify links by their address alone."""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.facts import LinkKind, MessageLink

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


def link_of(url: str) -> MessageLink:
    """Return the link with its kind."""
    return MessageLink(url=url, what=next((kind for kind, pattern in _COMPILED if pattern.search(url)), LinkKind.OTHER))
