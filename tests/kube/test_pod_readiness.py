"""Test the one-word reason why a pod is not ready."""

from typing import Any

import pytest

from bot.kube.pod_states import unready_reason


def pod(*, ready: bool = False, **status: Any) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": "Ready", "status": str(ready)}], **status}}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (pod(ready=True), ""),
        (pod(phase="Running"), "not ready"),
        (pod(phase="Pending"), "Pending"),
        (pod(phase="Failed", reason="Evicted"), "Evicted"),
        (pod(containerStatuses=[{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]), "CrashLoopBackOff"),
        (pod(containerStatuses=[{"state": {"terminated": {"reason": "OOMKilled"}}}]), "OOMKilled"),
        (
            pod(
                phase="Running",
                initContainerStatuses=[{"state": {"terminated": {"reason": "Completed"}}}],
                containerStatuses=[{"state": {"running": {}}}],
            ),
            "not ready",
        ),
        ({"metadata": {"deletionTimestamp": "2026-03-02T03:00:00Z"}} | pod(ready=True), "Terminating"),
        ({}, "Unknown"),
    ],
)
def test_the_word_is_that_of_kubectl(given: dict[str, Any], why: str) -> None:
    assert unready_reason(given) == why
