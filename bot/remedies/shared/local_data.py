"""The data that is lost with a pod because it is stored in the pod's own volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intents.domain import Text


def data_loss(pod_spec: Mapping[str, Any]) -> tuple[Text, ...]:
    """Say what data of a pod (or of the pods of a template) is lost when it goes and its claims stay."""
    kept = Text(en="No stored data is lost: it has no local volumes", zh="不会丢失已存储的数据：没有本地卷")
    return local_data_loss(pod_spec) or (kept,)


def local_data_loss(pod_spec: Mapping[str, Any]) -> tuple[Text, ...]:
    """Return one sentence on the volumes of a pod (or of a template) that end with it; () if it has none."""
    lost = local_volumes(pod_spec)
    if not lost:
        return ()
    names = ", ".join(lost)
    return (Text(en=f"Data in local volumes is lost: {names}", zh=f"本地卷中的数据会丢失：{names}"),)


def local_volumes(pod_spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the volumes that end with the pod."""
    volumes = pod_spec.get("volumes") or ()
    return tuple(str(each.get("name", "")) for each in volumes if "emptyDir" in each or "ephemeral" in each)
