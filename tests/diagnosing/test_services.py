"""An Ingress or webhook is as well as the pods of its Service; a Service is well only if its endpoints were read."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.cli.rehearsal import stage, staged
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine, diagnose
from bot.remedies.offers import plan_remedies
from bot.remedies.recheck import recheck
from bot.remedies.session import Session
from intents.domain import Diagnosis
from intents.request import DiagnoseObject
from intents.verdicts import supported

WORLDS: Final[list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("services.yaml").read_text(encoding="utf-8")
)
ASKS: Final = [pytest.param(one, ask, id=f"{one['name']}: {ask}") for one in WORLDS for ask in one["asks"]]
HEALTHY: Final = {
    "scene": {
        "Deployment/shop/web": {"containers": {"web": "web:1"}},
        "Service/shop/web": {"age": "20d", "ports": 80, "slice": "web-slice"},
        "Service/shop/outside": {"age": "20d", "ports": 80, "spec": {"selector": None}},
        "Ingress/shop/front": {
            "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}},
        },
    }
}
SLEEPING: Final = yaml.safe_load("""
scene:
  Deployment/shop/web:
    replicas: 0
    containers: {web: "web:1"}
    metadata: {managedFields: [{manager: keda, operation: Update, subresource: scale, apiVersion: apps/v1, time: -40m, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:replicas": {}}}}]}
  Service/shop/web: {age: 20d, ports: 80}
""")  # noqa: E501


async def diagnosed(world: dict[str, Any], about: str, engine: Engine) -> Diagnosis:
    kind, *namespace, name = about.split("/")
    async with staged(stage(copy.deepcopy(world))) as connection:
        request = DiagnoseObject(kind=kind, namespace="".join(namespace), name=name)
        return await diagnose(request, engine=engine, connection=connection)


@pytest.mark.parametrize(("broken", "about"), ASKS)
async def test_what_a_service_stands_behind_has_the_causes_of_its_backend(
    broken: dict[str, Any], about: str, engine: Engine
) -> None:
    expected = await diagnosed(broken["world"], broken["as"], engine)
    found = await diagnosed(broken["world"], about, engine)

    causes = {(one.incident, one.verdict) for one in expected.hypotheses if supported(one)}
    assert causes
    assert causes <= {(one.incident, one.verdict) for one in found.hypotheses}


async def test_a_remedy_for_a_backend_is_checked_again_about_that_backend(engine: Engine) -> None:
    request = DiagnoseObject(kind="ValidatingWebhookConfiguration", namespace="", name="guard")
    async with staged(stage(copy.deepcopy(WORLDS[0]["world"]))) as connection:
        diagnosis = await diagnose(request, engine=engine, connection=connection)
        offers = await plan_remedies(
            diagnosis,
            diagnosis.hypotheses[0],
            request=request,
            request_id="request-1",
            engine=engine,
            session=Session(connection=connection),
            allowed=lambda _action, _target: True,
        )
        plan = offers.plans[0]
        async with Snapshot(connection, deadline=8) as snapshot:
            again = await recheck(plan.incident, plan.about, engine=engine, snapshot=snapshot)

    assert again.present
    assert plan.target.kind == "Pod"


@pytest.mark.parametrize("about", ["ValidatingWebhookConfiguration/guard", "Ingress/guard/front"])
async def test_a_backend_that_is_well_is_no_finding(about: str, engine: Engine) -> None:
    found = await diagnosed({"scene": WORLDS[0]["world"]["scene"]}, about, engine)

    assert not any(map(supported, found.hypotheses))
    assert (found.unexplained, found.unchecked, found.gaps) == ((), False, ())


async def test_a_webhook_without_its_service_is_not_well(engine: Engine) -> None:
    scene = {name: form for name, form in WORLDS[0]["world"]["scene"].items() if name.startswith("Validating")}
    found = await diagnosed({"scene": scene}, "ValidatingWebhookConfiguration/guard", engine)

    assert [one.subject.name for one in found.unexplained] == ["guard"]


@pytest.mark.parametrize("about", ["Service/shop/web", "Service/shop/outside", "Ingress/shop/front"])
async def test_endpoints_that_may_not_be_read_are_a_gap(about: str, engine: Engine) -> None:
    denied = "endpointslices.discovery.k8s.io"
    allowed = await diagnosed(HEALTHY, about, engine)
    found = await diagnosed(HEALTHY | {"forbidden": [f"list {denied}"]}, about, engine)

    assert allowed.gaps == ()
    assert [gap.permission.resource for gap in found.gaps if gap.permission] == ["endpointslices"]


async def test_ready_pods_that_are_no_endpoints_are_told(engine: Engine) -> None:
    scene = HEALTHY | {"faults": {"EndpointSlice/shop/web-slice": {"gone": True}}}
    found = await diagnosed(scene, "Service/shop/web", engine)

    assert [(one.subject.kind, one.subject.name) for one in found.unexplained] == [("Service", "web")]


async def test_a_service_whose_pods_an_autoscaler_took_away_is_in_order(engine: Engine) -> None:
    found = await diagnosed(SLEEPING, "Service/shop/web", engine)

    assert found.unexplained == ()
    assert "scaled to zero" in found.standing[0].en
