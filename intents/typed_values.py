"""Check the values that a person types for a remedy, and fill them into its arguments.

A remedy's arguments have `{input.<id>}` in the place of a value. Only the format is checked here; the action checks
whether the value makes sense for the object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from intents.domain import InputType, Question, Text

_LONGEST: Final = 253
_MOST: Final = 100_000
_LARGEST_UID: Final = 2**31 - 1
_SHAPES: Final[Mapping[InputType, re.Pattern[str]]] = {
    InputType.NAME: re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?"),
    InputType.NUMBER: re.compile(r"[0-9]{1,6}"),
    InputType.UID: re.compile(r"[0-9]{1,10}"),
    # A quantity above 0, as in manifests.
    InputType.QUANTITY: re.compile(r"(?=[0-9.]*[1-9])[0-9]{1,15}(?:\.[0-9]{1,9})?(?:m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?"),
    # host[:port]/path[:tag][@digest], as container runtimes accept it.
    InputType.IMAGE: re.compile(
        r"[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?"
        r"(?:@sha256:[0-9a-f]{64})?"
    ),
}
_EXPECTED: Final[Mapping[InputType, Text]] = {
    InputType.TEXT: Text(en="expected text", zh="应为一段文本"),
    InputType.NAME: Text(en="expected the name of an object: a-z, 0-9, - and .", zh="应为对象名称：a-z、0-9、- 和 ."),
    InputType.NUMBER: Text(en=f"expected a whole number from 0 to {_MOST}", zh=f"应为 0 到 {_MOST} 的整数"),
    InputType.UID: Text(en="expected a user id above 0, such as 1000", zh="应为大于 0 的用户 ID，例如 1000"),
    InputType.QUANTITY: Text(en="expected a quantity such as 250m, 2 or 1.5Gi", zh="应为数量，例如 250m、2 或 1.5Gi"),
    InputType.IMAGE: Text(en="expected an image such as registry/app:1.2", zh="应为镜像，例如 registry/app:1.2"),
}
_NEEDED: Final = Text(en="enter a value", zh="需要填写")
_ONE_NEEDED: Final = Text(en="enter at least one of these values", zh="至少需要填写一项")
_PLACEHOLDER: Final = re.compile(r"\{input\.([a-z][a-z0-9_]*)\}")
_LEFT_OUT: Final = object()


def may_be_left_out(question: Question) -> bool:
    """Return whether an answer may be left out: of several quantities some may stay as they are."""
    return question.expects is InputType.QUANTITY and not question.default


def complaints(questions: Sequence[Question], answers: Mapping[str, str]) -> dict[str, Text]:
    """Return question id → the problem with its answer; empty if all answers are valid."""
    wrong = {each.id: says for each in questions if (says := _complaint(each, answers.get(each.id, "").strip()))}
    if not wrong and questions and not any(answers.get(each.id, "").strip() for each in questions):
        return {questions[0].id: _ONE_NEEDED}
    return wrong


def filled(value: Any, questions: Sequence[Question], answers: Mapping[str, str]) -> Any:
    """Return a value with all answers filled in, without the entries whose answers were left out.

    A string that is only the answer to a question for a number becomes a number.
    """
    kinds = {each.id: each.expects for each in questions}
    put = _put(value, kinds, {key: answer.strip() for key, answer in answers.items()})
    return None if put is _LEFT_OUT else put


def _complaint(question: Question, answer: str) -> Text | None:
    if not answer:
        return None if may_be_left_out(question) else _NEEDED
    shape = _SHAPES.get(question.expects)
    fits = len(answer) <= _LONGEST and (shape is None or shape.fullmatch(answer) is not None)
    if fits and question.expects in (InputType.NUMBER, InputType.UID):
        least, most = (1, _LARGEST_UID) if question.expects is InputType.UID else (0, _MOST)
        fits = least <= int(answer) <= most
    return None if fits else _EXPECTED[question.expects]


def _put(value: Any, kinds: Mapping[str, InputType], answers: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole is None:
            return _PLACEHOLDER.sub(lambda found: answers.get(found.group(1), ""), value)
        answer = answers.get(whole.group(1), "")
        if not answer:
            return _LEFT_OUT
        return int(answer) if kinds.get(whole.group(1)) in (InputType.NUMBER, InputType.UID) else answer
    if isinstance(value, Mapping):
        put = {key: _put(each, kinds, answers) for key, each in value.items()}
        return {key: each for key, each in put.items() if each is not _LEFT_OUT}
    if isinstance(value, list | tuple):
        return [put for each in value if (put := _put(each, kinds, answers)) is not _LEFT_OUT]
    return value
