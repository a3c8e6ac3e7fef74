"""Word what an answer shows at first glance: cause, impact, at most three proofs, and what could not be checked.

Slack and the terminal show the same sentences in the same order, each shortened to what a reader takes in at a glance;
Details have all of it at length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from intents.domain import (
    Diagnosis,
    Finding,
    FindingOutcome,
    Gap,
    GapReason,
    JudgedHypothesis,
    Language,
    Link,
    Observation,
    Row,
    Step,
    Text,
)
from intents.languages import in_sentence
from intents.templates import capitalised, duration
from responses import causality, sentences, words
from responses.causality import message_of
from responses.sentences import finished
from responses.shown import shortened
from responses.tables import quote

_CJK: Final = r"\u3400-\u9fff"
# A word, or one Chinese character with the punctuation behind it.
_UNIT: Final = re.compile(rf"[{_CJK}][\u3000-\u303f\uff00-\uffef]*\s*|[^\s{_CJK}]+\s*")
_SENTENCE_END: Final = {Language.EN: re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"({0-9])"), Language.ZH: re.compile(r"(?<=。)")}
_QUOTE: Final = re.compile(r"“([^”]*)”")
_QUOTE_WORDS: Final = 14
_LEAST_QUOTE: Final = 10
# Of a chain of errors so many words of the outermost are kept. What gRPC writes before the innermost says nothing.
_BEGINNING: Final = 3
_CHAIN: Final = re.compile(r"(?<=[\w\")\]'])\s?: (?=\S)|⏎ ")
_ADDED: Final = re.compile(r"\s*⏎\s*\([^()]*\)$")
_WRAPPER: Final = re.compile(r"rpc error: code = \w+ desc = ")
# The kubelet ends the message of a back-off with container and pod, which the sentence around it names.
_BACK_OFF: Final = re.compile(r"(?<=restarting failed container)=\S+ pod=[^\s()]+\([\w-]+\)")
# The scheduler counts nodes by reason: a list, and no chain of errors. Why preemption does not help is no reason.
_NODES: Final = re.compile(r"\b\d+/\d+ nodes? (?:is|are) available: ")
_PREEMPTION: Final = re.compile(r"[.,]?\s*(?:no new claims to deallocate,\s*)?\bpreemption: .*")
_LIST_WORDS: Final = 15
# In characters: more of a text is never shown at a glance.
_MOST: Final = 4_000
# Where a sentence may end early: after these, what follows only adds to it.
_CLAUSE: Final = re.compile(r"[;；。]\s*|\.\s+|[:：,，]\s*|\s+(?=\()|(?=（)")
_WHOLE: Final = (";", "；", "。", ".")
_LEAST: Final = 3
_PAIRS: Final = (("“", "”"), ("(", ")"), ("（", "）"))


def length(text: str) -> int:
    """Return the number of words; a Chinese character counts as one."""
    return len(_UNIT.findall(text))


def first_sentence(text: str, language: Language) -> str:
    """Return the first sentence of a text."""
    return _SENTENCE_END[language].split(text, maxsplit=1)[0].strip()


def brief(says: str, *, most: int) -> str:
    """Return the sentence with at most `most` words: long quotations are cut first, then the clauses at its end."""
    says = " ".join(says[:_MOST].split())
    words = max(_LEAST_QUOTE, min(_QUOTE_WORDS, most - length(_QUOTE.sub("", says))))
    says = _QUOTE.sub(lambda found: f"“{_brief_quote(found[1], words)}”", says)
    if length(says) <= most:
        return says
    room = "".join(_UNIT.findall(says)[:most])
    ends = [found for found in _CLAUSE.finditer(room) if _may_end(room, found, most=most)]
    if not ends:
        return _closed(room.rstrip(" ,，:：;；") + "…")
    last = next((found for found in reversed(ends) if found[0].strip() in _WHOLE), ends[-1])
    cut = room[: last.start()].rstrip()
    return cut if last[0].strip() in _WHOLE else f"{cut} …"


def _may_end(room: str, at: re.Match[str], *, most: int) -> bool:
    """Return whether what precedes a clause's end can stand alone: it is long enough, and no mark in it is open."""
    before = room[: at.start()]
    least = _LEAST if at[0].strip() in _WHOLE else most // 2
    return length(before) > least and _is_balanced(before)


