"""Test that a refused field is found in a template, for each kind of error, with the patch that mends it."""
# ruff: noqa: E501 - messages of the API server stay in one piece, so that they can be searched for

import json
from typing import Any

import pytest

from bot.kube import field_paths
from bot.kube.field_errors import parse
from bot.kube.template_fields import locate, patch_for

LABEL = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'"


def workload(pod_spec: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"kind": "StatefulSet", "metadata": {"name": "mq"}, "spec": {"template": {"spec": pod_spec}} | spec}


def held(manifest: dict[str, Any], body: str) -> tuple[bool, str, str, str]:
    (error,) = parse(f'Pod "mq-0" is invalid: {body}')
    found = locate(manifest, error)
    now = field_paths.get(manifest, found.path)
    shown = json.dumps(now, ensure_ascii=False) if isinstance(now, dict | list) else field_paths.printed(now)
    return found.in_template, field_paths.text(found.path), shown, found.suggestion


TERM = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]"
AFFINITY = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["mq", "Prod_NS"]}]}}
ONE = {"name": "mq", "image": "mq:1"}


@pytest.mark.parametrize(
    ("pod_spec", "body", "expected"),
    [
        (
            {"affinity": AFFINITY},
            f'{TERM}.namespace: Invalid value: "Prod_NS": {LABEL}',
            (True, f"spec.template.{TERM}.namespaces[1]", "Prod_NS", "prod-ns"),
        ),
        (
            {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["mq"]}]}}},
            f'{TERM}.namespace: Invalid value: "Prod_NS": {LABEL}',
            (False, f"spec.template.{TERM}.namespace", "", "prod-ns"),
        ),
        (
            {"restartPolicy": "Always"},
            'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always"',
            (False, "spec.template.spec.restartPolicy", "Always", "Always"),
        ),
        (
            {"containers": [{"name": "mq", "resources": {"requests": {"cpu": "2", "memory": "1Gi"}}}]},
            'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
            (True, "spec.template.spec.containers[0].resources.requests.cpu", "2", "1"),
        ),
        (
            {"containers": [{"name": "mq"}]},
            "spec.containers[0].image: Required value",
            (True, "spec.template.spec.containers[0].image", "", ""),
        ),
        (
            {"containers": [ONE]},
            "spec.containers[0].image: Required value",
            (False, "spec.template.spec.containers[0].image", "mq:1", ""),
        ),
        (
            {"containers": [ONE], "initContainers": [ONE]},
            'spec.initContainers[0].name: Duplicate value: "mq"',
            (True, "spec.template.spec.initContainers[0].name", "mq", "mq-2"),
        ),
        (
            {"containers": [ONE], "initContainers": [{"name": "init"}]},
            'spec.initContainers[0].name: Duplicate value: "mq"',
            (False, "spec.template.spec.initContainers[0].name", "init", "mq-2"),
        ),
        (
            {"containers": [{"volumeMounts": [{"mountPath": "/data"}, {"mountPath": "/data"}]}]},
            'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/data": must be unique',
            (True, "spec.template.spec.containers[0].volumeMounts[1].mountPath", "/data", ""),
        ),
        (
            {"containers": [{"volumeMounts": [{"name": "dta"}]}], "volumes": [{"name": "data"}]},
            'spec.containers[0].volumeMounts[0].name: Not found: "dta"',
            (True, "spec.template.spec.containers[0].volumeMounts[0].name", "dta", "data"),
        ),
        (
            {"containers": [{"volumeMounts": [{"name": "dta"}]}], "volumes": [{"name": "dta"}]},
            'spec.containers[0].volumeMounts[0].name: Not found: "dta"',
            (False, "spec.template.spec.containers[0].volumeMounts[0].name", "dta", "dta"),
        ),
        (
            {"containers": [{"securityContext": {"privileged": True}}]},
            "spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy",
            (True, "spec.template.spec.containers[0].securityContext.privileged", "true", ""),
        ),
        (
            {"hostname": "m" * 70},
            "spec.hostname: Too long: may not be more than 63 bytes",
            (True, "spec.template.spec.hostname", "m" * 70, "m" * 63),
        ),
        (
            {"hostAliases": [{"ip": "10.0.0.1"}]},
            "spec.hostAliases: Too many: 5: must have at most 3 items",
            (False, "spec.template.spec.hostAliases", '[{"ip": "10.0.0.1"}]', ""),
        ),
        (
            {},
            'metadata.labels: Invalid value: "mq-6d4cf56db6": must be no more than 9 characters',
            (True, "metadata.name", "mq", ""),
        ),
    ],
)  # fmt: skip
def test_the_template_holds_it_or_not(pod_spec: dict, body: str, expected: tuple[bool, str, str, str]) -> None:
    assert held(workload(pod_spec), body) == expected


def test_a_claim_template_declares_a_volume() -> None:
    manifest = workload(
        {"containers": [{"volumeMounts": [{"name": "data"}]}]}, volumeClaimTemplates=[{"metadata": {"name": "data"}}]
    )

    assert not held(manifest, 'spec.containers[0].volumeMounts[0].name: Not found: "data"')[0]


def test_a_path_of_the_workload_itself_is_taken_as_it_is() -> None:
    (error,) = parse('StatefulSet.apps "mq" is invalid: spec.template.spec.containers[0].image: Required value')

    assert locate(workload({"containers": [{}]}), error).in_template


def test_a_patch_tests_the_old_value_and_keeps_its_type() -> None:
    probe = {"livenessProbe": {"successThreshold": 3}}
    manifest = workload({"containers": [probe]})
    (error,) = parse(
        'Pod "mq-0" is invalid: spec.containers[0].livenessProbe.successThreshold: Invalid value: 3: must be 1'
    )
    found = locate(manifest, error)
    pointer = "/spec/template/spec/containers/0/livenessProbe/successThreshold"

    assert json.loads(patch_for(manifest, found.path, error, found.suggestion)) == [
        {"op": "test", "path": pointer, "value": 3},
        {"op": "replace", "path": pointer, "value": 1},
    ]


def test_what_is_forbidden_is_removed_and_a_name_is_never_patched() -> None:
    manifest = workload({"hostNetwork": True})
    (forbidden,) = parse('Pod "mq-0" is invalid: spec.hostNetwork: Forbidden: not here')
    path = locate(manifest, forbidden).path

    assert json.loads(patch_for(manifest, path, forbidden, "")) == [
        {"op": "remove", "path": "/spec/template/spec/hostNetwork"}
    ]
    assert patch_for(manifest, ("metadata", "name"), forbidden, "x") == ""
