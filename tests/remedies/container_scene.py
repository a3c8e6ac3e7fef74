"""Changes of one container of a workload: how they are applied, or refused, in a scene."""

from __future__ import annotations

from typing import Any

from bot.remedies.contract import Applied, Preview, Reason
from tests.remedies.scene import Scene
from tests.remedies.workload_worlds import (
    DEPLOYMENTS,
    WEB,
    World,
)

SIDECAR = {"name": "proxy", "image": "registry.example/proxy:3"}
IMAGE = {"container": "app", "image": "mirror.example/web:1.0"}


def told(preview: Preview) -> str:
    return "\n".join(text.en for text in (*preview.outlook.effects, *preview.outlook.warnings))


def containers(scene: Scene) -> list[World]:
    found: list[World] = scene.stored(*DEPLOYMENTS, "web", "till")["spec"]["template"]["spec"]["containers"]
    return found


def started(scene: Scene) -> tuple[Any, Any]:
    return containers(scene)[0].get("command"), containers(scene)[0].get("args")


async def done(scene: Scene, action: str, **args: Any) -> tuple[Preview, Applied]:
    plan = await scene.made(action, WEB, **args)
    preview = await scene.preview(plan)
    return preview, await scene.applied(plan, preview)


async def refused(scene: Scene, action: str, **args: Any) -> str:
    refusal = await scene.refused_preview(await scene.made(action, WEB, **args))
    assert refusal.reason is Reason.UNSAFE
    assert refusal.says.zh != refusal.says.en
    assert scene.writes() == []
    return refusal.says.en


ASKING = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
