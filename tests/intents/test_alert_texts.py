"""Every alert of the common mixins, as Alertmanager and Grafana post it: its object is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from intents.alerts.known import LABELS_OF
from intents.alerts.labels import labels_in, titled_objects
from intents.alerts.objects import object_of
from intents.naming import TextNames
from intents.symptoms import read_symptoms

VALUES = {
    "namespace": "shop", "pod": "web-7d9f8b5c4-x2x9k", "container": "app", "deployment": "web", "statefulset": "db",
    "daemonset": "agent", "job_name": "nightly-28912", "horizontalpodautoscaler": "web", "node": "worker-1",
    "poddisruptionbudget": "db", "resourcequota": "compute", "resource": "requests.cpu", "instance": "worker-1:9100",
    "persistentvolumeclaim": "data-db-0", "persistentvolume": "pvc-4f2a", "service": "web",
}  # fmt: skip
# What kube-state-metrics adds: where it runs itself.
BESIDE = {"endpoint": "http", "job": "kube-state-metrics", "prometheus": "monitoring/k8s", "severity": "warning"}


def labels_of(name: str) -> dict[str, str]:
    labels = {"alertname": name, **BESIDE, **{label: VALUES[label] for label in LABELS_OF[name]}}
    return {"instance": "10.1.2.3:8080", **labels}


def titled(labels: Mapping[str, str]) -> str:
    """Return Alertmanager's default title, in which labels have no names."""
    values = " ".join(labels[key] for key in sorted(labels) if key != "alertname")
    return f"[FIRING:1] {labels['alertname']} ({values})"


def templated(labels: Mapping[str, str]) -> str:
    details = "\n".join(f" • *{key}:* `{value}`" for key, value in labels.items())
    return f"[FIRING:1] {labels['alertname']} for shop\n*Alert:* Something stands - `warning`\n*Details:*\n{details}"


def of_grafana(labels: Mapping[str, str]) -> str:
    listed = "\n".join(f" - {key} = {value}" for key, value in labels.items())
    return f"**Firing**\n\nValue: A=1, C=1\nLabels:\n{listed}\nAnnotations:\n - summary = Something stands."


# A title without names does not tell a machine from the address of an exporter.
POSTS: list[tuple[Callable[[Mapping[str, str]], str], str]] = [
    *((post, name) for post in (templated, of_grafana) for name in LABELS_OF),
    *((titled, name) for name, labels in LABELS_OF.items() if "instance" not in labels),
]


@pytest.mark.parametrize(("post", "name"), POSTS)
def test_the_object_of_an_alert_is_read_from_a_post(post: Callable[[Mapping[str, str]], str], name: str) -> None:
    labels = labels_of(name)
    about = object_of(labels)
    assert about is not None

    lines = post(labels).splitlines()

    read = [one for one in (object_of(labels_in(lines)), *titled_objects(lines)) if one is not None]

    assert (about.kind, about.namespace, about.name) in [(one.kind, one.namespace, one.name) for one in read]


def test_the_job_that_scrapes_is_no_job_of_kubernetes() -> None:
    objects = TextNames(read_symptoms(of_grafana(labels_of("KubeJobFailed")))).objects()

    assert [(one.kind, one.namespace, one.value) for one in objects] == [("job", "shop", "nightly-28912")]


def test_a_text_without_an_alert_has_no_labels() -> None:
    assert labels_in(["namespace: shop", "pod: web-0", "severity: high"]) == {}


def test_the_page_lists_every_alert(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "alerts.md").read_text("utf-8")

    assert [name for name in LABELS_OF if name not in page] == []
