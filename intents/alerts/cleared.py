"""Recognise the label of an alert that is over at the head of its post. Light: every match of a text asks for it."""

from __future__ import annotations

import re
from typing import Final

# Possessive: ":-:-:-" would be read in exponentially many ways.
EMOJI: Final = r"(?::[\w+-]+:|[^\w\s\[【(<\"']|\s)*+"
LABEL: Final = r"\[(?:resolved|ok|recovered|closed|已恢复|恢复)[^\]]*\]|【[^】]*(?:恢复|解除|已恢复)】"
# As PagerDuty and Opsgenie write it: "Resolved #1234: …", "*Resolved* <…|#1234>", "Alert #12 closed", "Alert closed: ".
_NUMBERED: Final = (
    r"(?:alert |incident )?(?:resolved|closed)(?: alert| incident)? ?\W{0,5}#\d"
    r"|(?:alert|incident) \W{0,3}#\d+\W{0,3} (?:is |was |has been )?(?:resolved|closed)"
    r"|(?:alert|incident) (?:closed|resolved): |closed alert: "
)
# Robusta ("`resolved`", "Prometheus resolved"), Datadog ("Recovered: …"), templates ("RESOLVED: …", "RESOLVED[2] …").
_OF_APPS: Final = r"resolved`|prometheus (?:alert )?resolved\b|recovered: |(?-i:RESOLVED)(?::|\[\d)"
_LABELLED: Final = re.compile(rf"(?i)^{EMOJI}(?:{LABEL}|{_NUMBERED}|{_OF_APPS})")


def is_labelled_cleared(line: str) -> bool:
    """Return whether the first line of a text has the label of an alert that is over, such as [RESOLVED]."""
    return _LABELLED.match(line.strip()) is not None
