"""Test the ingresses probe: backends, classes with their controllers, and the Secrets of TLS."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.ingresses import read as PROBE


def ingress(*, service: str = "cart", port: Any = 80, class_: str = "nginx", address: str = "", **spec: Any) -> Any:
    named = {"number": port} if isinstance(port, int) else {"name": port}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": named}}}
    return {
        "spec": {
            "ingressClassName": class_,
            "rules": [{"host": "shop.example.com", "http": {"paths": [path]}}],
            **spec,
        },
        "status": {"loadBalancer": {"ingress": [{"ip": address}]} if address else {}},
    }


CART = {"Deployment/shop/cart": {"containers": {"app": "cart:3"}}, "Service/shop/cart": {"ports": {"http": "80:8080"}}}
CONTROLLER = "Deployment/ingress-nginx/ingress-nginx-controller"
NGINX = {
    "IngressClass/nginx": {"spec": {"controller": "k8s.io/ingress-nginx"}},
    CONTROLLER: {"containers": {"controller": "controller:1"}},
}


async def test_a_backend_is_found_by_the_number_and_the_name_of_its_port(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": CART | {"Ingress/shop/a": ingress(), "Ingress/shop/b": ingress(port="http")}})

    rows = (await read(PROBE)).rows
    assert [(row.values["ingress"], row.values["port_exists"]) for row in rows] == [("a", True), ("b", True)]


async def test_the_broken_backends_come_first_with_the_closest_name(cluster: SimulatedCluster, read: Any) -> None:
    scene = {"Ingress/shop/a": ingress(), "Ingress/shop/b": ingress(port=81), "Ingress/shop/c": ingress(service="crat")}
    cluster.load({"scene": CART | scene})

    rows = (await read(PROBE)).rows
    assert [row.values["ingress"] for row in rows] == ["c", "b", "a"]
    assert rows[0].values["closest"] == "cart"
    assert rows[1].values["ports"] == ("80", "http")


async def test_an_action_of_the_aws_controller_is_no_service(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": CART | {"Ingress/shop/a": ingress(service="ssl-redirect", port="use-annotation")}})

    assert (await read(PROBE)).rows == ()


async def test_only_ingresses_before_the_named_service_are_in_question(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": CART | {"Ingress/shop/a": ingress(), "Ingress/shop/b": ingress(service="gone")}})

    found = await read(PROBE, kind="Service", namespace="shop", name="cart")
    assert [row.values["ingress"] for row in found.rows] == ["a"]


async def test_a_class_has_the_workload_that_runs_its_controller(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": CART | NGINX | {"Ingress/shop/a": ingress()}})

    (row,) = (await read(PROBE, args={"shows": "class"})).rows
    assert (row.values["class_missing"], row.values["workload"]) == (False, "ingress-nginx/ingress-nginx-controller")
    assert row.values["workload_ready"] == 1


async def test_a_web_server_called_nginx_is_no_controller(cluster: SimulatedCluster, read: Any) -> None:
    server = {
        "Deployment/shop/nginx": {"containers": {"app": "nginx:1"}},
        "IngressClass/nginx": NGINX["IngressClass/nginx"],
    }
    cluster.load({"scene": CART | server | {"Ingress/shop/a": ingress()}})

    (row,) = (await read(PROBE, args={"shows": "class"})).rows
    assert row.values["workload"] == ""


async def test_an_ingress_without_a_class_has_the_default_one(cluster: SimulatedCluster, read: Any) -> None:
    default = {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}
    scene = CART | NGINX | {"IngressClass/nginx": NGINX["IngressClass/nginx"] | default}
    made = ingress()
    del made["spec"]["ingressClassName"]
    cluster.load({"scene": scene | {"Ingress/shop/a": made}})

    (row,) = (await read(PROBE, args={"shows": "class"})).rows
    assert (row.values["class"], row.values["class_missing"]) == ("nginx", False)


async def test_a_certificate_of_another_namespace_is_not_meant(cluster: SimulatedCluster, read: Any) -> None:
    line = 'Error getting SSL certificate "web/front-tls": local SSL certificate web/front-tls was not found'
    controller = NGINX[CONTROLLER] | {
        "pods": {"ingress-nginx-controller-5d88495688-2bx7k": {"log": {"since": "6m", "text": line}}}
    }
    tls = ingress(tls=[{"secretName": "front-tls"}])
    cluster.load({"scene": CART | NGINX | {CONTROLLER: controller, "Ingress/shop/a": tls, "Ingress/web/a": tls}})

    rows = (await read(PROBE, args={"shows": "certificates"})).rows
    assert [(row.values["namespace"], row.values["missing"]) for row in rows] == [("web", True), ("shop", False)]


async def test_a_warning_about_the_ingress_tells_of_its_secret(cluster: SimulatedCluster, read: Any) -> None:
    tls = ingress(class_="gce", tls=[{"secretName": "front-tls"}])
    event = {"reason": "Sync", "message": 'secret "front-tls" does not exist', "type": "Warning", "last": "-3m"}
    cluster.load({"scene": CART | {"Ingress/shop/a": tls}, "faults": {"Ingress/shop/a": {"events": [event]}}})

    (row,) = (await read(PROBE, args={"shows": "certificates"})).rows
    assert (row.values["missing"], row.values["said_s"]) == (True, 180)
