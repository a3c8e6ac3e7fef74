"""List the kinds that the simulated API server serves: groups, names, verbs, subresources and selectable fields.

The built-in ones are in `resources.yaml`. CustomResourceDefinitions and aggregated APIs of a loaded world add kinds at
run time, so that discovery, routing and selectors have one source.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeAlias

import yaml

Json: TypeAlias = dict[str, Any]
# The group and plural under which objects are stored; all versions of a group share it.
Table: TypeAlias = tuple[str, str]

API_SERVICES: Final = ("apiregistration.k8s.io", "apiservices")
BUDGETS: Final = ("policy", "poddisruptionbudgets")
CLAIMS: Final = ("", "persistentvolumeclaims")
CRON_JOBS: Final = ("batch", "cronjobs")
DEFINITIONS: Final = ("apiextensions.k8s.io", "customresourcedefinitions")
EVENTS: Final = ("", "events")
JOBS: Final = ("batch", "jobs")
NAMESPACES: Final = ("", "namespaces")
NODES: Final = ("", "nodes")
PODS: Final = ("", "pods")
REPLICA_SETS: Final = ("apps", "replicasets")
SERVICES: Final = ("", "services")
SLICES: Final = ("discovery.k8s.io", "endpointslices")
VOLUMES: Final = ("", "persistentvolumes")
# Events of this group are stored as events of core/v1.
NEW_EVENTS: Final = "events.k8s.io"

ALL_VERBS: tuple[str, ...] = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subresource:
    """One subresource; `kind` and `group`/`version` are those of its response, "" for those of its parent."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind as the server serves it. `fields` maps each field of a fieldSelector to the path it reads."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    has_generation: bool = True
    custom: bool = False
    schema: Mapping[str, Any] | None = None

    @property
    def table(self) -> Table:
        """Return the table of its objects."""
        return EVENTS if self.group == NEW_EVENTS else (self.group, self.plural)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def subresource(self, name: str) -> Subresource | None:
        return next((each for each in self.subresources if each.name == name), None)


