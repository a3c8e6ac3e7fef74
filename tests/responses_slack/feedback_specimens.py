"""The dialog that asks what it was instead of an answer, made from values."""

from __future__ import annotations

from collections.abc import Iterator

from intents.domain import Language, Text
from responses.slack.corrections import CorrectionChoices, correction_dialog
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


def feedback_specimens(language: Language) -> Iterator[tuple[str, Message | View]]:
    """Yield (name, message or dialog)."""
    asked = {"request_id": "T1.C1.1772449207.000100", "said": _TITLE, "language": language}
    yield "correction-dialog", correction_dialog(_CHOICES, entry="", remark="", **asked)
    yield "correction-dialog-again", correction_dialog(_MANY, entry="dns-100", remark="the `switch`", **asked)
