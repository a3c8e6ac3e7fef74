"""Test which names are read from a line, and of which kind."""

from __future__ import annotations

import pytest

from intents.symptoms import read_symptoms


def certain_in(text: str) -> set[tuple[str, str]]:
    return {(name.kind, name.value) for symptom in read_symptoms(text) for name in symptom.entities if name.certain}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("kubectl -n shop describe pod web-0", {("namespace", "shop"), ("pod", "web-0")}),
        (
            "$ kubectl logs web-0 -c app --namespace=shop",
            {("pod", "web-0"), ("container", "app"), ("namespace", "shop")},
        ),
        ("kubectl rollout restart deploy/web", {("deployment", "web")}),
        ('Pod "web-0" is invalid', {("pod", "web-0")}),
        ('storageclass.storage.k8s.io "fast" not found', {("storageclass", "fast")}),
        ("Failed to create pod sandbox: rpc error", set()),
        ("calico-node 2026-03-02 02:51:07.118 [INFO][9] startup.go: Using autodetected IPv4", set()),
        ("Normal  SuccessfulCreate  Created pod: web-7c5f9d-x2x9k", {("pod", "web-7c5f9d-x2x9k")}),
        ("create Pod db-0 in StatefulSet db failed", {("pod", "db-0"), ("statefulset", "db")}),
        (
            'Put "https://10.0.0.1/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/scheduler?timeout=5s"',
            {("namespace", "kube-system"), ("lease", "scheduler")},
        ),
        ('Get "https://10.0.0.1/api/v1/namespaces/shop/pods/web-0"', {("namespace", "shop"), ("pod", "web-0")}),
        ("failed to renew lease acto/tidb-scheduler: x", {("namespace", "acto"), ("lease", "tidb-scheduler")}),
        (
            'run as root (pod: "web-0_shop(83ecafd1-d395-4ccd)", container: app)',
            {("pod", "web-0"), ("namespace", "shop"), ("container", "app")},
        ),
        ('[error] Postgrex.Protocol (#PID<0.2241.0> ("db_conn_4")) failed to connect: ** (Postgrex.Error)', set()),
        ('GenServer (#PID<0.311.0> ("db_conn")) terminating', set()),
        (
            '"Probe failed" pod="shop/web-0" containerName="app"',
            {("namespace", "shop"), ("pod", "web-0"), ("container", "app")},
        ),
        (
            '{"involvedObject":{"kind":"StatefulSet","namespace":"shop","name":"db"}}',
            {("namespace", "shop"), ("statefulset", "db")},
        ),
        ('Failed to pull image "r.example.com/a/b:1.2"', {("image", "r.example.com/a/b:1.2")}),
        ("lookup db-pd-0.db-pd-peer.tidb.svc", {("pod", "db-pd-0"), ("service", "db-pd-peer"), ("namespace", "tidb")}),
        ("nslookup orders.shop.svc.cluster.local", {("service", "orders"), ("namespace", "shop")}),
        (
            'spec.affinity.podAntiAffinity.x[0].namespace: Invalid value: "ACTOKEY": a',
            {("field", "spec.affinity.podAntiAffinity.x[0].namespace"), ("value", "ACTOKEY")},
        ),
        (
            "server APIs: metrics.k8s.io/v1beta1: x",
            {("api", "metrics.k8s.io/v1beta1"), ("apiservice", "v1beta1.metrics.k8s.io")},
        ),
        ("Terminated with exit code 137", {("code", "137")}),
        ("had taint {node.kubernetes.io/disk-pressure: }", {("taint", "node.kubernetes.io/disk-pressure")}),
        ("4m kubelet, k8s-host1  Error: x", {("node", "k8s-host1")}),
        ("pod anti-affinity rules", set()),
        ("the container is gone and the node was low", set()),
        ("container init was OOM-killed (memory limit too low?): unknown", set()),
        ("Error: failed to start container init with image x", {("container", "init")}),
    ],
)
def test_names_are_found_by_their_context(text: str, names: set[tuple[str, str]]) -> None:
    assert certain_in(text) == names


def test_table_header_gives_the_kind_of_the_rows() -> None:
    text = (
        "NAMESPACE   NAME    READY   STATUS             RESTARTS   AGE   IP       NODE\n"
        "shop        web-0   0/1     ImagePullBackOff   0          12m   <none>   worker-1\n"
        "and then?\n"
    )

    _, row, after = read_symptoms(text)

    assert [(entity.kind, entity.value) for entity in row.entities] == [
        ("namespace", "shop"),
        ("pod", "web-0"),
        ("node", "worker-1"),
    ]
    assert after.entities == ()


def test_command_gives_the_kind_of_a_name_list() -> None:
    _, _, row = read_symptoms("kubectl get tc\nNAME   READY   PD\ndemo   False   x\n")

    assert [(entity.kind, entity.value) for entity in row.entities] == [("tidbcluster", "demo")]


def test_head_of_kubectl_describe_names_the_pod() -> None:
    text = "Name:             web-0\nNamespace:        shop\nPriority:         0\nNode:             worker-2/10.0.0.4\n"

    names = {(entity.kind, entity.value) for symptom in read_symptoms(text) for entity in symptom.entities}

    assert names == {("pod", "web-0"), ("namespace", "shop"), ("node", "worker-2")}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("preview-412   Terminating   9d", "namespace"),
        ("kubectl get ns\npreview-412   Terminating   9d12h", "namespace"),
        ("kubectl get tc\nNAME   STATUS   AGE\npreview-412   Terminating   9d", "tidbcluster"),
        ("preview-412   1/1   Terminating   0   9d", "pod"),
    ],
)
def test_row_of_a_terminating_object_names_it(text: str, kind: str) -> None:
    row = read_symptoms(text)[-1]

    assert [(entity.kind, entity.value) for entity in row.entities] == [(kind, "preview-412")]
    assert row.text.startswith("namespace/") == (kind == "namespace")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ("1/2     CrashLoopBackOff   7 (2m ago)   3h", "pod"),
        ("1/2     2            1           3h", "deployment"),
        ("0/1     3h", "statefulset"),
        ("Failed     0/1           4m         4m", "job"),
        ("NotReady   <none>   90d   v1.31.2", "node"),
        ("Deployment/chat   cpu: 167%/70%   2         5         5          90d", "hpa"),
        ("Deployment/chat   <unknown>/70%   2         5         0          90d", "hpa"),
        ("LoadBalancer   10.96.1.2   <pending>   80:31222/TCP   4d", "service"),
        ("nginx   chat.example.com   10.0.0.4   80, 443   3h", "ingress"),
        ("<none>   chat.example.com             80   3h", "ingress"),
        ("Pending                                      standard   <unset>   3m", "pvc"),
    ],
)
@pytest.mark.parametrize("home", ["", "shop   "], ids=["alone", "with its namespace"])
def test_row_without_its_header_names_its_object(cells: str, kind: str, home: str) -> None:
    (row,) = read_symptoms(f"{home}chat-x1   {cells}")
    found = [(entity.kind, entity.value) for entity in row.entities]

    assert found[: len(found) - 1 if kind == "hpa" else None] == [
        *([("namespace", "shop")] if home else []),
        (kind, "chat-x1"),
    ]


@pytest.mark.parametrize("said", ["chat-x1 Pending for 3m", "chat Ready since 2d", "we call Deployment/chat for 3d"])
def test_sentence_is_no_row(said: str) -> None:
    assert [each.kind for one in read_symptoms(said) for each in one.entities if each.value != "chat"] == []