def read_table(name: str) -> Any:
    """Return the content of a YAML file of this package."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


WIRE: Final[Json] = read_table("wire.yaml")


def _subresource(*, parent: str, name: str) -> Subresource:
    row: Json = WIRE["subresources"].get(name, {})
    group, _, version = row.get("api", "").rpartition("/")
    verbs = tuple(row.get("verbs", "get patch update").split())
    return Subresource(name=name, kind=row.get("kind", "{}").format(parent), verbs=verbs, group=group, version=version)


@cache
def _built_in() -> tuple[Resource, ...]:
    found = []
    for api_version, rows in read_table("resources.yaml").items():
        group, _, version = api_version.rpartition("/")
        for plural, row in rows.items():
            selectable = (word.partition("=") for word in row.get("fields", "").split())
            names = row.get("subresources", "").split()
            found.append(
                Resource(
                    group=group,
                    version=version,
                    plural=plural,
                    kind=row["kind"],
                    namespaced=row.get("namespaced", True),
                    singular=row["kind"].lower(),
                    short_names=tuple(row.get("short", "").split()),
                    categories=("all",) if row.get("all") else (),
                    verbs=tuple(row["verbs"].split()) if "verbs" in row else ALL_VERBS,
                    subresources=tuple(_subresource(parent=row["kind"], name=name) for name in names),
                    fields={field: path or field for field, _, path in selectable},
                    has_generation=row.get("generation", True),
                )
            )
    return tuple(found)


class Registry:
    """The kinds served now: the built-in ones, and those that loaded worlds add."""

    def __init__(self) -> None:
        self._resources: dict[tuple[str, str, str], Resource] = {}
        self._versions: dict[str, list[str]] = {}
        for resource in _built_in():
            self.add(resource)

    def become(self, known: Registry) -> None:
        """Serve the kinds of another registry."""
        self._resources = dict(known._resources)
        self._versions = {group: [*versions] for group, versions in known._versions.items()}

    def add(self, resource: Resource) -> None:
        self._resources[resource.group, resource.version, resource.plural] = resource
        self._serve(group=resource.group, version=resource.version)

    def _serve(self, *, group: str, version: str) -> None:
        versions = self._versions.setdefault(group, [])
        if version not in versions:
            versions.append(version)

    def add_group_version(self, *, group: str, version: str) -> None:
        """Serve a group version without known resources (an aggregated API)."""
        self._serve(group=group, version=version)
        for resource in aggregated_resources(group=group, version=version):
            if (group, version, resource.plural) not in self._resources:
                self.add(resource)

    def remove_group_version(self, *, group: str, version: str, plural: str | None = None) -> None:
        """Stop serving a group version, or one of its plurals; the version ends with its last resource."""
        for key in [key for key in self._resources if key[:2] == (group, version) and plural in (None, key[2])]:
            del self._resources[key]
        if not self.of_group_version(group=group, version=version):
            self._versions[group] = [each for each in self._versions.get(group, ()) if each != version]
            if not self._versions[group]:
                del self._versions[group]

    def find(self, *, group: str, version: str, plural: str) -> Resource | None:
        return self._resources.get((group, version, plural))

    def groups(self) -> list[str]:
        """Return the named groups in the order of discovery."""
        return [group for group in self._versions if group]

    def versions(self, group: str) -> list[str]:
        """Return the versions of a group, preferred first; empty for an unknown group."""
        return list(self._versions.get(group, ()))

    def of_group_version(self, *, group: str, version: str) -> list[Resource]:
        found = (each for each in self._resources.values() if (each.group, each.version) == (group, version))
        return sorted(found, key=lambda each: each.plural)

    def of_kind(self, kind: str, *, api_version: str | None = None) -> list[Resource]:
        """Return the resources of a kind, built-in and preferred versions first, without views over another table."""
        return [
            each
            for each in self._resources.values()
            if each.kind == kind
            and each.group != NEW_EVENTS
            and (api_version is None or each.api_version == api_version)
        ]

    def of_table(self, table: Table) -> Resource:
        """Return the preferred version of a stored table; KeyError for an unknown table."""
        for version in self._versions[table[0]]:
            if (found := self._resources.get((table[0], version, table[1]))) is not None:
                return found
        raise KeyError(table)

    def hint(self, kind: str) -> str:
        """Return "; did you mean X?" for the closest known kinds, "" if none is close."""
        known = {each.kind for each in self._resources.values()}
        close = difflib.get_close_matches(kind, sorted(known), n=3, cutoff=0.6)
        return f"; did you mean {' or '.join(close)}?" if close else ""


def aggregated_resources(*, group: str, version: str) -> list[Resource]:
    """Return the resources that the usual server of an aggregated API serves; empty for other APIs."""
    rows = WIRE["aggregated"].get(group, ())
    return [Resource(group=group, version=version, verbs=("get", "list"), **row) for row in rows]


def aggregated_resource(kind: str, api_version: str) -> Resource | None:
    """Return the resource of a kind that the usual server of an aggregated API serves, None if it serves none."""
    group, _, version = api_version.rpartition("/")
    return next((each for each in aggregated_resources(group=group, version=version) if each.kind == kind), None)


def naive_plural(kind: str) -> str:
    """Return the plural that kubebuilder derives from a kind."""
    lower = kind.lower()
    if lower.endswith(("s", "x", "z", "ch", "sh")):
        return lower + "es"
    if lower.endswith("y") and lower[-2:-1] not in "aeiou":
        return lower[:-1] + "ies"
    return lower + "s"


def from_custom_resource_definition(definition: Json) -> Iterable[Resource]:
    """Return the resources that a CustomResourceDefinition adds, the storage version first.

    Raises KeyError, TypeError or AttributeError if it is malformed.
    """
    spec = definition["spec"]
    names = spec["names"]
    served = [version for version in spec["versions"] if version.get("served", True)]
    for version in sorted(served, key=lambda each: not each.get("storage", False)):
        declared = sorted(version.get("subresources") or {})
        paths = [each["jsonPath"].lstrip(".") for each in version.get("selectableFields") or ()]
        yield Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec.get("scope", "Namespaced") == "Namespaced",
            singular=names.get("singular", names["kind"].lower()),
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=tuple(_subresource(parent=names["kind"], name=name) for name in declared),
            fields={path: path for path in paths},
            custom=True,
            schema=(version.get("schema") or {}).get("openAPIV3Schema"),
        )