def _brief_quote(quote: str, most: int) -> str:
    """Return a quotation in few words: its beginning, of a chain of errors also the end, which is the innermost."""
    line = _BACK_OFF.sub("", message_of(quote))
    if found := _NODES.search(line):
        counted = _PREEMPTION.sub(".", line[found.start() :])
        return counted if length(counted) <= _LIST_WORDS else _head(counted, _LIST_WORDS)
    line = line[1:-1] if line.startswith('"') and line.find('"', 1) == len(line) - 1 else line
    if length(line) <= _QUOTE_WORDS:
        return line
    line = _ADDED.sub("", _WRAPPER.sub("", line))
    return line if length(line) <= most else _ends(line, most) if _CHAIN.search(line) else _head(line, _QUOTE_WORDS)


def _ends(line: str, most: int) -> str:
    """Return the first words of a chain of errors and its last ones, from the beginning of an error if one is near."""
    units = _UNIT.findall(line)
    tail = "".join(units[_BEGINNING + 1 - most :])
    whole = next((tail[each.end() :] for each in _CHAIN.finditer(tail)), "")
    tail = whole if 2 * length(whole) > most - _BEGINNING else tail
    return f"{_head(line, _BEGINNING)} {tail}"


def _head(line: str, most: int) -> str:
    return "".join(_UNIT.findall(line)[:most]).rstrip(" ,;:") + " …"


def _is_balanced(text: str) -> bool:
    return all(text.count(opened) == text.count(closed) for opened, closed in _PAIRS)


def _closed(text: str) -> str:
    """Return the text with the marks closed that a cut left open."""
    for opened, closed in _PAIRS:
        if text.count(opened) > text.count(closed):
            text += closed
    return text


PROOFS: Final = 3
_WITH_INFORMATION: Final = 2
_GAPS: Final = 2
# The most words of each; a Chinese character counts as one.
_CAUSE: Final = {Language.EN: 34, Language.ZH: 60}
_IMPACT: Final = {Language.EN: 18, Language.ZH: 20}
_PROOF: Final = {Language.EN: 24, Language.ZH: 24}
_OTHER: Final = {Language.EN: 12, Language.ZH: 16}
_TITLE: Final = 8
# The most words of the detail of a gap.
_DETAIL: Final = 8
# Longer commands are shown under Details.
_COMMAND: Final = 120
# The title of a link to a runbook begins so.
_RUNBOOK: Final = "Runbook"
# What looks like the name of an object or an image, and the programs that an entry itself names.
_NAME: Final = re.compile(r"(?<![A-Za-z0-9.])[A-Za-z0-9.]++(?:[-/:][A-Za-z0-9.]++)+")
_PROGRAMS: Final = frozenset({"kube-proxy", "istio-proxy", "calico-node", "prometheus-operator", "HTTP/1", "HTTP/2"})
_CHANGES: Final = 2
_JUST_S: Final = 60
# In characters: the description of a gap may come from a cluster.
_WHAT: Final = 160

# A sentence that tells an age itself: "19m ago", "for 21m".
_AGE: Final = re.compile(r"(?<![\w.])\d+[smhd](?:\d+m)?(?![\w.])")
_WORD: Final = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
_REPEATED: Final = 0.75
_DECIDED: Final = (FindingOutcome.SUPPORTS, FindingOutcome.REFUTES)


def cause(one: JudgedHypothesis, language: Language) -> str:
    """Return cause and object in one sentence."""
    says = one.summary.in_(language) or first_sentence(one.root_cause.in_(language), language)
    if one.subject and one.subject.name not in says and not _looks_named(says):
        says = f"{one.subject}{words.COLON.in_(language)}{says}"
    return finished(brief(says, most=_CAUSE[language]), language)


def _looks_named(says: str) -> bool:
    """Return whether a sentence holds what looks like the name of an object."""
    return bool(set(_NAME.findall(says)) - _PROGRAMS)


def first_line(one: JudgedHypothesis, language: Language) -> str:
    """Return the first line of an answer: the cause, or what was found instead of a cause that is ruled out."""
    return (_refutation if sentences.is_out(one) else cause)(one, language)


def _refutation(one: JudgedHypothesis, language: Language) -> str:
    """Return what was found instead of a cause that is ruled out."""
    against = sentences.refutation(one, language)
    if not against:
        return words.TEXT_RULED_OUT.in_(language)
    return finished(brief(against, most=_CAUSE[language]), language)


def impact(one: JudgedHypothesis, language: Language) -> str:
    """Return the first sentence of the impact."""
    return finished(brief(first_sentence(one.impact.in_(language), language), most=_IMPACT[language]), language)


