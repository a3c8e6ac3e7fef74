"""Which cloud's load balancer is before a Service, and how long it bears silence."""

from typing import Any

import pytest

from bot.kube.load_balancers import idle_timeout_s, kind_of

AWS = "service.beta.kubernetes.io/aws-load-balancer-"


def service(annotations: dict[str, str] | None = None, *, host: str = "", class_: str = "") -> dict[str, Any]:
    return {
        "metadata": {"annotations": annotations or {}},
        "spec": {"loadBalancerClass": class_} if class_ else {},
        "status": {"loadBalancer": {"ingress": [{"hostname": host}] if host else []}},
    }


@pytest.mark.parametrize(
    ("given", "kind", "idle_s", "explicit"),
    [
        (service({f"{AWS}internal": "true"}), "aws-elb", 60, False),
        (service({f"{AWS}connection-idle-timeout": "3600"}), "aws-elb", 3600, True),
        (service({f"{AWS}connection-idle-timeout": "an hour"}), "aws-elb", 60, False),
        (service({f"{AWS}type": "nlb"}), "aws-nlb", 350, False),
        (service(class_="service.k8s.aws/nlb"), "aws-nlb", 350, False),
        (
            service(
                {
                    f"{AWS}type": "external",
                    f"{AWS}listener-attributes.TCP-4000": "tcp.idle_timeout.seconds=1800",
                }
            ),
            "aws-nlb",
            1800,
            True,
        ),
        (service({"service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout": "30"}), "azure", 1800, True),
        (service({"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id": "lb-1"}), "alibaba", 900, False),
        (service({"kubernetes.io/elb.keepalive_timeout": "400s"}), "huawei", 400, True),
        (service({"loadbalancer.openstack.org/timeout-client-data": "120000"}), "openstack", 120, True),
        (service({"networking.gke.io/load-balancer-type": "Internal"}), "google", 600, False),
        (service(host="db.example.com"), "", 0, False),
    ],
)
def test_the_service_tells(given: dict[str, Any], kind: str, idle_s: int, explicit: bool) -> None:
    found = kind_of(given)

    assert found.name == kind
    assert idle_timeout_s(given, found) == (idle_s, explicit)


@pytest.mark.parametrize(
    ("provider_id", "kind"),
    [("aws:///eu-1a/i-0", "aws-elb"), ("gce://p/z/n", "google"), ("kind://docker/x/y", ""), ("", ""), ("cn.i-1", "")],
)
def test_else_a_node_does(provider_id: str, kind: str) -> None:
    assert kind_of(service(), provider_id=provider_id).name == kind


def test_a_service_without_anything_is_borne() -> None:
    assert kind_of({}).name == ""
    assert idle_timeout_s({"metadata": None}, kind_of({})) == (0, False)
