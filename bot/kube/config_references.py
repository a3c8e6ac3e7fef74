"""The ConfigMaps and Secrets that a pod needs for its start, and the kubelet's words where one is missing.

Wordings of k8s.io/kubernetes/pkg/kubelet (container environment) and pkg/volume (configmap, secret, projected).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import all_containers, spec_of
from intents.domain import Json

# The fields by which a variable, all variables or a volume are taken from an object.
_FIELDS: Final = (
    *(("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"), ("configMapRef", "ConfigMap")),
    *(("secretRef", "Secret"), ("configMap", "ConfigMap"), ("secret", "Secret")),
)
_KINDS: Final = {"configmap": "ConfigMap", "secret": "Secret"}
_NOT_FOUND: Final = re.compile(r'\b(?P<kind>configmap|secret)s? "(?P<name>[^"]+)" not found', re.IGNORECASE)
_NO_KEY: Final = re.compile(r"couldn't find key (?P<key>\S+) in (?P<kind>ConfigMap|Secret) [^/\s]+/(?P<name>[^\s,]+)")
_VOLUME: Final = re.compile(r'MountVolume\.SetUp failed for volume "(?P<volume>[^"]+)"')
_NO_FILE: Final = re.compile(r"references non-existent (?P<kind>config|secret) key: (?P<key>[^\s,\]]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReference:
    """One use of a ConfigMap or Secret that must exist: by a container's environment, a volume, or a file of a volume.

    A container that mounts one file of a volume (`subPath`) gets an empty directory where the volume has no such file:
    the kubelet reports nothing. `files` are those of a volume that takes only some keys.
    """

    kind: str
    name: str
    key: str = ""  # "" for all keys
    container: str = ""  # of an environment
    volume: str = ""
    mounted: str = ""  # the path in the container at which one file is mounted
    files: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Return where the pod template has it."""
        if self.mounted:
            return f"{self.mounted} of container {self.container}"
        return f"volume {self.volume}" if self.volume else f"the environment of container {self.container}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What the kubelet says is not there. Of a volume's key it names the volume, and not the object."""

    kind: str
    name: str = ""
    key: str = ""
    volume: str = ""

    def is_of(self, reference: ConfigReference) -> bool:
        """Tell whether the kubelet may mean this reference."""
        return (
            self.kind == reference.kind
            and self.name in ("", reference.name)
            and self.volume in ("", reference.volume)
            and (not self.key or reference.key in ("", self.key))
        )


def references_of(pod: Json) -> tuple[ConfigReference, ...]:
    """Return the references of a pod that are not optional, each once."""
    spec = spec_of(pod)
    found = [one for each in all_containers(spec) for one in _of_environment(each)]
    found += [one for each in spec.get("volumes") or () for one in _of_volume(each)]
    found += _of_single_files(spec)
    return tuple(dict.fromkeys(found))


def missing_in(message: str) -> Missing | None:
    """Return the ConfigMap, Secret or key that a message of the kubelet says is missing, None for any other message."""
    volume = found["volume"] if (found := _VOLUME.search(message)) else ""
    if found := _NO_KEY.search(message):
        return Missing(kind=found["kind"], name=found["name"], key=found["key"], volume=volume)
    if found := _NO_FILE.search(message):
        return Missing(kind=_KINDS[found["kind"].replace("config", "configmap")], key=found["key"], volume=volume)
    if found := _NOT_FOUND.search(message):
        return Missing(kind=_KINDS[found["kind"].lower()], name=found["name"], volume=volume)
    return None


def named_in(source: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield kind and name of the ConfigMap and the Secret that a source names, and the field's value."""
    for field, kind in _FIELDS:
        if named := source.get(field):
            # A volume's own Secret is named by `secretName`, that of a projected one by `name`.
            yield kind, str(named.get("name") or named.get("secretName") or ""), named


def named_in_environment(container: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield those of the variables of a container."""
    for variable in container.get("env") or ():
        yield from named_in(variable.get("valueFrom") or {})
    for whole in container.get("envFrom") or ():
        yield from named_in(whole)


def named_in_volume(volume: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield those of a volume."""
    for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
        yield from named_in(source)


def _of_environment(container: Mapping[str, Any]) -> Iterator[ConfigReference]:
    name = str(container.get("name", ""))
    for kind, of, source in named_in_environment(container):
        if not source.get("optional"):
            yield ConfigReference(kind=kind, name=of, key=str(source.get("key", "")), container=name)


def _of_volume(volume: Mapping[str, Any]) -> Iterator[ConfigReference]:
    name = str(volume.get("name", ""))
    for kind, of, wanted in named_in_volume(volume):
        keys = [str(item.get("key", "")) for item in wanted.get("items") or ()] or [""]
        if not wanted.get("optional"):
            yield from (ConfigReference(kind=kind, name=of, key=key, volume=name) for key in keys)


def _of_single_files(spec: Mapping[str, Any]) -> Iterator[ConfigReference]:
    volumes = {each.get("name"): each for each in spec.get("volumes") or ()}
    for container in all_containers(spec):
        for mount in container.get("volumeMounts") or ():
            file = str(mount.get("subPath") or "").partition("/")[0]
            volume = volumes.get(mount.get("name")) or {}
            for kind, of, source in named_in(volume) if file else ():
                files = tuple(str(item.get("path", "")).partition("/")[0] for item in source.get("items") or ())
                if source.get("optional") or file in files:
                    continue  # a file in `files` comes from a key that the volume itself refers to
                yield ConfigReference(
                    kind=kind,
                    name=of,
                    key=file,
                    container=str(container.get("name", "")),
                    volume=str(mount.get("name", "")),
                    mounted=str(mount.get("mountPath", "")),
                    files=files,
                )