def proofs(one: JudgedHypothesis, diagnosis: Diagnosis, language: Language, *, of_text: bool) -> tuple[str, ...]:
    """Return the findings that decide, each with its object and age; of a text alone, the line that matched."""
    out = sentences.is_out(one)
    decided = sorted(
        (finding for finding in one.findings if finding.outcome in (_DECIDED[1:] if out else _DECIDED)),
        key=lambda finding: (_DECIDED.index(finding.outcome), not finding.decisive),
    )
    if not decided:
        return tuple(_undecided(one, language, of_text=of_text))
    leading = sentences.refutation(one, language) if out else ""
    told = [finding for finding in decided if finding.says.in_(language) != leading]
    beside = [finding for finding in one.findings if finding.outcome is FindingOutcome.NEUTRAL]
    lines: list[str] = []
    for number, finding in enumerate((*told, *beside)):
        # What only informs fills up to two lines.
        if len(lines) >= (PROOFS if number < len(told) else _WITH_INFORMATION):
            break
        line = _proof(finding, one, diagnosis.observed_at, language)
        if not any(_repeats(line, earlier) for earlier in lines):
            lines.append(line)
    return tuple(lines)


def _repeats(line: str, earlier: str) -> bool:
    """Return whether most of a line's words are in an earlier one."""
    own, known = set(_WORD.findall(line)), set(_WORD.findall(earlier))
    return len(own & known) > _REPEATED * len(own)


def _undecided(one: JudgedHypothesis, language: Language, *, of_text: bool) -> Iterable[str]:
    for match in sentences.quoted_matches(one, most=1):
        says = words.TEXT_LINE if of_text else words.TEXT_QUOTE
        given = brief(quote(match.quote), most=_PROOF[language])
        yield says.in_(language).format(*([match.line, given] if of_text else [given]))
    if one.findings and all(finding.outcome is FindingOutcome.NEUTRAL for finding in one.findings):
        yield words.ONLY_NEUTRAL.in_(language)


def _proof(finding: Finding, one: JudgedHypothesis, observed_at: datetime | None, language: Language) -> str:
    whole = finding.says.in_(language)
    says = brief(whole, most=_PROOF[language])
    if finding.subject and finding.subject.name not in whole and not _looks_named(says):
        says = f"{finding.subject}{words.COLON.in_(language)}{says}"
    if finding.outcome is FindingOutcome.REFUTES and not sentences.is_out(one):
        says = words.AGAINST.in_(language).format(says)
    return sentences.joined(says, "" if _AGE.search(says) else age(finding, observed_at, language))


def age(finding: Finding, observed_at: datetime | None, language: Language) -> str:
    """Return how old a finding is; "" if it rests on the text alone."""
    if finding.pasted or observed_at is None:
        return ""
    row = dated_row(finding)
    if row is None or row.at is None:
        return words.NOW.in_(language)
    passed = duration(max((observed_at - row.at).total_seconds(), 0))
    return (words.SINCE if row.lasts else words.AGO).in_(language).format(passed)


def dated_row(finding: Finding) -> Row | None:
    """Return the row that tells a finding's age: of lasting states the first one, else the newest; None without."""
    dated = [(row.at, number, row) for number, row in enumerate(finding.rows) if row.at is not None]
    lasting = [each for each in dated if each[2].lasts]
    found = min(lasting) if lasting else max(dated, default=None)
    return found[2] if found else None


def gaps(
    one: JudgedHypothesis | None, diagnosis: Diagnosis, language: Language, *, text_only: Text | None = None
) -> str:
    """Return what could not be checked in one line, the gaps that limit the verdict first; "" for no gap."""
    own = [gap for finding in (one.findings if one else ()) for gap in finding.gaps]
    limiting = sentences.limiting_gaps(one) if one else ()
    known = list(dict.fromkeys((*limiting, *own, *sentences.reported_gaps(diagnosis))))
    if any(gap.reason is GapReason.NO_CLUSTER for gap in known) or (text_only and not known):
        return finished(capitalised((text_only or words.TEXT_ONLY).in_(language)), language)
    return listed_gaps(known, language)


def listed_gaps(known: Sequence[Gap], language: Language) -> str:
    """Return gaps in one line, the first few with their reasons; "" for no gap."""
    if not known:
        return ""
    # Several reads may need the same permission: it is said once.
    needed = {gap.permission or gap.what: gap for gap in reversed(known)}
    said = [_gap(gap, language) for gap in reversed(needed.values())]
    listed = words.SEMICOLON.in_(language).join(said[:_GAPS])
    if len(said) > _GAPS:
        listed = f"{listed} {words.MORE.in_(language).format(len(said) - _GAPS)}"
    return f"{words.GAPS.in_(language)}{words.COLON.in_(language)}{listed}"


