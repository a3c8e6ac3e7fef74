"""Say what changed between two diagnoses of the same trouble, instead of giving the same answer again."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Final

from intents.domain import Diagnosis, FindingOutcome, JudgedHypothesis, Language, Text
from responses import glance, sentences, words
from responses.glance import brief

_DECIDED: Final = (FindingOutcome.SUPPORTS, FindingOutcome.REFUTES)
# Ages grow by themselves: they are no change.
_AGES: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+)?\s?(?:ms|s|m|h|d)(?:\d+m)?(?![\w.])")
_SHOWN: Final = 2
_WORDS: Final = {Language.EN: 24, Language.ZH: 40}

UNCHANGED: Final = Text(en="Nothing has changed since {}: {} {}", zh="自 {} 以来没有变化：{} {}")
CHANGED: Final = Text(en="Changed since {}: was {}, now {} {}", zh="自 {} 以来有变化：之前{}，现在{} {}")
NEWS: Final = Text(en="Still {} {}, with news since {}", zh="仍为{} {}，自 {} 以来有新情况")
NEW: Final = Text(en="New: {}", zh="新增：{}")
GONE: Final = Text(en="No longer: {}", zh="不再成立：{}")
EARLIER: Final = Text(en="the earlier answer", zh="之前的答复")
ANSWERED_ABOVE: Final = Text(en="Answered above, see ", zh="上文已有答复，见")
CHECK_AGAIN: Final = Text(
    en=". For a new look, mention me with “check again” or with the name of an object.",
    zh="。如需重新查看，请@我并写“再查一次”，或写明对象名称。",
)


def is_same_trouble(before: Diagnosis, after: Diagnosis) -> bool:
    """Return whether both answers are about the same incident and object in the same cluster."""
    old, new = sentences.first_hypothesis(before), sentences.first_hypothesis(after)
    if old is None or new is None or before.cluster != after.cluster or not after.cluster:
        return False
    if old.incident != new.incident or not _is_same_focus(before, after):
        return False
    if sentences.is_out(old) or sentences.is_out(new):
        return True
    return old.subject == new.subject or (
        old.subject is not None and new.subject is not None and old.subject.is_named_as(new.subject)
    )


def _is_same_focus(before: Diagnosis, after: Diagnosis) -> bool:
    """Return whether the requests named no two different objects."""
    names = {each.focus.name for each in (before, after) if each.focus.names_object}
    return len(names) <= 1


def changes(before: Diagnosis, after: Diagnosis, language: Language) -> tuple[str, ...]:
    """Return what changed, the verdict first; one line says so if nothing did."""
    old, new = sentences.first_hypothesis(before), sentences.first_hypothesis(after)
    if old is None or new is None:
        return ()
    since = f"{before.observed_at.astimezone(UTC):%H:%M} UTC" if before.observed_at else ""
    cause = glance.first_line(new, language).rstrip("。.")
    verdicts = [sentences.verdict_word(each, language) for each in (old, new)]
    told, known = _told(new, language), _told(old, language)
    news = [says for key, says in told.items() if key not in known]
    gone = [says for key, says in known.items() if key not in told]
    if old.verdict is not new.verdict:
        head = CHANGED.in_(language).format(since, *verdicts, f"· {cause}")
    elif news or gone:
        head = NEWS.in_(language).format(verdicts[1], f"· {cause}", since)
    else:
        return (UNCHANGED.in_(language).format(since, verdicts[1], f"· {cause}"),)
    return (
        head,
        *(NEW.in_(language).format(says) for says in news[:_SHOWN]),
        *(GONE.in_(language).format(says) for says in gone[:_SHOWN]),
    )


def _told(one: JudgedHypothesis, language: Language) -> dict[str, str]:
    """Return the findings that decide, by their sentence without ages."""
    return {
        _AGES.sub("", finding.says.en): brief(finding.says.in_(language), most=_WORDS[language])
        for finding in one.findings
        if finding.outcome in _DECIDED and not finding.pasted
    }


def sign(diagnosis: Diagnosis) -> str:
    """Return the sign of the verdict that a diagnosis leads with."""
    first = sentences.first_hypothesis(diagnosis)
    return sentences.verdict_sign(first) if first else words.UNKNOWN_SIGN
