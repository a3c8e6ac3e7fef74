"""Word the causal chain and the timeline of a diagnosis, for the terminal and for Slack."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from intents.cluster_text import quoted
from intents.domain import Diagnosis, JudgedHypothesis, Language, TimelineEvent
from responses import words
from responses.shown import shortened

_QUOTE: Final = 140
# The timestamp and source location at the start of a log line: the timeline shows the time already.
_KLOG: Final = re.compile(r"^[IWEF]\d{4} [\d:.]+\s+\d+ [\w./-]+:\d+\]\s*")
_ZAP: Final = re.compile(r"^\[\d{4}/[\d/]+ [\d:.]+ [+\-\d:]+\] (?:\[\w+\] )?(?:\[[\w./]+:\d+\] )?")
_ZAP_MESSAGE: Final = re.compile(r'^\["((?:[^"\\]|\\.)*)"\]')
_STAMP: Final = re.compile(r"^\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\s+")
_JSON: Final = re.compile(r'"(?:msg|message)":"((?:[^"\\]|\\.)*)"')
_BESIDE: Final = re.compile(r'"(took|error|err)":"((?:[^"\\]|\\.)*)"')


def explanation(one: JudgedHypothesis, diagnosis: Diagnosis, language: Language) -> str:
    """Return which upstream incident explains this one, and whether that one is shown above or below."""
    order = [each.key for each in diagnosis.hypotheses]
    below = one.cause in order and one.key in order and order.index(one.key) < order.index(one.cause)
    cause = next((each.title.in_(language) for each in diagnosis.hypotheses if each.key == one.cause), "")
    return (words.LIKELY_CAUSED_BY if below else words.EXPLAINED_BY).in_(language).format(cause or one.effect_of[:100])


def effects(one: JudgedHypothesis, diagnosis: Diagnosis) -> tuple[JudgedHypothesis, ...]:
    """Return the hypotheses that a cause explains, direct effects first."""
    found: list[JudgedHypothesis] = []
    reached = {one.key}
    while more := [each for each in diagnosis.hypotheses if each.cause in reached and each.key not in reached]:
        found += more
        reached |= {each.key for each in more}
    return tuple(found)


def effect_line(one: JudgedHypothesis, language: Language, *, cause: JudgedHypothesis, of_text: bool) -> str:
    """Return an effect in one line; it is marked if it is what was pasted and its cause is not."""
    where = f" · {one.subject}" if one.subject else ""
    pasted = of_text and bool(one.hypothesis.matches) and not cause.hypothesis.matches
    return f"{one.title.in_(language)}{where}{words.PASTED.in_(language) if pasted else ''}"


def moment_time(moment: TimelineEvent, observed_at: datetime | None) -> str:
    """Return 02:40:57, with the date if it is not the date of the answer."""
    same_day = observed_at is None or observed_at.date() == moment.at.date()
    return f"{moment.at:%H:%M:%S}" if same_day else f"{moment.at:%m-%d %H:%M:%S}"


def moment_text(moment: TimelineEvent, language: Language) -> str:
    """Return what happened, to which object and how often."""
    times = f" ×{moment.count}" if moment.count > 1 else ""
    lasting = words.STILL_LASTING.in_(language) if moment.lasts else ""
    says = gist(moment.says.in_(language))
    return f"{moment.subject}{times}: {quoted(says) if moment.verbatim else says}{lasting}"


def gist(line: str) -> str:
    """Return the message of a log line, cut if it is long."""
    return shortened(message_of(line), most=_QUOTE)


def message_of(line: str) -> str:
    """Return a log line without its own timestamp and source location; of JSON, its message."""
    text = " ".join(line.split())
    if found := _JSON.search(text):
        beside = [f"{key} {value}" for key, value in _BESIDE.findall(text)]
        text = ", ".join([found[1], *beside])
    for pattern in (_KLOG, _ZAP, _STAMP):
        text = pattern.sub("", text)
    return _ZAP_MESSAGE.sub(r"\1", text)
