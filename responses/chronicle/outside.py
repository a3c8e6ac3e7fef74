"""Write an update for a status page: impact, status, next update. Names of people and systems are left out.

It is a draft to paste and to check: it says what people stated about the impact and nothing that they did not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from intents.chronicle.facts import Fact, IncidentStatus
from intents.chronicle.summary import Summary
from intents.domain import Language, Text
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import line
from responses.chronicle.markdown import dated

_SAYS: Final[Mapping[str, Text]] = {
    IncidentStatus.INVESTIGATING: Text(en="We are investigating the cause.", zh="我们正在排查原因。"),
    IncidentStatus.IDENTIFIED: Text(
        en="We have found the cause and are working on a fix.", zh="原因已定位，正在修复。"
    ),
    IncidentStatus.MITIGATING: Text(en="We are applying a fix.", zh="正在实施修复。"),
    IncidentStatus.MITIGATED: Text(
        en="A fix is in place and service is recovering.", zh="修复措施已生效，服务正在恢复。"
    ),
    IncidentStatus.MONITORING: Text(
        en="Service has recovered. We keep watching it.", zh="服务已恢复，我们会继续观察。"
    ),
    IncidentStatus.RESOLVED: Text(en="The incident is resolved.", zh="故障已解决。"),
    IncidentStatus.REOPENED: Text(en="The problem is back and we are working on it.", zh="问题再次出现，正在处理。"),
}
# What names a person, a system, a place inside: mentions, code, addresses, names with parts or digits, versions.
_INSIDE: Final = re.compile(
    r"@[\w.-]+|`[^`]*`|https?://\S+|<[^>]*>|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b|\b[\w-]+(?:\.[\w-]+){2,}(?::\d+)?\b"
    r"|\b(?=\w*[a-z])[a-z0-9]+(?:[-_/][a-z0-9]+)+\b|\bv?\d+\.\d+\.\d+\S*|:[a-z_+-]+:"
)
_ASIDE: Final = re.compile(r"\(\s*\)|\s{2,}|\s+(?=[,.;:!?，。；])")
_GAP: Final = "…"
_NEXT_UPDATE: Final = re.compile(
    r"(?i)\bnext (?:status )?update\b[^.;]{0,40}|(?:下次|下一次)(?:更新|通报)[^，。；]{0,20}"
)


def status_update(summary: Summary, language: Language) -> str:
    """Return the update as plain text."""
    status = _SAYS[summary.status].in_(language)
    standing = incident_words.STANDINGS[summary.status][1].in_(language)
    parts = [f"{standing} — {dated(summary.now)} UTC"]
    impact = summary.impact.current or next(iter(summary.impact.reports), None)
    said = _outside(impact.says, _people(summary)) if impact else ""
    label = incident_words.IMPACT.in_(language)
    colon = "：" if language is Language.ZH else ": "
    parts.append(f"{label}{colon}{said or incident_words.NOT_STATED.in_(language)}")
    parts.append(f"{incident_words.STATUS.in_(language)}{colon}{status}")
    if summary.status is not IncidentStatus.RESOLVED:
        following = next(
            (found for fact in reversed(_told(summary)) if (found := _NEXT_UPDATE.search(fact.says))), None
        )
        words = line(following[0]).strip() if following else incident_words.NOT_STATED.in_(language)
        parts.append(f"{incident_words.NEXT_UPDATE.in_(language)}{colon}{words}")
    return "\n".join(parts)


def _told(summary: Summary) -> list[Fact]:
    step = [summary.next_step.fact] if summary.next_step else []
    return sorted((*summary.comms, *step), key=lambda fact: (fact.at, fact.key))


def _people(summary: Summary) -> frozenset[str]:
    return frozenset(person.lower() for person in summary.people)


def _outside(says: str, people: frozenset[str]) -> str:
    """Return what was said without names of people and systems; a gap shows where one stood."""
    bare = _INSIDE.sub(_GAP, says)
    bare = " ".join(_GAP if word.lower().strip(".,:;!?") in people else word for word in bare.split())
    return line(_ASIDE.sub(" ", bare)).strip()
