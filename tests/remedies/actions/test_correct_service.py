"""A Service is led to the pods and the port that exist; what would lead it nowhere, or back, is refused or told."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.remedies.contract import EffectState, Reason
from bot.remedies.undo import plan_to_undo
from intents.domain import ObjectRef
from tests.end_to_end.every_action.scenario import FIXED, Scenario, one_patch
from tests.remedies.scene import HEALED, Enter, Scene, through_journal
from tests.remedies.trial import Trial

CART = ObjectRef(kind="Service", namespace="shop", name="cart")
WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/shop/cart": {
            "labels": {"app": "cart", "tier": "web"},
            "containers": {"app": {"image": "cart:7", "ports": {"http": 8080}}},
        },
        "Service/shop/cart": {"ports": {"http": "80:web"}, "selector": {"app": "cart", "tier": "backend"}},
    }
}
LABEL = {"label": "tier=web", "instead_of": "tier=backend"}


def world(**service: Any) -> dict[str, Any]:
    found = copy.deepcopy(WORLD)
    found["scene"]["Service/shop/cart"] |= service
    return found


def spec_of(scene: Scene) -> dict[str, Any]:
    spec: dict[str, Any] = scene.stored("", "services", "cart", "shop")["spec"]
    return spec


@pytest.mark.parametrize(
    ("args", "diff", "selector"),
    [
        (LABEL, "+    tier: web", {"app": "cart", "tier": "web"}),
        ({"label": "tier=web", "instead_of": "app=cart"}, "-    app: cart", {"tier": "web"}),
    ],
    ids=["the value", "the key"],
)
async def test_one_label_of_the_selector_is_replaced_and_taken_back(
    enter: Enter, args: dict[str, str], diff: str, selector: dict[str, str]
) -> None:
    given = {"app": "cart", "tier": "backend"} if args is LABEL else {"app": "cart"}
    async with enter(HEALED, world(selector=given)) as scene:
        before = copy.deepcopy(spec_of(scene))
        plan = await scene.made("correct-service", CART, **args)
        preview = await scene.preview(plan)
        assert scene.writes() == []
        applied = await scene.applied(plan, preview)

        assert diff in preview.diff
        assert "1 pod (1 ready)" in preview.outlook.effects[0].en
        assert spec_of(scene)["selector"] == selector
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY

        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        undo = through_journal(undo)
        await scene.applied(undo, await scene.preview(undo))
        assert spec_of(scene) == before


@pytest.mark.parametrize(("target", "written"), [("http", "http"), ("8080", 8080)])
async def test_one_target_is_replaced_and_a_number_stays_one(enter: Enter, target: str, written: Any) -> None:
    async with enter(HEALED, world(selector={"app": "cart"})) as scene:
        plan = await scene.made("correct-service", CART, port="80", target_port=target)
        applied = await scene.applied(plan, await scene.preview(plan))

        assert [each["targetPort"] for each in spec_of(scene)["ports"]] == [written]
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.refused_preview(plan)).reason is Reason.UNSAFE

        spec_of(scene)["ports"][0]["targetPort"] = "web"
        assert (await scene.effect_of(plan, applied)).state is EffectState.FAILING


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"label": "tier=front", "instead_of": "tier=backend"}, "no pod has these labels now"),
        ({"label": "tier=web", "instead_of": "tier=data"}, "its selector has no tier=data now"),
        ({"label": "tier=web"}, "its selector has no such label now"),
        ({"port": 80, "target_port": "http"}, "no pod has these labels now"),
        ({"port": 81, "target_port": "http"}, "it does not have one port 81"),
        ({"port": 80, "target_port": "web"}, "port 80 leads to web already"),
        ({}, "it does not have one port None"),
    ],
)
async def test_what_leads_nowhere_is_refused(enter: Enter, args: dict[str, Any], says: str) -> None:
    async with enter(HEALED, world()) as scene:
        refusal = await scene.refused_preview(await scene.made("correct-service", CART, **args))

        assert refusal.reason is Reason.UNSAFE
        assert says in refusal.says.en
        assert refusal.says.zh
        assert scene.writes() == []


async def test_a_port_that_its_pods_do_not_declare_is_refused(enter: Enter) -> None:
    async with enter(HEALED, world(selector={"app": "cart"})) as scene:
        refusal = await scene.refused_preview(await scene.made("correct-service", CART, port=80, target_port=9090))

        assert "its pods declare no port 9090 now" in refusal.says.en


async def test_what_its_owner_would_overwrite_is_refused(enter: Enter) -> None:
    owner = {"apiVersion": "serving.knative.dev/v1", "kind": "Route", "name": "cart", "uid": "r", "controller": True}
    async with enter(HEALED, world()) as scene:
        scene.stored("", "services", "cart", "shop")["metadata"]["ownerReferences"] = [owner]
        refusal = await scene.refused_preview(await scene.made("correct-service", CART, **LABEL))

        assert "managed by Route cart" in refusal.says.en


# --- for the tests of every action ---

_CART = "/api/v1/namespaces/shop/services/cart"
TRIALS = (
    Trial(
        action="correct-service", target=CART, args=LABEL, world=WORLD,
    ),
)  # fmt: skip
SCENARIOS = (
    Scenario(
        action="correct-service", incident="service-selects-nothing", case="a label differs",
        button="Correct selector", ends=FIXED, **one_patch(_CART),
    ),
)  # fmt: skip
