"""Another image for a container: what is no image is refused, and what may not be meant is warned of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.every_action.scenario import Scenario, one_patch
from tests.remedies import every_kind
from tests.remedies.container_scene import containers, done, refused, told
from tests.remedies.scene import HEALED, Enter
from tests.remedies.trial import trials
from tests.remedies.workload_worlds import (
    DEPLOYMENTS,
    app,
    template,
    web,
)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("", "no image was given"),
        (None, "no image was given"),
        ("https://registry.example/web:1.0", "leave out https://"),
        ("registry.example/Web:1.0", "lower case"),
        ("web 1.0", "is not an image"),
        ("web:", "is not an image"),
        ("web:1.0:2", "is not an image"),
        ("-web", "is not an image"),
        ("web@sha256:abc", "is not an image"),
        ("w" * 600, "is not an image"),
        ("registry.example/web:1.1", "already"),
        (" registry.example/web:1.1 ", "already"),
    ],
)
async def test_what_is_no_other_image_is_refused(enter: Enter, image: Any, says: str) -> None:
    async with enter(HEALED, web()) as scene:
        assert says in await refused(scene, "set-image", container="app", image=image)


@pytest.mark.parametrize(
    "image",
    ["nginx", "localhost:5000/a/b__c.d-e", "ghcr.io/org/web:1.0_x", "web@sha256:" + "a" * 64, "[fd00::1]:5000/web:1"],
)
async def test_images_are_written_in_many_ways(enter: Enter, image: str) -> None:
    async with enter(HEALED, web()) as scene:
        await done(scene, "set-image", container="app", image=f" {image} ")

        assert containers(scene)[0]["image"] == image


async def test_a_tag_that_moves_and_a_container_left_behind_are_told(enter: Enter) -> None:
    pod = template(app())
    pod["spec"]["initContainers"] = [{"name": "migrate", "image": "registry.example/web:1.1"}]
    async with enter(HEALED, web(pod)) as scene:
        preview, _ = await done(scene, "set-image", container="app", image="registry.example/web")

        assert "latest is not a fixed version; nodes with a copy of it keep that copy" in told(preview)
        assert "migrate has the same image now and keeps it" in told(preview)


async def test_an_init_container_may_be_given_another_image(enter: Enter) -> None:
    pod = template(app())
    pod["spec"]["initContainers"] = [{"name": "migrate", "image": "registry.example/web:1.1"}]
    async with enter(HEALED, web(pod)) as scene:
        await done(scene, "set-image", container="migrate", image="registry.example/web:1.0")

        spec = scene.stored(*DEPLOYMENTS, "web", "till")["spec"]["template"]["spec"]
        assert spec["initContainers"][0]["image"] == "registry.example/web:1.0"
        assert spec["containers"][0]["image"] == "registry.example/web:1.1"


# --- for the tests of every action ---

_FLUX = {"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
TRIALS = trials("set-image", every_kind.WORKLOADS, container="app", image="registry.example/web:1.2")
SCENARIOS = (
    Scenario(
        action="set-image", incident="image-pull-failed", case="there is no such tag", button="Set another image",
        answers={"image": "registry.acme.io/shop/cart:2.4.0"}, custodian="Flux (Kustomization flux-system/shop)",
        change={"Deployment/store/cart": {"metadata": {"labels": _FLUX}}},
        **one_patch("/apis/apps/v1/namespaces/store/deployments/cart"),
    ),
)  # fmt: skip
