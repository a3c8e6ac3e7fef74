"""Tell the state of an object in one line, without a judgement about its cause."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.diagnosing.standing import standing_of
from bot.kube.objects import ref
from bot.kube.rollouts import REPLICATED, replicas_of
from bot.kube.settling import lasting_problem
from intents.domain import Json, Text
from responses.words import COLON

_READY: Final = Text(en="{} of {} pods ready", zh="{}/{} 个 Pod 就绪")
_WELL: Final = Text(en="its status shows no trouble", zh="其状态没有异常")


def state_line(obj: Json, kind: str, now: datetime) -> Text:
    """Return the object and its state: what holds it, its ready pods, or what its status says is wrong."""
    about = str(ref(obj, kind))
    if standing := standing_of(obj, kind, now):
        return standing[0]
    problem = lasting_problem(obj, kind, now)
    if kind in REPLICATED:
        counts = replicas_of(obj)
        says = _READY.filled(counts.ready, counts.desired)
    else:
        says = Text.same(problem) if problem else _WELL
    return Text.joined((Text.same(about), says), COLON)
