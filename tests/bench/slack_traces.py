"""Trace what the app did in Slack for each request, and tell its answer from the edits before and after it.

A call belongs to the job whose request is in the metadata of its message. Its time is when Slack carried it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bot.playground.slack.records import RecordedCall
from responses import words
from responses.slack.as_text import as_text

_PLACEHOLDER: Final = "⏳"
# The first lines of an answer show one of them.
_VERDICTS: Final = (*words.SIGNS.values(), words.UNKNOWN_SIGN, words.FINE_SIGN)
# Why an answer is edited, by the words that appear then.
_REASONS: Final[Mapping[str, str]] = {
    words.SAME_FAULT.en: "link to a later answer",
    words.SEEN_TIMES.en.partition("{")[0]: "repeat count",
    words.NOT_IT_BY.en: "marked as wrong",
}
NOTHING_NEW: Final = "nothing new"


class Step(StrEnum):
    """The purpose of a call to Slack.

    The first message is the placeholder or the answer. The answer is the first text with a verdict, and what replaces
    the placeholder before that is progress. An edit changes a message with a verdict; anything else is a further call.
    """

    PLACEHOLDER = "placeholder"
    PROGRESS = "progress"
    ANSWER = "answer"
    EDIT = "edit"
    FURTHER = "further message"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedCall:
    """A call at a time in epoch seconds. `why` is the reason of an edit or of a refusal, `added` its new lines."""

    at: float
    method: str
    step: Step
    why: str = ""
    added: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class Trace:
    """The calls of one request, oldest first. `request` is its id, also in the log and the job's name."""

    request: str
    asked: float
    calls: list[TracedCall] = field(default_factory=list)

    @property
    def first(self) -> float | None:
        """Return the seconds to the first message, if there is one."""
        return self._seconds(Step.PLACEHOLDER, Step.ANSWER)

    @property
    def answer(self) -> float | None:
        """Return the seconds to the answer, if there is one."""
        return self._seconds(Step.ANSWER)

    @property
    def edits(self) -> list[TracedCall]:
        """Return the edits after the answer."""
        return [call for call in self.calls if call.step is Step.EDIT]

    def lines(self) -> list[str]:
        """Return the request and a line for each of its calls."""
        shown = [f"{self.request}"]
        for call in self.calls:
            why = f": {call.why}" if call.why else ""
            shown.append(f"  +{call.at - self.asked:.2f} s  {call.method}  {call.step}{why}")
            shown += [f"      {line}" for line in call.added]
        return shown

    def _seconds(self, *steps: Step) -> float | None:
        return next((call.at - self.asked for call in self.calls if call.step in steps), None)


def traced(calls: Iterable[RecordedCall], asked: Mapping[str, float]) -> list[Trace]:
    """Return a trace for each request, in the order of `asked`, which holds when each was sent."""
    traces = {request: Trace(request=request, asked=at) for request, at in asked.items()}
    shown: dict[tuple[str, str], Mapping[str, Any]] = {}
    for call in calls:
        message = call.arguments
        trace = traces.get(_request(message))
        if trace is None or call.method not in {"chat.postMessage", "chat.update"}:
            continue
        where = (str(message["channel"]), str(call.answer.get("ts") or message.get("ts")))
        trace.calls.append(_traced(call, shown.get(where), trace))
        if call.ok:
            shown[where] = message
    return list(traces.values())


def reasons(traces: Iterable[Trace]) -> Counter[str]:
    """Count the edits after answers by their reason."""
    return Counter(call.why for trace in traces for call in trace.edits)


def _traced(call: RecordedCall, before: Mapping[str, Any] | None, trace: Trace) -> TracedCall:
    step, why, added = _step(call, before, trace), "", list[str]()
    if step is Step.REFUSED:
        why = call.error or f"status {call.status}"
    elif step is Step.EDIT and before is not None:
        known = set(_lines(before))
        added = [line for line in _lines(call.arguments) if line not in known]
        why = _why(before, call.arguments, added)
    return TracedCall(at=call.at, method=call.method, step=step, why=why, added=added)


def _step(call: RecordedCall, before: Mapping[str, Any] | None, trace: Trace) -> Step:
    text = str(call.arguments.get("text", ""))
    if not call.ok:
        return Step.REFUSED
    if before is not None and _has_verdict(str(before.get("text", ""))):
        return Step.EDIT
    if _has_verdict(text) and trace.answer is None:
        return Step.ANSWER
    if before is not None:
        return Step.PROGRESS
    return Step.PLACEHOLDER if text.startswith(_PLACEHOLDER) else Step.FURTHER


def _why(before: Mapping[str, Any], after: Mapping[str, Any], added: Sequence[str]) -> str:
    if before.get("blocks") == after.get("blocks"):
        return NOTHING_NEW
    found = (why for word, why in _REASONS.items() if any(word in line for line in added))
    return next(found, added[0][:60] if added else "something was removed")


def _has_verdict(text: str) -> bool:
    return any(sign in text for sign in _VERDICTS)


def _lines(message: Mapping[str, Any]) -> list[str]:
    return [line for line in as_text(message.get("blocks") or ()).splitlines() if line.strip()]


def _request(message: Mapping[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    return str(metadata.get("event_payload", {}).get("key", "")).partition("/")[0]
