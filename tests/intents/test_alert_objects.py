"""The object of an alert: the most specific label."""

import pytest

from intents.alerts.alert import Alert, AlertGroup, AlertStatus
from intents.alerts.objects import object_of
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
        ({"namespace": "shop"}, Focus(kind="Namespace", name="shop")),
        ({"job": "apiserver"}, None),
    ],
)  # fmt: skip
def test_the_most_specific_label_names_the_object(labels: dict[str, str], found: Focus | None) -> None:
    assert object_of(labels) == found


def test_a_group_tells_which_of_its_alerts_stand() -> None:
    over = Alert(status=AlertStatus.RESOLVED, labels={"alertname": "KubePodNotReady"})
    stands = Alert(status=AlertStatus.FIRING, labels={"alertname": "KubePodCrashLooping"})

    group = AlertGroup(key="k", status=AlertStatus.FIRING, alerts=(over, stands))

    assert [alert.name for alert in group.firing] == ["KubePodCrashLooping"]
