"""The names that messages give to an aggregated API, and the APIService they mean.

The same API is `custom.metrics.k8s.io/v1beta1` in discovery errors, `v1beta1.custom.metrics.k8s.io` as an object,
`v1beta1.custom.metrics.k8s.io/default` in alerts, `pods.custom.metrics.k8s.io` in the errors of a request and
`/apis/custom.metrics.k8s.io/v1beta1` as a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# apimachinery's version.kubeVersionRegex.
_VERSION: Final = re.compile(r"^v\d+(?:(?:alpha|beta)\d+)?$")
_GROUP: Final = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$")
_AROUND: Final = " \t\"'`.,:;()[]{}<>"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Api:
    """A served group and version; its APIService is named `<version>.<group>`."""

    group: str
    version: str

    @property
    def object_name(self) -> str:
        """Return the name of its APIService."""
        return f"{self.version}.{self.group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiName:
    """An API as a text names it: `domain` is its group, or a resource or version and the group, joined by dots."""

    domain: str
    version: str = ""

    def meant_of(self, apis: Iterable[Api]) -> frozenset[Api]:
        """Return the APIs that may be meant: by the exact name, else by the longest group that ends the domain."""
        known = frozenset(apis)
        if exact := frozenset(api for api in known if api.object_name == self.domain):
            return exact
        if self.version:
            # Beside a version the group is complete: custom.metrics.k8s.io/v1beta1 never means metrics.k8s.io.
            return known & {Api(group=self.domain, version=self.version)}
        fitting = [api for api in known if f".{self.domain}".endswith(f".{api.group}")]
        longest = max((len(api.group) for api in fitting), default=0)
        return frozenset(api for api in fitting if len(api.group) == longest)


def parse_api_name(text: str) -> ApiName | None:
    """Return the API that a captured word names; None if it names none: an API group has a dot."""
    word = text.strip(_AROUND).lower()
    parts = [part for part in word.split("/") if part]
    if parts[:1] == ["apis"]:
        parts = parts[1:]
    if not parts or not _GROUP.match(parts[0]):
        return None
    domain = parts[0]
    version = parts[1] if len(parts) > 1 and _VERSION.match(parts[1]) else ""
    first, _, rest = domain.partition(".")
    if _VERSION.match(first) and "." in rest:
        # An object's name wins over a namespace label behind it: v1beta1.metrics.k8s.io/default.
        return ApiName(domain=rest, version=first)
    return ApiName(domain=domain, version=version)
