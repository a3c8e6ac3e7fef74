"""What a mute names, how long it lasts, and what it covers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intents.domain import ObjectRef
from intents.mutes import MuteCommand, covers
from intents.slash import parse_command

POD = ObjectRef(kind="Pod", namespace="shop", name="api-0")
WEB = ObjectRef(kind="Deployment", namespace="shop", name="web")
NODE = ObjectRef(kind="Node", name="rack-1")


@pytest.mark.parametrize(
    ("said", "muted", "days", "reason"),
    [
        ("mute image-pull-failed", "image-pull-failed", 7, ""),
        ("mute `image-pull-failed` 30d the registry moves", "image-pull-failed", 30, "the registry moves"),
        ("mute deploy shop/web for 2w because of the migration", "Deployment shop/web", 14, "the migration"),
        ("mute deploy/shop/web", "Deployment shop/web", 7, ""),
        ("mute shop/api-0 1d", "Pod shop/api-0", 1, ""),
        ("mute ns staging 90d: torn down nightly", "Namespace staging", 90, "torn down nightly"),
        ("mute ns staging 90d torn down nightly", "Namespace staging", 90, "torn down nightly"),
        ("mute node rack-1", "Node rack-1", 7, ""),
        ("mute node rack-1 for two weeks: new disks", "Node rack-1", 14, "new disks"),
        ("静音 node rack-1 三天", "Node rack-1", 3, ""),
        ("静音 namespace staging 3d 原因：夜间重建", "Namespace staging", 3, "夜间重建"),
    ],
)
def test_a_mute_names_an_incident_an_object_or_a_namespace(said, muted, days, reason):
    assert parse_command(said) == MuteCommand(muted=muted, lasts=timedelta(days=days), reason=reason)


@pytest.mark.parametrize(
    ("muted", "incident", "objects", "covered"),
    [
        ("image-pull-failed", "image-pull-failed", (POD,), True),
        ("image-pull-failed", "container-oom-killed", (POD,), False),
        ("Pod shop/api-0", "image-pull-failed", (WEB, POD), True),
        ("Pod shop/api-1", "image-pull-failed", (WEB, POD), False),
        ("Namespace shop", "image-pull-failed", (WEB, POD), True),
        ("Namespace shop", "quota-exceeded", (ObjectRef(kind="Namespace", name="shop"),), True),
        # A node that fails below the pods of a muted namespace is another matter.
        ("Namespace shop", "node-not-ready", (POD, NODE), False),
        ("Namespace shop", "image-pull-failed", (), False),
        ("Node rack-1", "node-not-ready", (NODE, POD), True),
    ],
)
def test_a_mute_covers_its_incident_its_object_and_all_in_its_namespace(muted, incident, objects, covered):
    assert covers(muted, incident=incident, objects=objects) is covered
