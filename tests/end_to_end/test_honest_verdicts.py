"""Verdicts that say no more than was seen: gaps, links between incidents, refutations, conditions."""

from __future__ import annotations

from typing import Any

import pytest

from responses import words
from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, broken_case, broken_of, is_final, lines_of, words_of, workplace

NODE = {"kind": "Node", "apiVersion": "v1"}
FINE = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}


def node(name: str, *conditions: dict[str, str]) -> dict[str, Any]:
    return {**NODE, "metadata": {"name": name, "creationTimestamp": "-20d"}, "status": {"conditions": [*conditions]}}


async def pasted(at: Workplace, text: str) -> str:
    """Paste a text and return the lines of its answer."""
    return "\n".join(lines_of(await at.answer(await at.slack.say(at.alex, at.channel, text))))


async def asked(at: Workplace, command: str) -> str:
    """Run /diagnose and return the lines of its answer."""
    before = {one["ts"] for one in at.ours()}
    await at.slack.slash(at.alex, at.channel, command)
    found = await at.slack.wait_for(lambda: [one for one in at.ours() if one["ts"] not in before and is_final(one)])
    return "\n".join(lines_of(found[0]))


async def test_with_a_decisive_read_forbidden_the_text_is_only_possible(tmp_path, engine):
    broken = broken_case(engine, "pending-storageclass-missing", "classes may not be read")
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await pasted(at, broken.text)

    assert "POSSIBLE" in answer.splitlines()[1]
    assert "LIKELY" not in answer
    assert "list on storage.k8s.io/storageclasses" in answer


# As the container's log in the simulated cluster has it: this line tells which pod is meant.
LOGGED_BY_TIKV = (
    '[2026/03/02 02:58:46.507 +00:00] [INFO] [util.rs:566] ["PD failed to respond"] [err="Grpc(RpcFailure(RpcStatus '
    '{ code: 4-DEADLINE_EXCEEDED, message: \\"Deadline Exceeded\\", details: [] }))"] [endpoints=http://billing-pd:2379]'
)


async def test_an_unread_refutation_keeps_a_proof_from_confirming(tmp_path, engine):
    """TiKV logs that PD does not answer; whether PD is well cannot be read."""
    broken = broken_of(engine, "tikv-pd-deadline-exceeded")
    async with workplace(tmp_path, engine, broken.world) as at:
        at.cluster.forbid(resource="tidbclusters")
        answer = await pasted(at, LOGGED_BY_TIKV)

    assert "LIKELY" in answer.splitlines()[1]
    assert "CONFIRMED" not in answer
    assert "pingcap.com/tidbclusters" in answer


async def test_a_controller_of_another_namespace_does_not_explain_an_error(tmp_path, engine):
    tikv, lost = broken_of(engine, "tikv-pd-deadline-exceeded"), broken_of(engine, "leader-election-lost")
    async with workplace(tmp_path, engine, tikv.world, lost.world) as at:
        answer = await pasted(at, LOGGED_BY_TIKV)

    assert "CONFIRMED" in answer.splitlines()[1]
    assert "gets no answer from PD" in answer.splitlines()[0]
    assert "shard-operator" not in answer
    assert "control plane under PD stalled" not in answer


async def test_an_api_that_nothing_provides_is_not_refuted_by_other_apis(tmp_path, engine):
    name = "no provider of the metrics API is installed, and the other APIServices are available"
    broken = broken_case(engine, "apiservice-unavailable", name)
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await pasted(at, broken.text)

    assert "CONFIRMED" in answer.splitlines()[1]
    assert "No APIService serves metrics.k8s.io" in answer
    assert "RULED OUT" not in answer


async def test_conditions_mean_what_their_kind_says(tmp_path, engine):
    """A stuck namespace, a node that is not ready, and a healthy one with node-problem-detector."""
    stuck = {
        "kind": "Namespace",
        "metadata": {"name": "old", "creationTimestamp": "-9d", "deletionTimestamp": "-1h", "finalizers": []},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {
            "phase": "Terminating",
            "conditions": [
                {
                    "type": "NamespaceDeletionContentFailure",
                    "status": "False",
                    "reason": "ContentDeleted",
                    "message": "All content successfully deleted, may be waiting on finalization",
                },
                {
                    "type": "NamespaceFinalizersRemaining",
                    "status": "True",
                    "reason": "SomeFinalizersRemain",
                    "message": "Some content in the namespace has finalizers remaining: acme.io/guard in 1 resource",
                },
            ],
        },
    }
    none = {"type": "KernelDeadlock", "status": "False", "reason": "KernelHasNoDeadlock", "message": "no deadlock"}
    gone = {**FINE, "status": "False", "reason": "KubeletNotReady", "message": "PLEG is not healthy"}
    # Every condition changed when the kubelet came back: there was no pressure that ended.
    back = [
        {"type": name, "status": "False", "lastTransitionTime": "-4m", "message": "kubelet has none"}
        for name in ("DiskPressure", "MemoryPressure", "PIDPressure")
    ]
    nodes = node("rack-1", gone), node("rack-2", {**FINE, "lastTransitionTime": "-4m"}, none, *back)
    async with workplace(tmp_path, engine, {"objects": [stuck, *nodes]}) as at:
        namespace, sick, well = [await asked(at, each) for each in ("namespace old", "node rack-1", "node rack-2")]
        pressure = await pasted(at, "Node rack-2 status is now: NodeHasDiskPressure")

    assert "CONFIRMED · Namespace old stays in Terminating" in namespace
    assert "NamespaceDeletionContentFailure" not in namespace
    assert "PLEG is not healthy" in sick
    assert "KernelDeadlock" not in well
    assert "disk pressure ended" not in pressure


@pytest.mark.parametrize("incident", ["ulimit-nofile-too-low", "run-as-nonroot-non-numeric-user"])
async def test_the_consequences_of_a_confirmed_cause_are_explained(tmp_path, engine, incident):
    entry = engine.catalog.incidents[incident]
    case = next(case for case in entry.cases if case.ask and case.ask.pod and case.then == "confirmed")
    async with workplace(tmp_path, engine, broken_case(engine, incident, case.name).world) as at:
        answer = await asked(at, f"pod {case.ask.pod}")
        await at.slack.click(at.alex, at.channel, at.ours()[-1]["ts"], Press.DETAILS.value)
        views = await at.slack.wait_for(
            lambda: [view for view in at.slack.views(at.alex) if "⏳" not in words_of(view["blocks"])]
        )
        details = "\n".join(lines_of(views[-1]))

    assert "CONFIRMED" in answer.splitlines()[1]
    assert "pod" in details.lower()
    for shown in (answer, details):
        assert words.UNEXPLAINED.en not in shown
        assert "MinimumReplicasUnavailable" not in shown
