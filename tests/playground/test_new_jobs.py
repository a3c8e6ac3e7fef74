"""Test what the API server makes of a new Job, and how the Job ends."""

from __future__ import annotations

import copy
from typing import Any

import pytest

JOBS = "/apis/batch/v1/namespaces/shop/jobs"
PODS = "/api/v1/namespaces/shop/pods"
UID = "batch.kubernetes.io/controller-uid"
SPEC: dict[str, Any] = {
    "restartPolicy": "Never",
    "containers": [{"name": "app", "image": "import:7", "envFrom": [{"secretRef": {"name": "db"}}]}],
}
NODE = {
    "kind": "Node",
    "metadata": {"name": "worker-a"},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}
SECRET = {"kind": "Secret", "metadata": {"name": "db", "namespace": "shop"}}
CRON = {
    "kind": "CronJob",
    "metadata": {"name": "nightly", "namespace": "shop"},
    "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": {"spec": SPEC}}}},
}
EXITED = {"name": "app", "state": {"terminated": {"exitCode": 3, "reason": "Error", "finishedAt": "-1h"}}}


def job(name: str = "import", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "import"}}, "spec": copy.deepcopy(SPEC)}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template, **spec}}


def ended(obj: dict[str, Any]) -> list[str]:
    return [each["type"] for each in obj["status"].get("conditions") or () if each["status"] == "True"]


async def test_the_server_generates_selector_and_labels(api) -> None:
    api.cluster.load({"objects": [NODE, SECRET]})

    made = (await api.call("POST", JOBS, job())).body

    uid = made["metadata"]["uid"]
    assert made["spec"]["selector"] == {"matchLabels": {UID: uid}}
    assert made["spec"]["template"]["metadata"]["labels"] == {
        "app": "import", UID: uid, "controller-uid": uid, "job-name": "import",
        "batch.kubernetes.io/job-name": "import",
    }  # fmt: skip
    assert (made["spec"]["backoffLimit"], made["spec"]["suspend"]) == (6, False)


async def test_a_copied_selector_is_refused_unless_it_is_chosen_by_hand(api) -> None:
    api.cluster.load({"objects": [NODE, SECRET]})
    selector = {"matchLabels": {UID: "another"}}

    refused = await api.call("POST", JOBS, job(selector=selector))
    taken = await api.call("POST", JOBS, job(selector={"matchLabels": {"app": "import"}}, manualSelector=True))

    assert refused.status == 422
    assert "`selector` not auto-generated" in refused.body["message"]
    assert (taken.status, taken.body["spec"]["selector"]) == (201, {"matchLabels": {"app": "import"}})


async def test_copied_labels_of_another_job_are_refused(api) -> None:
    api.cluster.load({"objects": [NODE, SECRET]})
    copied = job()
    copied["spec"]["template"]["metadata"]["labels"] |= {"job-name": "export"}

    refused = await api.call("POST", JOBS, copied)

    assert refused.status == 422
    assert refused.body["details"]["causes"][0]["field"] == "spec.template.metadata.labels"


async def test_it_completes_and_its_cron_job_knows(api) -> None:
    api.cluster.load({"objects": [NODE, SECRET, CRON]})
    cron = (await api.get("/apis/batch/v1/namespaces/shop/cronjobs/nightly")).body
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "controller": True}
    manual = job()
    manual["metadata"]["ownerReferences"] = [owner | {"uid": cron["metadata"]["uid"]}]

    await api.call("POST", JOBS, manual)

    made, (pod,) = (await api.get(f"{JOBS}/import")).body, await api.items(PODS)
    assert ended(made) == ["SuccessCriteriaMet", "Complete"]
    assert pod["status"]["phase"] == "Succeeded"
    cron = (await api.get("/apis/batch/v1/namespaces/shop/cronjobs/nightly")).body
    assert cron["status"]["lastSuccessfulTime"] == made["status"]["completionTime"]


@pytest.mark.parametrize("suspend", [False, True])
async def test_it_stays_active_while_its_secret_is_missing_and_idle_while_suspended(api, suspend: bool) -> None:
    api.cluster.load({"objects": [NODE, {"kind": "Namespace", "metadata": {"name": "shop"}}]})

    await api.call("POST", JOBS, job(suspend=suspend))

    made, pods = (await api.get(f"{JOBS}/import")).body, await api.items(PODS)
    assert ended(made) == []
    waits = [each["status"]["containerStatuses"][0]["state"]["waiting"]["message"] for each in pods]
    assert waits == ([] if suspend else ['secret "db" not found'])


async def test_it_fails_as_a_loaded_job_with_the_same_pods_did(api) -> None:
    old = job("old") | {"status": {"conditions": [{"type": "Failed", "status": "True"}]}}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "old-x7x7x", "namespace": "shop", "ownerReferences": [{"kind": "Job", "name": "old"}]},
        "spec": {"nodeName": "worker-a", **SPEC},
        "status": {"phase": "Failed", "containerStatuses": [EXITED]},
    }
    api.cluster.load({"objects": [NODE, SECRET, old, pod]})

    await api.call("POST", JOBS, job())

    made = (await api.get(f"{JOBS}/import")).body
    assert (ended(made), made["status"]["failed"]) == (["FailureTarget", "Failed"], 1)
    (new,) = [each for each in await api.items(PODS) if each["metadata"]["name"].startswith("import-")]
    assert new["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


@pytest.mark.parametrize(("options", "left"), [(None, 1), ({"propagationPolicy": "Background"}, 0)])
async def test_its_pods_stay_unless_the_client_asks_to_delete_them(api, options: Any, left: int) -> None:
    api.cluster.load({"objects": [NODE, SECRET]})
    await api.call("POST", JOBS, job())

    await api.call("DELETE", f"{JOBS}/import", options)

    assert (await api.get(f"{JOBS}/import")).status == 404
    assert len(await api.items(PODS)) == left
