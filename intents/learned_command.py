"""Read `/diagnose learned …`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intents.domain import Text
from intents.misuse import Misuse

_WORDS: Final = frozenset({"learned", "已保存"})
_USAGE: Final = "learned edit|share|unshare|delete ID"


class LearnedAction(StrEnum):
    """What is done with a saved incident."""

    LIST = "list"
    EDIT = "edit"
    SHARE = "share"
    UNSHARE = "unshare"
    DELETE = "delete"


_ACTIONS: Final = {
    **{str(action): action for action in LearnedAction},
    "编辑": LearnedAction.EDIT,
    "共享": LearnedAction.SHARE,
    "取消共享": LearnedAction.UNSHARE,
    "删除": LearnedAction.DELETE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedCommand:
    """A request to list the saved incidents, or to do something with the one of this `id`."""

    action: LearnedAction = LearnedAction.LIST
    id: str = ""


def learned_command(words: Sequence[str]) -> LearnedCommand | Misuse | None:
    """Read `learned [ACTION ID]`; None for anything that does not begin with learned."""
    if words[0].lower() not in _WORDS:
        return None
    if len(words) == 1:
        return LearnedCommand()
    action = _ACTIONS.get(words[1].lower())
    if action is LearnedAction.LIST and len(words) == 2:
        return LearnedCommand()
    if action is None or action is LearnedAction.LIST or len(words) != 3:
        says = Text(
            en="learned takes an action and an id: /diagnose learned lists them",
            zh="learned 后面需要操作与 ID：/diagnose learned 可列出",
        )
        return Misuse(says=says, usage=_USAGE)
    return LearnedCommand(action=action, id=words[2].strip("`"))
