"""Why there is no answer, said so that the reader knows what to do next. Surfaces add only their own form."""

from __future__ import annotations

from collections.abc import Sequence

from intents.domain import ObjectRef, Text


def target_not_found(target: ObjectRef, closest: Sequence[str]) -> Text:
    """The object asked about does not exist; `closest` are names like it, as namespace/name."""
    if closest:
        names = ", ".join(closest)
        return Text(
            en=f"{target} does not exist; did you mean {names}?", zh=f"{target} 不存在；您要找的是 {names} 吗？"
        )
    return Text(
        en=f"{target} does not exist, nor does anything with a name like it",
        zh=f"{target} 不存在，也没有名称相近的对象",
    )


def without_cluster(reason: str) -> Text:
    """A text is answered, but no cluster could be asked; `reason` is one line that says what to change."""
    return Text(
        en=f"no cluster was asked: {reason}",
        zh=f"未能连接集群：{reason}",
    )
