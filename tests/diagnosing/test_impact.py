"""An answer tells whom a proven cause hits: what routes to its object, uses it or runs on it, and nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.kubernetes.scenes import expanded
from intents.domain import Diagnosis, Language, Verdict
from intents.named_objects import EdgeType
from intents.request import DiagnoseObject, Request
from responses.as_json import diagnosis_json
from responses.causality import hit, named_later
from responses.safety import scrubbed

PODS = [f"web-7d9f8b6c54-{end}" for end in ("2xk8p", "k5t7v", "x2x4z")]
CRASH = {"exited": 1, "waiting": "CrashLoopBackOff", "previous": "KeyError: 'DATABASE_URL'", "since": "19m"}
DEPLOYMENT, ONE_POD = "Deployment/shop/web", f"Pod/shop/{PODS[1]}"


def service(name: str, app: str = "web") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"app": app}, "ports": [{"name": "http", "port": 80}]},
    }


def ingress(name: str, host: str, to: str) -> dict[str, Any]:
    backend = {"service": {"name": to, "port": {"number": 80}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"rules": [{"host": host, "http": {"paths": [{"path": "/", "backend": backend}]}}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.4"}]}},
    }


def cluster(*objects: dict[str, Any], broken: str, fault: dict[str, Any] = CRASH) -> SimulatedCluster:
    """Return a cluster with a Deployment of three pods and one that is sound, beside these objects."""
    sound = {"labels": {"app": "cart"}, "containers": {"cart": "cart:8"}, "pods": ["cart-6b6d5c4f9-2xk8p"]}
    web = {
        "labels": {"app": "web"},
        "containers": {"web": "web:8"},
        "pods": {pod: {"node": "worker-b"} for pod in PODS},
    }
    scene = {DEPLOYMENT: web, "Deployment/shop/cart": sound}
    world = {"scene": scene, "faults": {broken: fault}, "objects": list(objects)}
    return stage(expanded(world, now=REHEARSAL_TIME))


async def diagnosed(engine: Engine, simulated: SimulatedCluster, request: Request | None = None) -> Diagnosis:
    request = request or DiagnoseObject(kind="Pod", namespace="shop", name=PODS[1])
    async with staged(simulated) as connection:
        diagnosis = await diagnose(request, engine=engine, connection=connection)
    assert diagnosis.hypotheses[0].verdict in (Verdict.CONFIRMED, Verdict.LIKELY)
    return diagnosis


def named(diagnosis: Diagnosis) -> dict[str, list[str]]:
    """Return the names of those that are hit, by kind."""
    return {each.kind: [one.host or one.object.name for one in each.first] for each in diagnosis.impact}


ROUTES = (
    service("web"),
    service("web-admin"),
    service("cart", "cart"),
    ingress("front", "shop.example.com", "web"),
    ingress("carts", "cart.example.com", "cart"),
)


@pytest.mark.parametrize(("kind", "name"), [("Pod", PODS[1]), ("Deployment", "web")])
async def test_what_routes_to_a_broken_deployment_is_named_and_nothing_else(
    engine: Engine, kind: str, name: str
) -> None:
    request = DiagnoseObject(kind=kind, namespace="shop", name=name)

    diagnosis = await diagnosed(engine, cluster(*ROUTES, broken=DEPLOYMENT), request)

    assert named(diagnosis) == {"Service": ["web", "web-admin"], "Ingress": ["shop.example.com"]}
    assert {(each.ready, each.of) for each in diagnosis.impact} == {(0, 3)}
    for language in Language:
        says = hit(diagnosis, language)
        assert all(word in says for word in ("web-admin", "shop.example.com", "0", "3"))
        assert "cart" not in says


async def test_the_pods_that_still_serve_are_counted(engine: Engine) -> None:
    diagnosis = await diagnosed(engine, cluster(*ROUTES, broken=ONE_POD))

    assert {(each.ready, each.of) for each in diagnosis.impact} == {(2, 3)}
    assert "2 of 3" in hit(diagnosis, Language.EN)


async def test_a_deployment_without_pods_is_reached_by_its_template(engine: Engine) -> None:
    quota = 'pods "web" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=3, limited: pods=3'
    simulated = cluster(*ROUTES, broken=DEPLOYMENT, fault={"refused": quota, "missing": 3})

    diagnosis = await diagnosed(engine, simulated, DiagnoseObject(kind="Deployment", namespace="shop", name="web"))

    assert named(diagnosis) == {"Service": ["web", "web-admin"], "Ingress": ["shop.example.com"]}
    assert {(each.ready, each.of) for each in diagnosis.impact} == {(0, 3)}


async def test_many_services_are_read_in_one_call_and_counted(engine: Engine) -> None:
    simulated = cluster(*(service(f"web-{number:03}") for number in range(500)), broken=DEPLOYMENT)

    diagnosis = await diagnosed(engine, simulated)

    assert [each.path for each in simulated.requests].count("/api/v1/namespaces/shop/services") == 1
    (services,) = diagnosis.impact
    assert services.at_least
    assert len(services.first) <= 5
    assert f"{services.count - 2}+ more" in hit(diagnosis, Language.EN)
    assert f"{services.count - 5}+ more" in named_later(diagnosis, Language.EN)


async def test_ingresses_of_one_host_are_one_name(engine: Engine) -> None:
    ingresses = [ingress(name, "shop.example.com", "web") for name in ("front", "api")]

    diagnosis = await diagnosed(engine, cluster(service("web"), *ingresses, broken=DEPLOYMENT))

    assert hit(diagnosis, Language.EN).count("shop.example.com") == 1


async def test_what_is_found_costs_at_most_two_calls(engine: Engine) -> None:
    simulated = cluster(*ROUTES, broken=DEPLOYMENT)

    await diagnosed(engine, simulated)

    lists = [each.path for each in simulated.requests if each.path.endswith(("/services", "/ingresses"))]
    assert len(lists) == len(set(lists)) == 2


async def test_refused_reads_are_one_gap_if_nothing_else_is(engine: Engine) -> None:
    simulated = cluster(*ROUTES, broken=DEPLOYMENT)
    for resource in ("services", "ingresses"):
        simulated.forbid(verb="list", resource=resource)

    diagnosis = await diagnosed(engine, simulated)

    assert diagnosis.impact == ()
    assert [gap.permission.resource for gap in diagnosis.gaps if gap.permission] == ["services"]


async def test_what_is_read_in_spite_of_a_refusal_is_told_without_a_gap(engine: Engine) -> None:
    simulated = cluster(*ROUTES, broken=DEPLOYMENT)
    simulated.forbid(verb="list", resource="ingresses")

    diagnosis = await diagnosed(engine, simulated)

    assert named(diagnosis) == {"Service": ["web", "web-admin"]}
    assert diagnosis.gaps == ()


async def test_the_workloads_of_a_node_in_trouble_are_counted_without_its_own_agents(engine: Engine) -> None:
    broken = {"not_ready": "container runtime is down", "since": "4m"}
    simulated = cluster(broken="Node/worker-b", fault=broken)

    diagnosis = await diagnosed(engine, simulated, DiagnoseObject(kind="Node", namespace="", name="worker-b"))

    assert {each.via for each in diagnosis.impact} == {EdgeType.RUNS_ON}
    assert "DaemonSet" not in named(diagnosis)
    count = sum(each.count for each in diagnosis.impact)
    assert count > 1
    assert f"{count} workloads" in hit(diagnosis, Language.EN)


async def test_an_answer_about_a_service_names_its_ingress_but_not_itself(engine: Engine) -> None:
    simulated = cluster(*ROUTES, broken=DEPLOYMENT)

    diagnosis = await diagnosed(engine, simulated, DiagnoseObject(kind="Service", namespace="shop", name="web"))

    leading = diagnosis.hypotheses[0]
    assert leading.subject is not None
    told = {one.object.name for each in diagnosis.impact for one in each.first if each.kind == leading.subject.kind}
    assert leading.subject.name not in told


async def test_a_program_gets_it_as_a_list(engine: Engine) -> None:
    diagnosis = await diagnosed(engine, cluster(*ROUTES, broken=ONE_POD))

    services, ingresses = json.loads(diagnosis_json(scrubbed(diagnosis), language=Language.EN))["impact"]

    assert (services["kind"], services["via"], services["count"], services["ready"], services["of"]) == (
        ("Service", "selects", 2, 2, 3)
    )
    assert [one["host"] for one in ingresses["objects"]] == ["shop.example.com"]
