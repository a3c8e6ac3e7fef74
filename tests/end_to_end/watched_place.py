"""Run the whole app with a watch of simulated namespaces, and wait for its rounds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.workplace import Workplace, is_final, words_of, workplace

WATCH = "C0000000001 till"
WELL = {**SCENE, "faults": {}}
KINDS = 8
MINUTE = timedelta(minutes=1)
# Seconds between two rounds of the watch.
LOOK_S = 0.02
NAMES = ("front", "middle", "back", "side")


def missing(name: str) -> str:
    """Return the message of the kubelet about a missing ConfigMap."""
    return f'configmap "{name}-config" not found'


def everywhere(namespaces: Mapping[str, str], *, config: str = "") -> dict[str, Any]:
    """Return Deployments, each in a namespace, that need a ConfigMap: one of their own, or all the same."""
    return {
        "scene": {
            f"Deployment/{namespace}/{name}": {
                "containers": {
                    "app": {"image": "app:1", "envFrom": [{"configMapRef": {"name": f"{config or name}-config"}}]}
                },
                "pods": [f"{name}-7d9f8b6c54-bbbbb"],
            }
            for name, namespace in namespaces.items()
        },
        "faults": {},
    }


def lacking(world: Mapping[str, Any], config: str = "") -> dict[str, Any]:
    """Return the faults of all pods of such a world, which lack their ConfigMap."""
    faults = {}
    for about, workload in world["scene"].items():
        _, namespace, name = about.split("/")
        for pod in workload["pods"]:
            broken = {"waiting": "CreateContainerConfigError", "message": missing(config or name)}
            faults[f"Pod/{namespace}/{pod}"] = broken
    return faults


def several(broken: Iterable[str]) -> dict[str, Any]:
    """Return a namespace in which each broken Deployment lacks a ConfigMap of its own."""
    faults = lacking(everywhere(dict.fromkeys(broken, "till")))
    return {**everywhere(dict.fromkeys(NAMES, "till")), "faults": faults}


def posts_in(at: Workplace) -> list[dict[str, Any]]:
    """Return the final messages of the app in the channel."""
    return [one for one in at.ours() if is_final(one)]


def shown(post: dict[str, Any]) -> str:
    """Return all readable text of a post."""
    return words_of(post["blocks"])


async def watched(at: Workplace, kinds: int = KINDS) -> None:
    """Wait until the kinds are watched."""
    async with asyncio.timeout(20):
        while at.cluster.watches < kinds:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)


async def looked(at: Workplace) -> None:
    """Wait for some rounds of the watch, and for the jobs that they started."""
    # Rounds of the loop that the API server and the bot share, however long they take on a busy machine.
    for _ in range(10):
        await asyncio.sleep(LOOK_S)
    await at.settled()


async def breaks(at: Workplace, world: Any = SCENE) -> None:
    """Break what was well, and wait until the watches have told it."""
    await watched(at)
    at.cluster.load(world)
    await looked(at)


async def looks(at: Workplace, expected: float) -> float:
    """Wait for some rounds of the watch, longer until `expected` looks, and return how many there have been."""
    async with asyncio.timeout(20):
        while True:
            await looked(at)
            found = (await scraped(at)).of("casebook_diagnosis_seconds_count", intent="watch")
            if found >= expected:
                return found


watching = partial(workplace, watch=WATCH, watch_look_s=LOOK_S)
"""Run everything with a watch of the namespace."""
