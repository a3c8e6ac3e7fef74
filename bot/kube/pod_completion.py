"""Tell whether a container that runs on keeps a pod from completing after another one has done the work."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.kube.ages import seconds_since
from bot.kube.containers import containers_in
from bot.kube.objects import has_ended, is_terminating, spec_of
from intents.domain import Json

# Containers that do parts of one work may end at different times.
_APART_S: Final = 1800


def held_open(pod: Json, now: datetime) -> str:
    """Return which containers run on long after the others ended with success; "" for a pod that is meant to run on."""
    if spec_of(pod).get("restartPolicy", "Always") == "Always" or has_ended(pod) or is_terminating(pod):
        return ""
    mine = [each for each in containers_in(pod) if not each.init]
    done = [each for each in mine if each.state == "terminated" and each.detail.get("exitCode") == 0]
    running = [each for each in mine if each.state == "running"]
    if not running or len(done) + len(running) < len(mine):
        return ""
    last = max(done, key=lambda each: str(each.detail.get("finishedAt") or ""), default=None)
    if last is None or seconds_since(last.detail.get("finishedAt"), now) < _APART_S:
        return ""
    names = ", ".join(each.name for each in running)
    at = last.detail.get("finishedAt")
    return f"container {last.name} ended with exit code 0 at {at}, and {names} runs on: the pod does not complete"
