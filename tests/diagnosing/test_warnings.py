"""A warning about an object is told although the object is ready and no incident explains it."""

from __future__ import annotations

from typing import Final

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import diagnose
from bot.playground.kubernetes.scenes import expanded
from intents.request import DiagnoseObject
from intents.verdicts import supported
from tests.engines import remembering_engine

_POD: Final = "api-7d9f8b6c54-x2x4z"
_SAYS: Final = "Liveness probe failed: HTTP probe failed with statuscode: 500"


async def test_a_probe_that_fails_below_its_threshold_is_told() -> None:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "failureThreshold": 100}
    warning = {"type": "Warning", "reason": "Unhealthy", "message": _SAYS, "count": 40, "first": "-40m", "last": "-1m"}
    world = {
        "scene": {
            "Deployment/search/api": {
                "containers": {"api": {"image": "api:7", "livenessProbe": probe}},
                "pods": {_POD: {"node": "worker-b", "age": "3h"}},
            }
        },
        "events": [{"for": f"Pod/search/{_POD}", **warning}],
    }
    request = DiagnoseObject(kind="Pod", namespace="search", name=_POD)
    async with staged(stage(expanded(world, now=REHEARSAL_TIME))) as connection:
        diagnosis = await diagnose(request, engine=remembering_engine(), connection=connection)

    assert not any(map(supported, diagnosis.hypotheses))
    assert [(one.subject.name, one.quote, one.times) for one in diagnosis.unexplained] == [
        (_POD, f"Unhealthy: {_SAYS}", 40)
    ]
