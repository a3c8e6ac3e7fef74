"""Word the parts of a diagnosis that the terminal and Slack say alike, and select its hypotheses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from intents.domain import (
    Diagnosis,
    FindingOutcome,
    Gap,
    GapReason,
    JudgedHypothesis,
    Language,
    RecentChange,
    SignatureMatch,
    Text,
    Verdict,
)
from intents.languages import in_sentence
from intents.templates import capitalised
from responses import words
from responses.shown import shown_line

_CHANGES: Final = 12
_BY: Final = " · "


def gap_sentence(one: Gap, language: Language) -> str:
    """Return what could not be read and why: the missing permission, else the reason."""
    if one.reason is GapReason.NO_CLUSTER:
        return words.TEXT_ONLY.in_(language)
    reason = words.REASONS[one.reason].in_(language)
    if one.permission:
        why = words.NEEDS.in_(language).format(one.permission)
    else:
        detail = gap_detail(one, language)
        why = joined(reason, in_sentence(detail) if detail != reason else "", by=words.COLON.in_(language))
    return words.COULD_NOT_CHECK.in_(language).format(one.what, why)


def gap_detail(one: Gap, language: Language) -> str:
    """Return what is known of the reason in a language, "" for nothing."""
    return one.detail_zh if language is Language.ZH and one.detail_zh else one.detail


def reported_gaps(diagnosis: Diagnosis) -> tuple[Gap, ...]:
    """Return the gaps to report, without those of sources that are not configured."""
    return tuple(gap for gap in diagnosis.gaps if not gap.quiet)


def limiting_gaps(one: JudgedHypothesis) -> tuple[Gap, ...]:
    """Return the gaps of rules that could decide for a hypothesis or refute it: they limit its verdict."""
    return tuple(
        dict.fromkeys(
            gap
            for finding in one.findings
            if finding.outcome is FindingOutcome.GAP and (finding.decisive or finding.may_refute)
            for gap in finding.gaps
        )
    )


def refutation(one: JudgedHypothesis, language: Language) -> str:
    """Return the first finding that refutes a hypothesis, "" where none does."""
    return next(
        (finding.says.in_(language) for finding in one.findings if finding.outcome is FindingOutcome.REFUTES), ""
    )


def match_location(match: SignatureMatch, language: Language, *, of_text: bool) -> str:
    """Return "line 3, match 0.90"."""
    line = words.LINE.in_(language).format(match.line) if of_text else ""
    score = words.MATCH.in_(language).format(f"{match.score:.2f}")
    return joined(line, score, by=words.COMMA.in_(language))


def quoted_matches(one: JudgedHypothesis, *, most: int) -> tuple[SignatureMatch, ...]:
    """Return at most `most` matches, the best one of each line, so that no line is quoted twice."""
    by_line: dict[int, SignatureMatch] = {}
    for match in one.hypothesis.matches:
        by_line.setdefault(match.line, match)
    return tuple(by_line.values())[:most]


def owner_chain(diagnosis: Diagnosis) -> str:
    """Return Pod api-x ← ReplicaSet api ← Deployment api, from the diagnosed object upwards; "" without owners."""
    if not diagnosis.owners:
        return ""
    focus = diagnosis.focus.ref
    own = () if (focus.kind, focus.name) == (diagnosis.owners[0].kind, diagnosis.owners[0].name) else (focus,)
    return " ← ".join(
        f"{ref.kind} {ref.name}" if ref.namespace == focus.namespace else str(ref) for ref in (*own, *diagnosis.owners)
    )


def is_shown(quoted: str, shown: list[str]) -> bool:
    """Return whether the quote is part of a text that the reader has already seen."""
    line = " ".join(quoted.split())
    return any(line in " ".join(text.split()) for text in shown)


def against(one: JudgedHypothesis, language: Language) -> str:
    """Return a hypothesis that is ruled out, with the first reason against it."""
    title = f"{one.title.in_(language)} ({one.incident})"
    return joined(title, refutation(one, language), by=words.COLON.in_(language))


def kubectl_lines(judged: Iterable[JudgedHypothesis]) -> tuple[str, ...]:
    """Return the kubectl lines that reproduce the findings, each once."""
    return tuple(
        dict.fromkeys(finding.reproduce for one in judged for finding in one.findings if finding.reproduce.strip())
    )


def open_hypotheses(diagnosis: Diagnosis) -> tuple[JudgedHypothesis, ...]:
    """Return the causes that are not ruled out."""
    return tuple(one for one in diagnosis.hypotheses if one.verdict is not Verdict.RULED_OUT and not one.capability)


def offers(diagnosis: Diagnosis) -> tuple[JudgedHypothesis, ...]:
    """Return what can be done whatever the cause is: capabilities that are not ruled out."""
    return tuple(filter(is_offer, diagnosis.hypotheses))


def leading_hypotheses(diagnosis: Diagnosis) -> tuple[JudgedHypothesis, ...]:
    """Return the hypotheses to show first: causes, or a capability that was asked for, else capabilities."""
    asked_for = diagnosis.hypotheses[:1] if any(map(is_offer, diagnosis.hypotheses[:1])) else ()
    return asked_for or open_hypotheses(diagnosis) or offers(diagnosis)


def first_hypothesis(diagnosis: Diagnosis, *, of_text: bool = True) -> JudgedHypothesis | None:
    """Return the hypothesis that an answer is about: the leading one, else the first that is ruled out.

    What is ruled out answers a text that suggested it. Who asks about an object has suspected nothing.
    """
    out = ruled_out(diagnosis) if of_text else ()
    return next(iter((*leading_hypotheses(diagnosis), *out)), None)


def change(one: RecentChange, language: Language, *, most: int = _CHANGES) -> str:
    """Return what was changed, by whom, and how: at most so many parts of it."""
    revision = words.REVISION.in_(language).format(one.revision) if one.revision else ""
    by = words.CHANGED_BY.in_(language).format(one.by) if one.by else ""
    beside = ", ".join(filter(None, (revision, by)))
    whole = f"{one.subject} ({beside})" if beside else str(one.subject)
    if one.says:
        return f"{whole}{words.COLON.in_(language)}{one.says.in_(language)}"
    if not one.what:
        return whole
    more = len(one.what) - most
    rest = f" {words.MORE.in_(language).format(more)}" if more > 0 else ""
    return f"{whole}{words.COLON.in_(language)}{'; '.join(one.what[:most])}{rest}"


def verdict_word(one: JudgedHypothesis, language: Language) -> str:
    """Return the word for a verdict. "Possible" is used for causes only."""
    if one.capability and one.verdict is Verdict.POSSIBLE:
        return words.YOU_COULD.in_(language)
    return words.verdict_word(one.verdict, language)


def verdict_sign(one: JudgedHypothesis) -> str:
    """Return the coloured sign of a verdict."""
    return words.SIGNS[Verdict.OFFERED if is_offer(one) else one.verdict]


def is_offer(one: JudgedHypothesis) -> bool:
    """Return whether the hypothesis is a capability that is not ruled out."""
    return one.capability and one.verdict is not Verdict.RULED_OUT


def is_out(one: JudgedHypothesis) -> bool:
    """Return whether the hypothesis is ruled out."""
    return one.verdict is Verdict.RULED_OUT


def is_confirmed(one: JudgedHypothesis) -> bool:
    """Return whether the hypothesis is confirmed."""
    return one.verdict is Verdict.CONFIRMED


def ruled_out(diagnosis: Diagnosis) -> tuple[JudgedHypothesis, ...]:
    """Return the hypotheses that are ruled out."""
    return tuple(one for one in diagnosis.hypotheses if one.verdict is Verdict.RULED_OUT)


def finished(says: str, language: Language) -> str:
    """Return the sentence with a full stop, unless it ends with a punctuation mark already."""
    is_open = says[-1:].isalnum() or says.endswith((")", "”", '"', "）", "%"))
    return f"{says}{words.FULL_STOP.in_(language).rstrip()}" if is_open else says


def whole(says: Text, language: Language, *, limit: int) -> str:
    """Return a sentence from elsewhere as one of ours: on one line, with a capital letter and a full stop."""
    return finished(capitalised(shown_line(says.in_(language), limit=limit)), language)


def in_a_row(*says: str, language: Language) -> str:
    """Join finished sentences; Chinese puts no space between them."""
    return ("" if language is Language.ZH else " ").join(says)


def joined(*parts: str, by: str = _BY) -> str:
    """Join the parts that are not empty."""
    return by.join(part for part in parts if part)
