"""Expand the short form of containers, volumes and claims to a pod spec."""

from __future__ import annotations

from typing import Any, Final

from bot.playground.kubernetes import patches
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.world_checks import WorldError

_AMOUNTS: Final = ("requests", "limits")


def pod_spec(form: Json, *, path: tuple[str, ...], claims: bool = True) -> Json:
    """Return the spec of a pod or of a pod template. `claims`: its volumes name claims that exist by themselves."""
    spec: Json = {"containers": containers(form.get("containers"), path=(*path, "containers"))}
    if "init" in form:
        spec["initContainers"] = containers(form["init"], path=(*path, "init"))
    spec = patches.merge(spec, form.get("pod") or {})
    if claims and form.get("claims"):
        volumes = [
            {"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in form["claims"].items()
        ]
        spec["volumes"] = [*(spec.get("volumes") or ()), *volumes]
    return spec


def containers(form: Any, *, path: tuple[str, ...]) -> list[Json]:
    """Return containers as a pod spec lists them. WorldError if the form has none."""
    if not isinstance(form, dict) or not form:
        raise WorldError(f"{'.'.join(path)}: expected a mapping of container names to images, got {form!r}", path=path)
    return [_container(name, short, path=(*path, str(name))) for name, short in form.items()]


def _container(name: str, short: Any, *, path: tuple[str, ...]) -> Json:
    if isinstance(short, str):
        return {"name": name, "image": short}
    if not isinstance(short, dict):
        raise WorldError(f"{'.'.join(path)}: expected an image or the container's fields, got {short!r}", path=path)
    fields = {key: value for key, value in short.items() if key not in (*_AMOUNTS, "mounts")}
    container: Json = {"name": name} | fields
    if isinstance(fields.get("env"), dict):
        container["env"] = [
            {"name": key} | ({"valueFrom": value} if isinstance(value, dict) else {"value": str(value)})
            for key, value in fields["env"].items()
        ]
    if "ports" in fields:
        container["ports"] = _ports(fields["ports"])
    if amounts := {key: short[key] for key in _AMOUNTS if key in short}:
        container["resources"] = amounts
    if "mounts" in short:
        mounts = [{"name": volume, "mountPath": place} for volume, place in short["mounts"].items()]
        container["volumeMounts"] = mounts
    return container


def _ports(short: Any) -> list[Json]:
    if isinstance(short, dict):
        return [{"name": name, "containerPort": port} for name, port in short.items()]
    listed = short if isinstance(short, list | tuple) else [short]
    return [each if isinstance(each, dict) else {"containerPort": each} for each in listed]
