"""The dialog that asks what it was instead of an answer, and the feedback report, made from values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from intents.domain import Language, Text
from intents.feedback import NONE_OF_THEM, Candidate, FeedbackSummary, WrongEntry
from responses.slack.feedback import CorrectionChoices, correction_dialog, feedback_message
from responses.slack.message import Message, View

_TITLE = Text(en="The container runs out of memory", zh="容器内存不足")
_CHOICES = CorrectionChoices(
    areas={"containers": {"container-oom-killed": _TITLE}, "network": {"dns-lookup-failing": _TITLE}},
    saved={"learned-ledger-1a2b3c": Text(en="Ledger *was* written twice <!here>", zh="账本写了两次")},
)
# More than Slack takes in a group, and ids that are too long for a menu or for its labels.
_MANY = CorrectionChoices(
    areas={
        "containers": {"i" * 70: _TITLE, "j" * 151: _TITLE},
        "network": {f"dns-{number}": Text(en=f"It fails {'often ' * 20}{number}", zh="失败") for number in range(101)},
    }
)


_MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def _summary(times: int) -> FeedbackSummary:
    instead = (("container-oom-killed", 2), (NONE_OF_THEM, 1), ("learned-ledger-1a2b3c", 1), ("gone", 1))
    remarks = ("the <!here> *x*",)
    wrong = WrongEntry(
        id="dns-lookup-failing", wrong=4, answers=12, verdicts={"likely": 4}, instead=instead, remarks=remarks
    )
    paste = Candidate(
        template=f"ledger: checksum mismatch in batch <_> {'and more ' * 30}".strip(),
        count=7, first=_MONDAY, last=_MONDAY, channels=("C1",), example="ledger: checksum mismatch in batch 4711",
    )  # fmt: skip
    saved = WrongEntry(id="learned-ledger-1a2b3c", wrong=1, answers=1, verdicts={"possible": 1})
    return FeedbackSummary(wrong=(wrong, saved) * times, candidates=(paste,) * times, withheld=3)


def feedback_specimens(language: Language) -> Iterator[tuple[str, Message | View]]:
    """Yield (name, message or dialog)."""
    asked: dict[str, Any] = {"request_id": "T1.C1.1772449207.000100", "said": _TITLE, "language": language}
    yield "correction-dialog", correction_dialog(_CHOICES, entry="", remark="", **asked)
    period: dict[str, Any] = {"since": _MONDAY - timedelta(days=7), "until": _MONDAY, "language": language}
    titles = {"dns-lookup-failing": _TITLE, "container-oom-killed": _TITLE}
    yield "feedback-report", feedback_message(_summary(1), titles, **period)
    yield "feedback-report-long", feedback_message(_summary(30), titles, **period)
    yield "feedback-report-private", feedback_message(FeedbackSummary(withheld=2), {}, **period)
    yield "correction-dialog-again", correction_dialog(_MANY, entry="dns-100", remark="the `switch`", **asked)
