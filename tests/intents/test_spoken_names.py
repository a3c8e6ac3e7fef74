"""Test which names are taken from sentences, commands and listings, in English and Chinese."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.entities import entities_in
from intents.named_objects import Entity
from intents.places import named_in_command
from intents.spoken_names import PROSE_WORDS
from intents.symptoms import read_symptoms

# What a text names for certain, as kind:name or kind:namespace/name; after "?" what it names perhaps.
PHRASES = [
    # a namespace in words
    ("ImagePullBackOff in namespace mine", "namespace:mine"),
    ("ImagePullBackOff (namespace mine)", "namespace:mine"),
    ("ImagePullBackOff (ns: mine)", "namespace:mine"),
    ("CrashLoopBackOff everywhere in ns billing-eu", "namespace:billing-eu"),
    ("we get OOMKilled in the namespace billing, since noon", "namespace:billing"),
    ("the billing namespace is full of Pending pods", "namespace:billing"),
    ("pods in our billing namespace keep crashing", "namespace:billing"),
    ('namespace "billing": FailedScheduling', "namespace:billing"),
    ("namespace is billing", "namespace:billing"),
    ("namespace billing: nothing starts", "namespace:billing"),
    ("happens in billing namespace only", "namespace:billing"),
    ("Namespace=billing reason=BackOff", "namespace:billing"),
    ("ns=billing level=error msg=failed", "namespace:billing"),
    ("everything under namespace team-a fails", "namespace:team-a"),
    ("secrets are missing from namespace team-a.", "namespace:team-a"),
    ("kubectl get pods -n mine", "namespace:mine"),
    ("it hangs (--namespace mine)", "namespace:mine"),
    ("命名空间 mine 里的 Pod 拉不到镜像", "namespace:mine"),
    ("mine 命名空间下全部 ImagePullBackOff", "namespace:mine"),
    ("命名空间：mine，镜像拉取失败", "namespace:mine"),
    ("命名空间是mine", "namespace:mine"),
    ("在命名空间「mine」中无法调度", "namespace:mine"),
    ("namespace 为 mine，一直 Pending", "namespace:mine"),
    ("mine namespace 里起不来", "namespace:mine"),
    # a kind in words
    ("Deployment api can't pull its image", "deployment:api"),
    ("why is Deployment api not available?", "deployment:api"),
    ("the Deployment api in namespace mine is stuck", "namespace:mine deployment:mine/api"),
    ('deployment "api" has no ready replicas', "deployment:api"),
    ("deployment `api` has no ready replicas", "deployment:api"),
    ("StatefulSet db, only one of three is ready", "statefulset:db"),
    ("deploy/api does not come up", "deployment:api"),
    ("statefulset.apps/db is stuck", "statefulset:db"),
    ("DaemonSet node-exporter in monitoring namespace", "daemonset:monitoring/node-exporter namespace:monitoring"),
    ("在 mine 命名空间里，Deployment api 起不来", "namespace:mine deployment:mine/api"),
    ("Deployment「api」不可用", "deployment:api"),
    # an object with its namespace
    ("pod web -n shop", "namespace:shop pod:shop/web"),
    ("pod web --namespace shop is Pending", "namespace:shop pod:shop/web"),
    ("pod web —namespace shop is Pending", "namespace:shop pod:shop/web"),
    ("ns=shop pod=web", "namespace:shop pod:shop/web"),
    ("pod=web, namespace=shop, reason=BackOff", "namespace:shop pod:shop/web"),
    ("pod shop/web-0 restarts", "namespace:shop pod:shop/web-0"),
    ("pod shop/web restarts", "namespace:shop pod:shop/web"),
    ("Deployment shop/web is not available", "namespace:shop deployment:shop/web"),
    ("pod web in namespace shop", "namespace:shop pod:shop/web"),
    ("pod web (namespace shop)", "namespace:shop pod:shop/web"),
    ("sts/db -n ledger", "namespace:ledger statefulset:ledger/db"),
    ('image will run as root (pod: "web-0_shop", container: app)', "container:app namespace:shop pod:shop/web-0"),
    ('run as root (pod: "web-0_shop(83eca-d1)", container: app)', "container:app namespace:shop pod:shop/web-0"),
    ("Error syncing pod web-0_shop", "namespace:shop pod:shop/web-0"),
    ("/var/log/pods/shop_web-0_1f2e/app/0.log: no such file", "namespace:shop pod:shop/web-0"),
    ("k8s_app_web-0_shop_83eca_4 exited", "namespace:shop pod:shop/web-0"),
    ("TidbCluster y-pd/basic is not ready", "namespace:y-pd tidbcluster:y-pd/basic"),
    # host names of services
    ("dial tcp: lookup parcel-pd.parcel-db.svc: no such host", "namespace:parcel-db service:parcel-db/parcel-pd"),
    ("http://parcel-pd.parcel-db.svc.cluster.local:2379", "namespace:parcel-db service:parcel-db/parcel-pd"),
    ("grpc://pd-1.pd-peer.tidb.svc:2380", "namespace:tidb pod:tidb/pd-1 service:tidb/pd-peer"),
    ('calling webhook "validate.kyverno.svc-fail"', ""),
    # rows of kubectl
    ("shop   web-7c5f9d6b8-x2x9k   0/1   ImagePullBackOff   0   3m", "namespace:shop pod:shop/web-7c5f9d6b8-x2x9k"),
    ("web-7c5f9d6b8-x2x9k   0/1   CrashLoopBackOff   12 (2m ago)   3h", "pod:web-7c5f9d6b8-x2x9k"),
    ("Node:             <none>", ""),
    # words that are no names
    ("node says DiskPressure", ""),
    ("Node says it has DiskPressure", ""),
    ("Node: says DiskPressure", ""),
    ("the node got DiskPressure and the pod was evicted", ""),
    ("pod has unbound immediate PersistentVolumeClaims", ""),
    ("namespace not found", ""),
    ("the namespace is stuck in Terminating", ""),
    ("pods and/or nodes are gone", ""),
    ("pod sandbox changed, it will be killed", ""),
    ("a StatefulSet remains", ""),
    ("each Deployment rolled", ""),
    ("tail -n 200 app.log", ""),
    ("our pods fail in general", ""),
    # what only the cluster can tell
    ("node worker-b reports DiskPressure", "?node:worker-b"),
    ("节点 worker-b 磁盘压力", "?node:worker-b"),
    ("服务 bank-tidb 不通", "?service:bank-tidb"),
    ("the checkout service does not answer", "?service:checkout"),
    ("pod web-7c5f9d… is Pending", "?pod:web-7c5f9d…"),
    ("pod web-7c5f9d-... is Pending", "?pod:web-7c5f9d…"),
    ("POD WEB-0 IN NAMESPACE SHOP", "?namespace:shop pod:web-0"),
    ("pod 10.244.1.7 is not reachable", "?pod:10.244.1.7"),
    ("shop/web-0 is Pending", "?object:shop/web-0"),
    ("web-0 keeps restarting in shop", "?namespace:shop"),
]  # fmt: skip


def shown(name: Entity) -> str:
    return f"{name.kind}:{name.namespace}/{name.value}" if name.namespace else f"{name.kind}:{name.value}"


@pytest.mark.parametrize(("text", "names"), PHRASES, ids=[text for text, _ in PHRASES])
def test_name_is_taken_from_a_phrase(text: str, names: str) -> None:
    certain, _, perhaps = names.partition("?")
    found = [name for symptom in read_symptoms(text) for name in symptom.entities if name.kind not in ("value", "code")]

    assert {shown(name) for name in found if name.certain} == set(certain.split())
    if perhaps:
        assert {shown(name) for name in found if not name.certain} == set(perhaps.split())


def test_namespace_of_a_row_belongs_to_its_pod() -> None:
    text = (
        "NAMESPACE     NAME     READY   STATUS             RESTARTS      AGE   NODE\n"
        "shop          web-0    0/1     ImagePullBackOff   0             3m    <none>\n"
        "kube-system   dns-0    1/1     Running            3 (2m ago)    3d    worker-1\n"
    )
    rows = [symptom.entities for symptom in read_symptoms(text)]

    assert [{shown(name) for name in row} for row in rows] == [
        set(),
        {"namespace:shop", "pod:shop/web-0"},
        {"namespace:kube-system", "pod:kube-system/dns-0", "node:worker-1"},
    ]


LABELS = st.from_regex(r"[a-z][a-z0-9]{1,8}(-[a-z0-9]{1,6}){0,2}", fullmatch=True).filter(
    lambda label: label not in PROSE_WORDS and len(label) > 2
)
TEMPLATES = [
    "pod {name} -n {namespace}", "ns={namespace} pod={name}", 'pod="{namespace}/{name}"', "pod/{name} -n {namespace}",
    'image will run as root (pod: "{name}_{namespace}", container: app)', "kubectl -n {namespace} describe pod {name}",
    "{namespace}   {name}   0/1   Pending   0   3m", "pod {name} in namespace {namespace} is Pending",
]  # fmt: skip


@given(name=LABELS, namespace=LABELS, template=st.sampled_from(TEMPLATES))
@settings(max_examples=150, deadline=None)
def test_name_and_namespace_are_read_whatever_they_are(name: str, namespace: str, template: str) -> None:
    text = template.format(name=name, namespace=namespace)
    found = {shown(one) for symptom in read_symptoms(text) for one in symptom.entities if one.certain}

    assert {f"pod:{namespace}/{name}", f"namespace:{namespace}"} <= found
    assert not {one for one in found if one.startswith("pod:")} - {f"pod:{namespace}/{name}"}


@given(
    word=st.sampled_from(sorted(PROSE_WORDS)), kind=st.sampled_from(["pod", "node", "Node", "Deployment", "namespace"])
)
@settings(max_examples=150, deadline=None)
def test_english_word_after_a_kind_is_no_name(word: str, kind: str) -> None:
    found = [one for symptom in read_symptoms(f"the {kind} {word} it again") for one in symptom.entities]

    assert [one for one in found if one.certain and one.kind != "container"] == []


def test_each_command_of_a_line_names_its_own_objects() -> None:
    found = {
        (each.kind, each.value) for each in entities_in("$ kubectl get pods -A; kubectl -n front get deploy/api | head")
    }

    assert found == {("namespace", "front"), ("deployment", "api")}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("etl shows 0/1 and kubectl get pods lists nothing for it, quota is fine", set()),
        ("kubectl get pods shows nothing", set()),
        ("we see that kubectl -n shop get pods hangs forever", {("namespace", "shop")}),
        ("when I run kubectl describe pod api-0 it says no", {("pod", "api-0")}),
        ("I ran kubectl logs web -n shop", {("namespace", "shop"), ("pod", "web")}),
        ("root@host:~# kubectl get pod web cart", {("pod", "web")}),
    ],
)
def test_what_goes_on_after_a_command_is_no_name(line: str, names: set[tuple[str, str]]) -> None:
    assert set(named_in_command(line)) == names


def test_a_selector_names_no_object() -> None:
    found = {(each.kind, each.value) for each in entities_in("kubectl -n shop logs -l app=web --tail=20")}

    assert found == {("namespace", "shop")}
