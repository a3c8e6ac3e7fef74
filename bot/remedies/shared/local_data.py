"""What is lost with a pod because it lives nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intents.domain import Text


def fate_of_data(pod_spec: Mapping[str, Any]) -> tuple[Text, ...]:
    """What becomes of what a pod (or those of a template) has stored, once it goes and its claims stay."""
    kept = Text(
        en="No stored data is lost: no volume of it goes with a pod", zh="不会丢失已存储的数据：没有随 Pod 消失的卷"
    )
    return local_data(pod_spec) or (kept,)


def local_data(pod_spec: Mapping[str, Any]) -> tuple[Text, ...]:
    """A sentence for the volumes of a pod (or of a template) that end with it, none if there are no such."""
    volumes = pod_spec.get("volumes") or ()
    lost = [str(each.get("name", "")) for each in volumes if "emptyDir" in each or "ephemeral" in each]
    if not lost:
        return ()
    names = ", ".join(lost)
    return (
        Text(
            en=f"What lies in its local volumes is lost: {names}",
            zh=f"其本地卷中的数据会丢失：{names}",
        ),
    )
