"""Check that the pods meet the Pod Security Standard `restricted`, and more than it requires."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.rendering import VARIANTS, kind, rendered

# The volume types that `restricted` allows.
VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
HOST = ("hostNetwork", "hostPID", "hostIPC")


def violations(pod: dict[str, Any]) -> list[str]:
    """Return what `restricted` rejects in a pod's spec, by Kubernetes' documentation up to v1.37."""
    found = [name for name in HOST if pod.get(name)]
    found += [f"volume {each['name']}" for each in pod.get("volumes", ()) if set(each) - {"name"} - VOLUMES]
    whole = pod.get("securityContext", {})
    found += ["sysctls"] if whole.get("sysctls") else []
    for container in [*pod.get("initContainers", ()), *pod["containers"]]:
        own = container.get("securityContext", {})
        both = {**whole, **own}
        capabilities = own.get("capabilities", {})
        found += [
            f"{container['name']}: {rule}"
            for rule, broken in {
                "privileged": own.get("privileged"),
                "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is not False,
                "capabilities.drop": "ALL" not in capabilities.get("drop", ()),
                "capabilities.add": set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"},
                "runAsNonRoot": both.get("runAsNonRoot") is not True,
                "runAsUser": both.get("runAsUser") == 0,
                "seccompProfile": both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"),
                "procMount": own.get("procMount", "Default") != "Default",
                "hostPort": any(port.get("hostPort") for port in container.get("ports", ())),
            }.items()
            if broken
        ]
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_restricted_admits_the_pods(variant: str) -> None:
    pod = kind(rendered(VARIANTS[variant]), "StatefulSet")["spec"]["template"]["spec"]

    assert violations(pod) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_pod_has_its_own_user_and_minimal_writable_paths(variant: str) -> None:
    pod = kind(rendered(VARIANTS[variant]), "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")} == {
        "/tmp",
        "/var/lib/casebook",
    }
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]) == (10001, 10001)
    assert pod["enableServiceLinks"] is False
    assert container["resources"]["limits"].keys() == {"memory"}


def test_the_check_detects_violations_of_restricted() -> None:
    worst = {
        "hostNetwork": True,
        "volumes": [{"name": "root", "hostPath": {"path": "/"}}],
        "containers": [{"name": "a", "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}}}],
    }

    assert violations(worst) == [
        "hostNetwork",
        "volume root",
        "a: privileged",
        "a: allowPrivilegeEscalation",
        "a: capabilities.drop",
        "a: capabilities.add",
        "a: runAsNonRoot",
        "a: seccompProfile",
    ]
