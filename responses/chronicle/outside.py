"""Write an update for a status page: impact, status, next update. Names of people and systems are left out.

It is a draft to paste and to check: it says what people stated about the impact and nothing that they did not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from intents.chronicle.facts import Fact, IncidentStatus
from intents.chronicle.summary import Summary
from intents.domain import Language, Text
from responses import words
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
# What names a person, a system, a place inside: mentions, code, addresses, names with parts, digits or inner capitals,
# versions, hashes. A number with a unit, a time and an HTTP status stay.
_INSIDE: Final = re.compile(
    r"""(?ix)
    `[^`]*`? | <[^>]*>? | [@#][^\s,;，。；、]+ | \[[^\]]*\]? | :[a-z_+-]+: | \w+://\S+ | \S*\\\S+
    | [\w.+-]+@[\w.-]+ | [0-9a-f]*::[0-9a-f:]* | \b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b
    | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/\d+)? | \b[a-z][\w-]*(?:\.[\w-]+)+(?::\d+)?(?:/\S*)?
    | (?<!\w)/[\w.-]+(?:/[\w.-]+)* | \b(?=[\w/-]*[a-z])\w+(?:[-_/:]+\w+)+(?:[.:]\w+)* | \bv\d[\w.-]*
    | \b\d+\.\d+(?:\.[\w.-]+|[-+][\w.-]+|\b(?!\s*(?:[%％x×k]|ms\b|s\b|sec|min|h\b|hours?|days?|times|percent|million
        |thousand|倍|秒|分|小时|万|千)))
    | \b(?!\dxx\b)(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]*(?:[a-z]\d|\d[a-z]+\d|\d{3,}[a-z])[a-z\d]*
    | \b(?-i:\w*[a-z][A-Z]\w*)
    | \b(?:postgres\w*|mysql|mariadb|mongo\w*|redis|valkey|kafka|rabbit\w*|elastic\w*|cassandra|etcd|nginx|envoy|istio
        |kube\w*|consul|vault|argo\w*|grafana|prometheus|jenkins)\b
    """,
    re.ASCII,
)
# Ordinary words with a hyphen or a stroke that say what does not work.
_ORDINARY: Final = re.compile(
    r"(?i)(?:sign|log|check|opt|time|roll|fall|slow|shut|black|brown)-?(?:in|out|up|on|off|down|back)s?|e-?mails?|up-to-date"
    r"|real-time|self-service|and/or|on-call|re-try|non-\w+|\w+-(?:wide|only|facing)|\d+-(?:minute|hour|day|second)s?|in-app"
)
_LETTER: Final = r"A-Za-z0-9\u00c0-\u024f"
_GAP: Final = "…"
# The last word of a text that was cut may be a part of a name.
_CUT: Final = re.compile(rf"\S*{_GAP}$")
_GAPS: Final = re.compile(rf"{_GAP}(?:[\s'’,/&+|:-]*{_GAP})+")
_ASIDE: Final = re.compile(rf"\s*[(（][\s{_GAP}]*[)）]|\s+(?=[,.;:!?，。；\s])")
_NEXT_UPDATE: Final = re.compile(
    r"(?i)\bnext (?:status )?update\b[^.;]{0,40}|(?:下次|下一次)(?:更新|通报)[^，。；]{0,20}"
)
_SHORTEST: Final = 2


def status_update(summary: Summary, facts: Iterable[Fact], *, people: Mapping[str, str], language: Language) -> str:
    """Return the update as plain text.

    Left out is what `facts` name (people, bots, objects, namespaces, clusters), the display names of `people`, and
    what looks like a name of a system, code or an address.
    """
    named = _named(facts, people)

    def labelled(label: Text, says: str) -> str:
        shown = says if any(map(str.isalnum, says)) else incident_words.NOT_STATED.in_(language)
        return f"{label.in_(language)}{words.COLON.in_(language)}{shown}"

    standing = incident_words.STANDINGS[summary.status][1].in_(language)
    reports = [fact for fact in summary.impact.reports if fact.user]
    current = summary.impact.current
    impact = current if current in reports else next(iter(reports), None)
    parts = [
        f"{standing} — {dated(summary.now)} UTC",
        labelled(incident_words.IMPACT, _outside(impact.says, named) if impact else ""),
        labelled(incident_words.STATUS, _SAYS[summary.status].in_(language)),
    ]
    if summary.status is not IncidentStatus.RESOLVED:
        step = [summary.next_step.fact] if summary.next_step else []
        newest_first = sorted((*summary.comms, *step), key=lambda fact: (fact.at, fact.key), reverse=True)
        told = (_NEXT_UPDATE.search(_outside(fact.says, named)) for fact in newest_first)
        parts.append(labelled(incident_words.NEXT_UPDATE, next((found[0].strip() for found in told if found), "")))
    return "\n".join(parts)


def _named(facts: Iterable[Fact], people: Mapping[str, str]) -> re.Pattern[str]:
    """Return what matches every name that is known, and each part of a name."""
    names = {*people, *people.values()}
    for fact in facts:
        names |= {fact.user, fact.of, fact.bot, fact.cluster}
        names |= {name for subject in fact.objects for name in (subject.namespace, subject.name)}
    known = {" ".join(name.split()) for name in names}
    known |= {part for name in known for part in re.split(r"[\W_]+", name) if not part.isdigit()}
    kept = sorted((name for name in known if len(name) >= _SHORTEST), key=lambda name: (-len(name), name))
    # Only Latin letters have words: within Chinese text a name has no bounds.
    return re.compile("|".join(map(_bounded, kept)) or r"(?!)", re.IGNORECASE)


def _bounded(name: str) -> str:
    before = rf"(?<![{_LETTER}])" if re.match(rf"[{_LETTER}]", name) else ""
    behind = rf"(?![{_LETTER}])" if re.match(rf"[{_LETTER}]", name[-1]) else ""
    return f"{before}{re.escape(name)}{behind}"


def _outside(says: str, named: re.Pattern[str]) -> str:
    """Return what was said without names of people and systems; a gap shows where one stood."""
    whole = _CUT.sub(_GAP, line(says))
    bare = _INSIDE.sub(lambda found: found[0] if _ORDINARY.fullmatch(found[0]) else _GAP, whole)
    bare = _ASIDE.sub("", _GAPS.sub(_GAP, named.sub(_GAP, bare)))
    # What was apart may have become a name.
    return named.sub(_GAP, bare).strip()
