"""Compare pod templates: what changed between two revisions, without the values that may be secret."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.template_changes import template_changes

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "checkout", "pod-template-hash": "abc"}, "annotations": {"team": "shop"}},
    "spec": {
        "initContainers": [{"name": "migrate", "image": "shop/migrate:7"}],
        "containers": [
            {
                "name": "app",
                "image": "shop/checkout:4.0.0",
                "args": ["--port", "8080"],
                "env": [{"name": "DATABASE_URL", "value": "postgres://app:hunter2@db/shop"}],
                "envFrom": [{"configMapRef": {"name": "checkout-v1"}}],
                "resources": {"limits": {"memory": "512Mi"}},
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
                "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
            }
        ],
        "volumes": [{"name": "config", "configMap": {"name": "checkout-files"}}],
        "nodeSelector": {"pool": "web"},
    },
}
APP = ("spec", "containers", 0)
GONE = object()
# The path that changes, its new value, and the line that says so.
CHANGES: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "image": ((*APP, "image"), "shop/checkout:4.1.0", "app: image shop/checkout:4.0.0 → shop/checkout:4.1.0"),
    "arguments": ((*APP, "args"), ["--port", "9090"], "app: args --port 8080 → --port 9090"),
    "command": ((*APP, "command"), ["/app/run"], "app: command added: /app/run"),
    "value": ((*APP, "env", 0, "value"), "postgres://app:other@db/shop", "app: env DATABASE_URL changed"),
    "key": (
        (*APP, "env", 0), {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}},
        "app: env DATABASE_URL added: Secret db key url",
    ),
    "variable gone": ((*APP, "env"), [], "app: env DATABASE_URL removed"),
    "source": (
        (*APP, "envFrom", 0, "configMapRef", "name"), "checkout-v2",
        "app: envFrom ConfigMap checkout-v1 → ConfigMap checkout-v2",
    ),
    "limit": ((*APP, "resources", "limits", "memory"), "256Mi", "app: memory limit 512Mi → 256Mi"),
    "request": ((*APP, "resources", "requests"), {"cpu": "4"}, "app: cpu request added: 4"),
    "probe": ((*APP, "livenessProbe", "httpGet", "port"), 9090, "app: livenessProbe.httpGet.port 8080 → 9090"),
    "probe gone": (
        (*APP, "livenessProbe"), GONE,
        "app: livenessProbe removed",
    ),
    "mount": ((*APP, "volumeMounts"), [], "app: mount /etc/app removed"),
    "volume": (
        ("spec", "volumes", 0, "configMap", "name"), "other",
        'volume config {"configMap": {"name": "checkout-files"}, "name": "config"} → '
        '{"configMap": {"name": "other"}, "name": "config"}',
    ),
    "container": (("spec", "initContainers"), [], "container removed"),
    "selector": (("spec", "nodeSelector", "pool"), "big", 'nodeSelector {"pool": "web"} → {"pool": "big"}'),
    "label": (("metadata", "labels", "app"), "cart", "label app checkout → cart"),
    "annotation": (("metadata", "annotations", "team"), "pay", "annotation team changed"),
}  # fmt: skip


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return the template with the value at that path, or without it."""
    template = copy.deepcopy(TEMPLATE)
    place: Any = template
    for key in path[:-1]:
        place = place[key]
    if value is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return template


@pytest.mark.parametrize("name", CHANGES)
def test_one_change_is_one_line(name: str) -> None:
    path, value, line = CHANGES[name]

    assert [str(each) for each in template_changes(TEMPLATE, changed(path, value))] == [line]


def test_hashes_and_restarts_are_no_change() -> None:
    other = copy.deepcopy(TEMPLATE)
    other["metadata"]["labels"]["pod-template-hash"] = "def"
    other["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "2026-03-02T02:58:41Z"

    assert template_changes(TEMPLATE, other) == ()


def test_images_come_first() -> None:
    other = changed((*APP, "args"), ["--port", "1"])
    other["spec"]["containers"][0]["image"] = "shop/checkout:5"
    other["metadata"]["labels"]["app"] = "cart"

    assert [each.field for each in template_changes(TEMPLATE, other)] == ["image", "args", "label app"]


SHOWN = sorted({*CHANGES} - {"key", "variable gone", "value", "probe gone"})


@given(st.sets(st.sampled_from(SHOWN)))
def test_values_of_variables_are_never_shown(names: set[str]) -> None:
    other = copy.deepcopy(TEMPLATE)
    for name in sorted(names):
        path, value, _ = CHANGES[name]
        place: Any = other
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    other["spec"]["containers"][0]["env"] = [{"name": name, "value": "s3cr3t"} for name in ("DATABASE_URL", "NEW")]

    shown = " ".join(str(each) for each in template_changes(TEMPLATE, other))

    assert "s3cr3t" not in shown
    assert "hunter2" not in shown
    assert "env NEW added" in shown
    assert template_changes(other, other) == ()