def _gap(gap: Gap, language: Language) -> str:
    needs = words.NEEDS.in_(language).format(gap.permission) if gap.permission else ""
    what = shortened(gap.what, most=_WHAT)
    if needs:
        return words.WITH_REASON.in_(language).format(what, needs)
    detail = sentences.gap_detail(gap, language)
    said = brief(in_sentence(detail), most=_DETAIL) if detail else ""
    why = sentences.joined(words.REASONS[gap.reason].in_(language), said, by=words.COLON.in_(language))
    return words.WITH_REASON.in_(language).format(what, why)


def next_step(one: JudgedHypothesis, language: Language) -> Step | None:
    """Return the first step by hand, for an answer without a button; None if its runbook is empty."""
    step = next(iter(one.runbook), None)
    if step is None:
        return None
    says = brief(first_sentence(step.says.in_(language), language), most=_PROOF[language])
    run = step.run.strip()
    return Step(says=Text.same(says), run="" if "\n" in run or len(run) > _COMMAND else run)


def pages(one: JudgedHypothesis, diagnosis: Diagnosis) -> tuple[Link, ...]:
    """Return the runbook that the alert names, else the entry's, then the page that helps most; () if it is ruled out.

    The alert's has no title: an address from outside is shown as it is.
    """
    if sentences.is_out(one):
        return ()
    of_alert = [Link(title="", url=diagnosis.runbook)] if diagnosis.runbook else []
    of_entry = [each for each in one.links if each.title.startswith(_RUNBOOK)]
    first = (of_alert or of_entry)[:1]
    second = [each for each in one.links[:1] if each.url not in {page.url for page in first}]
    return tuple(replace(each, title=brief(each.title, most=_TITLE)) for each in (*first, *second))


def changed(diagnosis: Diagnosis, language: Language) -> str:
    """Return the last change before the trouble began, "" for none."""
    if not diagnosis.changes:
        return ""
    last, *more = diagnosis.changes
    first = sentences.first_hypothesis(diagnosis)
    if first and last.what and last.what[0] in cause(first, language):
        return ""
    label = words.CHANGED_BEFORE.in_(language).format(duration(last.before_s))
    if last.before_s < _JUST_S:
        label = words.CHANGED_JUST_BEFORE.in_(language)
    what = sentences.change(last, language, most=_CHANGES)
    says = brief(f"{label}{words.COLON.in_(language)}{what}", most=_PROOF[language])
    return f"{says} {words.MORE.in_(language).format(len(more))}" if more else says


def others(one: JudgedHypothesis, diagnosis: Diagnosis, language: Language) -> str:
    """Return the next hypothesis that this one does not explain; beside a confirmed cause only a confirmed one."""
    explained = {one.key, *(each.key for each in causality.effects(one, diagnosis))}
    beside = [each for each in sentences.open_hypotheses(diagnosis) if each.key not in explained]
    if sentences.is_confirmed(one):
        beside = [each for each in beside if sentences.is_confirmed(each) and not each.cause]
    if not beside:
        return ""
    other, *more = beside
    says = brief(cause(other, language), most=_OTHER[language]).rstrip("。.")
    label = words.BESIDE if sentences.is_confirmed(other) else words.ALSO
    line = label.in_(language).format(says, sentences.verdict_word(other, language))
    return f"{line} {words.MORE.in_(language).format(len(more))}" if more else line


def observation(seen: Observation, language: Language) -> str:
    """Return what the cluster reports of an object, in its own words, and how often."""
    times = f" ({words.SEEN_TIMES_ONLY.in_(language).format(seen.times)})" if seen.times > 1 else ""
    return f"{seen.subject}: {quote(seen.quote)}{times}"


def effect(one: JudgedHypothesis, diagnosis: Diagnosis, language: Language, *, of_text: bool) -> str:
    """Return what this cause leads to, or what causes it; "" for neither.

    Of its effects what was asked about is told, else the first at another object: the caller, not the Service it calls.
    """
    if upstream := next((each for each in diagnosis.hypotheses if each.key == one.cause), None):
        return words.CAUSED_BY_SHORT.in_(language).format(brief(cause(upstream, language), most=_OTHER[language]))
    near = {each.key for each in (one.subject, one.behind.ref if one.behind else None) if each}

    def place(each: JudgedHypothesis) -> tuple[bool, bool, bool]:
        is_near = each.subject is None or each.subject.key in near
        return each.behind is not None, not each.hypothesis.matches, is_near

    told = min(causality.effects(one, diagnosis), key=place, default=None)
    if told is None:
        return ""
    says = causality.effect_line(told, language, cause=one, of_text=of_text)
    return f"{words.EFFECT.in_(language)}{words.COLON.in_(language)}{says}"
