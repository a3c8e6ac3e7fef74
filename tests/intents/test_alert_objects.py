"""The object of an alert: the most specific label."""

import pytest

from intents.alerts.alert import Alert, AlertGroup, AlertStatus
from intents.alerts.objects import object_of, scraped_pod
from intents.named_objects import Focus

KSM = {"job": "kube-state-metrics", "instance": "10.1.2.3:8080", "pod": "kube-state-metrics-5d9c7-x2x9k"}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({"namespace": "shop", "pod": "web-0", "container": "app"},
         Focus(kind="Pod", namespace="shop", name="web-0", container="app")),
        ({**KSM, "namespace": "shop", "deployment": "web"}, Focus(kind="Deployment", namespace="shop", name="web")),
        ({**KSM, "namespace": "shop", "job_name": "nightly-1"}, Focus(kind="Job", namespace="shop", name="nightly-1")),
        ({**KSM, "namespace": "monitoring", "exported_namespace": "shop", "exported_pod": "web-0"},
         Focus(kind="Pod", namespace="shop", name="web-0")),
        ({"node": "worker-1", "job": "kubelet"}, Focus(kind="Node", name="worker-1")),
        ({"alertname": "NodeClockSkewDetected", "instance": "10.0.1.7:9100", "pod": "node-exporter-x2x9k"},
         Focus(kind="Node", name="10.0.1.7")),
        ({"alertname": "NodeClockSkewDetected", "instance": "[fd00::7]:9100"}, Focus(kind="Node", name="fd00::7")),
        ({"namespace": "shop"}, Focus(kind="Namespace", name="shop")),
        ({"job": "apiserver"}, None),
    ],
)  # fmt: skip
def test_the_most_specific_label_names_the_object(labels: dict[str, str], found: Focus | None) -> None:
    assert object_of(labels) == found


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({"namespace": "shop", "instance": "10.2.1.7:8080"}, Focus(kind="Pod", namespace="shop", name="10.2.1.7")),
        ({"namespace": "shop", "instance": "10.2.1.7:8080", "service": "web"}, None),
        ({"namespace": "shop", "instance": "web.example:8080"}, None),
        ({"alertname": "KubePodNotReady", "namespace": "shop", "instance": "10.2.1.7:8080"}, None),
    ],
)
def test_a_target_without_a_better_label_is_the_pod_of_its_address(labels: dict[str, str], found: Focus | None) -> None:
    assert scraped_pod({"alertname": "TargetDown", **labels}) == found


def test_a_group_tells_which_of_its_alerts_stand() -> None:
    over = Alert(status=AlertStatus.RESOLVED, labels={"alertname": "KubePodNotReady"})
    stands = Alert(status=AlertStatus.FIRING, labels={"alertname": "KubePodCrashLooping"})

    group = AlertGroup(key="k", status=AlertStatus.FIRING, alerts=(over, stands))

    assert [alert.name for alert in group.firing] == ["KubePodCrashLooping"]
