"""Hold what a pipeline checked, object by object, and decide by its verdicts whether the pipeline fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intents.domain import Gap, JudgedHypothesis, Language, ObjectRef, Text, Verdict
from intents.rollout import RolloutStatus
from responses import glance, sentences, words
from responses.safety import SafeDiagnosis, SafeText
from responses.shown import shown, shown_line, shown_value

# The verdicts that can fail a pipeline, the weakest first.
FAILING: Final = (Verdict.POSSIBLE, Verdict.LIKELY, Verdict.CONFIRMED)


class Outcome(StrEnum):
    """The outcome of a check."""

    PASSED = "passed"
    FOUND = "found"
    """Something is wrong, and no verdict was said to fail the run."""
    FAILED = "failed"
    """A verdict reached the one that fails the pipeline."""
    NOT_ROLLED_OUT = "not rolled out"
    """The rollout has not completed, and no verdict says why."""
    UNKNOWN = "unknown"
    """Nothing was found, but not all could be read."""
    UNUSABLE = "unusable"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One object of a pipeline, with the state of its rollout if that was waited for, and why it could not be checked.

    A rollout that is complete is not diagnosed.
    """

    asked: SafeText
    """The object as the caller named it."""
    subject: ObjectRef | None = None
    rollout: RolloutStatus | None = None
    diagnosis: SafeDiagnosis | None = None
    error: SafeText | None = None
    missing: bool = False
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Return the object's kind, namespace and name as far as they are known."""
        if self.subject is None and self.diagnosis and (focus := self.diagnosis.focus).name:
            return shown_line(str(focus.ref))
        return shown_line(str(self.subject)) if self.subject else self.asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All checks of one run, in the order in which the objects were named. Its texts have passed `safe_value`."""

    checks: tuple[Check, ...]
    fail_on: Verdict | None
    language: Language
    version: str = ""

    def outcome(self, check: Check) -> Outcome:
        """Return the outcome of a check."""
        if check.error:
            return Outcome.NOT_FOUND if check.missing else Outcome.UNUSABLE
        if check.rollout and check.rollout.complete:
            return Outcome.PASSED
        found = hypotheses_of(check)
        if any(map(self.fails, found)):
            return Outcome.FAILED
        if check.rollout:
            return Outcome.NOT_ROLLED_OUT
        if not found and check.diagnosis and check.diagnosis.gaps:
            return Outcome.UNKNOWN
        return Outcome.FOUND if found and self.fail_on is None else Outcome.PASSED

    def fails(self, one: JudgedHypothesis) -> bool:
        """Tell whether a verdict is at least the one that fails the pipeline."""
        return self.fail_on is not None and FAILING.index(one.verdict) >= FAILING.index(self.fail_on)


def hypotheses_of(check: Check) -> tuple[JudgedHypothesis, ...]:
    """Return the causes that are not ruled out, as a reader may see them."""
    if check.diagnosis is None:
        return ()
    found = sentences.open_hypotheses(shown(check.diagnosis))
    return tuple(one for one in found if one.verdict in FAILING)


def gaps_of(check: Check) -> tuple[Gap, ...]:
    """Return what could not be read about an object, as a reader may see it."""
    return shown(check.diagnosis).gaps if check.diagnosis else ()


def proofs_of(check: Check, one: JudgedHypothesis, language: Language) -> tuple[str, ...]:
    """Return the proofs of a cause of an object, as a reader may see them."""
    return glance.proofs(one, shown(check.diagnosis), language, of_text=False) if check.diagnosis else ()


def headline(check: Check, report: Report) -> str:
    """Return in one line what came of a check."""
    language, outcome = report.language, report.outcome(check)
    if check.error:
        return shown_line(check.error)
    first = next(iter(hypotheses_of(check)), None)
    cause = f"{words.verdict_word(first.verdict, language)}: {glance.cause(first, language)}" if first else ""
    if check.rollout:
        state = rollout_line(check.rollout, language)
        return state if check.rollout.complete or not cause else f"{state} {cause}"
    if cause:
        return cause
    return (_UNREAD if outcome is Outcome.UNKNOWN else _NOTHING).in_(language)


def rollout_line(status: RolloutStatus, language: Language) -> str:
    """Return the state of a rollout as a sentence."""
    says = shown_value(status.says).in_(language)
    return sentences.finished(f"{(_COMPLETE if status.complete else _INCOMPLETE).in_(language)}{says}", language)


def summary_line(report: Report) -> str:
    """Return how many objects passed."""
    passed = sum(report.outcome(each) is Outcome.PASSED for each in report.checks)
    return _PASSED.in_(report.language).format(passed, len(report.checks))


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome that a run of several checks has."""
    return min(outcomes, key=_ORDER.index)


_ORDER: Final = (
    Outcome.FAILED, Outcome.NOT_ROLLED_OUT, Outcome.UNUSABLE, Outcome.NOT_FOUND, Outcome.UNKNOWN,
    Outcome.FOUND, Outcome.PASSED,
)  # fmt: skip
_COMPLETE: Final = Text(en="Rollout complete: ", zh="发布已完成：")
_INCOMPLETE: Final = Text(en="Rollout not complete: ", zh="发布未完成：")
_NOTHING: Final = Text(en="No known problem found.", zh="未发现已知问题。")
_UNREAD: Final = Text(
    en="No known problem found, but not everything could be read.", zh="未发现已知问题，但有内容无法读取。"
)
_PASSED: Final = Text(en="{} of {} objects passed.", zh="{1} 个对象中 {0} 个通过。")
