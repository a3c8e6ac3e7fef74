"""What each action is called in a dialog: the verb on its button, and what confirming it does in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intents.domain import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWords:
    """`verb` fits into the 24 characters of a dialog's title and button."""

    verb: Text
    does: Text


_ACTIONS: Final[Mapping[str, ActionWords]] = {
    "annotate": ActionWords(
        verb=Text(en="Annotate", zh="设置注解"),
        does=Text(en="Changes annotations of this object, nothing else.", zh="只修改此对象的注解。"),
    ),
    "restart-pod": ActionWords(
        verb=Text(en="Restart pod", zh="重启 Pod"),
        does=Text(en="Deletes this pod; its controller makes a new one.", zh="删除此 Pod，其控制器会新建一个。"),
    ),
    "rollout-restart": ActionWords(
        verb=Text(en="Restart rollout", zh="滚动重启"),
        does=Text(
            en="Replaces the pods of this workload one after the other, as its update strategy says.",
            zh="按更新策略逐个替换此工作负载的 Pod。",
        ),
    ),
}


def words_of(action: str) -> ActionWords:
    """The words of an action; for one without, its name."""
    return _ACTIONS.get(action) or ActionWords(verb=Text.same(action[:24]), does=Text.same(action))
