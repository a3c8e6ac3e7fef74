"""Restarts of a pod and of all pods of a workload: what a second plan of the same moment writes, and no more.

The whole path of both is walked in `test_path.py`, their refusals in `test_refusals.py`.
"""

from __future__ import annotations

from dataclasses import replace

from bot.remedies.actions.rollout_restart import restarted_at
from tests.end_to_end.every_action.scenario import Scenario
from tests.end_to_end.every_action.watching import Watch, Write
from tests.remedies import every_kind
from tests.remedies import storage_scene as store
from tests.remedies.scene import HEALED, Enter
from tests.remedies.trial import trials


async def test_two_restarts_of_the_same_second_are_told_apart(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        plan = await scene.plan()

        assert restarted_at(plan) == restarted_at(plan)
        assert restarted_at(plan) != restarted_at(replace(plan, id="another"))
        assert restarted_at(plan).startswith(f"{plan.created:%Y-%m-%dT%H:%M:%S}.")


# --- for the tests of every action ---


def _replaced(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    """Return the deleted pod and its successor, without the parts that cannot be known before."""
    (old,) = [each.before for each in writes if each.before]
    new = watch.successor(old)
    name, _, end = new["metadata"]["name"].rpartition("-")
    assert old["metadata"]["name"] == f"{name}-{old['metadata']['name'].rpartition('-')[2]}" != f"{name}-{end}"
    assert new["spec"]["containers"][0]["image"] == old["spec"]["containers"][0]["image"]
    gone = [f"pod: {old['metadata']['name']}", f"uid: {old['metadata']['uid']}", f"node: {old['spec']['nodeName']}"]
    return gone, [f"pod: {name}-… (new)", "uid: (new)", "node: (the scheduler chooses)"]


TRIALS = (*trials("restart-pod", (store.POD,)), *trials("rollout-restart", every_kind.WORKLOADS))
SCENARIOS = (
    Scenario(
        action="restart-pod", incident="image-pull-failed", told=_replaced,
        case="the registry did not answer, and does again; a restart skips the back-off", button="Pull again now",
        writes=("DELETE /api/v1/namespaces/front/pods/checkout-6f4d8b7c5-kz9wp",),
    ),
    Scenario(
        action="rollout-restart", incident="apiservice-unavailable",
        case="the pods behind it hang, and a restart heals them", button="Restart backend pods",
        custodian="Helm (release monitoring/prometheus-adapter)",
        writes=("PATCH /apis/apps/v1/namespaces/monitoring/deployments/prometheus-adapter",),
    ),
)  # fmt: skip
