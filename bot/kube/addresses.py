"""Tell which addresses the containers of a pod are given: in variables, arguments, and the ConfigMaps they use.

Secrets are never read. A name in a variable is what somebody wrote, whether or not anything has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

from bot.kube.address_texts import (
    UNKNOWN,
    Address,
    NamedValue,
    addresses_of_values,
    asked_hosts,
    file_values,
    flag_values,
)
from bot.kube.config_references import named_in_environment, named_in_volume
from bot.kube.object_changes import ROOT_CERTIFICATES
from bot.kube.objects import all_containers, name_of, namespace_of, pod_spec_of, spec_of
from bot.kube.services import ip_in, is_headless, ports_of, service_meant, shown_ports
from intents.domain import Json

_VARIABLE: Final = re.compile(r"\$\$|\$\((?P<name>[-._a-zA-Z][-._a-zA-Z0-9]{0,252})\)")
# Variables that consist of others can grow without end: a longer one is not known.
_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongPort:
    """An address with a port that its Service does not have; `ports` are those that it has, as people write them."""

    address: Address
    service: str
    namespace: str
    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownService:
    """An address whose host can only be a Service that does not exist, with the closest name of one, "" for none."""

    address: Address
    service: str
    namespace: str
    closest: str


def given_addresses(obj: Mapping[str, Any], config_maps: Iterable[Json] = ()) -> tuple[Address, ...]:
    """Return the addresses that a pod gives its containers, or a workload the pods that it makes, each once.

    Only those of the ConfigMaps that a container uses are read. Hosts that the pod maps to an address itself are left
    out: no Service is asked for them.
    """
    spec = pod_spec_of(obj)
    home = namespace_of(obj)
    maps = {name_of(each): each.get("data") or {} for each in config_maps if namespace_of(each) in ("", home)}
    mapped = _mapped(spec)
    found: list[Address] = []
    for container in all_containers(spec):
        name = str(container.get("name") or "")
        given = _given(container, spec, maps, home)
        found += (replace(one, container=name) for one in given if one.host not in mapped)
    return tuple(dict.fromkeys(found))


def config_maps_used(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the ConfigMaps of which `given_addresses` can tell addresses."""
    spec = pod_spec_of(obj)
    names: list[str] = []
    for container in all_containers(spec):
        names += (name for name, _ in _whole_maps(container))  # of too many maps these tell more
        names += (name for kind, name, _ in named_in_environment(container) if kind == "ConfigMap")
        names += (name for name, _ in _mounted(container, spec))
    return tuple(name for name in dict.fromkeys(names) if name != ROOT_CERTIFICATES)


def _given(
    container: Mapping[str, Any], spec: Mapping[str, Any], maps: Mapping[str, Mapping[str, Any]], home: str
) -> Iterator[Address]:
    """Yield the addresses of a container, each with where it stands."""
    variables = _environment(container, maps, home)
    yield from addresses_of_values(list(variables.values()), of_variables=True)
    yield from _of_command(container, lambda text: _expanded(text, variables))
    for name, keys in _mounted(container, spec):
        for key, text in maps.get(name, {}).items():
            if key in keys or not keys:
                yield from addresses_of_values(list(file_values(str(text), f"ConfigMap {home}/{name} key {key}")))


def _environment(
    container: Mapping[str, Any], maps: Mapping[str, Mapping[str, Any]], home: str
) -> Mapping[str, NamedValue]:
    """Return the variables of a container by name. One whose value is not known here is not among them."""
    found: dict[str, NamedValue] = {}
    for name, prefix in _whole_maps(container):
        for key, text in maps.get(name, {}).items():
            found[prefix + key] = NamedValue(prefix + key, str(text), f"ConfigMap {home}/{name} key {key}")
    for variable in container.get("env") or ():
        own = str(variable.get("name") or "")
        found.pop(own, None)
        if of := (variable.get("valueFrom") or {}).get("configMapKeyRef"):
            name, key = str(of.get("name") or ""), str(of.get("key") or "")
            if key in maps.get(name, {}):
                found[own] = NamedValue(own, str(maps[name][key]), f"ConfigMap {home}/{name} key {key}")
        elif variable.get("value"):
            found[own] = NamedValue(own, _expanded(str(variable["value"]), found), f"env {own}")
    return found


def _whole_maps(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for source in container.get("envFrom") or ():
        if name := (source.get("configMapRef") or {}).get("name"):
            yield str(name), str(source.get("prefix") or "")


def _mounted(container: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the ConfigMaps that a container mounts, with their keys; none for all of them."""
    mounts = {mount.get("name") for mount in container.get("volumeMounts") or ()}
    for volume in spec.get("volumes") or ():
        for kind, name, of in named_in_volume(volume) if volume.get("name") in mounts else ():
            if kind == "ConfigMap" and name:
                yield name, frozenset(str(item.get("key") or "") for item in of.get("items") or ())


def _expanded(text: str, variables: Mapping[str, NamedValue]) -> str:
    """Return a text with the variables of the container in their places, as the kubelet puts them there."""
    if "$" not in text:
        return text
    parts: list[str] = []
    length = at = 0
    for found in _VARIABLE.finditer(text):
        known = variables.get(found["name"] or "")
        parts += (text[at : found.start()], "$" if found[0] == "$$" else known.text if known else UNKNOWN)
        length += len(parts[-2]) + len(parts[-1])
        at = found.end()
        if length > _LONGEST:
            return UNKNOWN
    return "".join((*parts, text[at:]))


def _of_command(container: Mapping[str, Any], expand: Callable[[str], str]) -> Iterator[Address]:
    lines = {field: tuple(expand(str(each)) for each in container.get(field) or ()) for field in ("command", "args")}
    for field, words in lines.items():
        yield from addresses_of_values(list(flag_values(words, field)))
    for one in asked_hosts(" ".join((*lines["command"], *lines["args"]))):
        yield replace(one, source="args" if lines["args"] else "command")


_SERVICE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_OF_SET: Final = re.compile(r".+-\d+")
_ALIKE: Final = 0.7
# No namespace is called so, unless the pod is in it: two labels that end in one are a host of the Internet.
_PUBLIC: Final = frozenset({"com", "org", "net", "edu", "gov", "io", "local", "localdomain", "internal"})


@lru_cache(maxsize=8192)
def services_meant(host: str, home: str) -> tuple[tuple[str, str], ...]:
    """Return namespace and name of the Services that a host may mean for a pod of a namespace; none for an IP.

    `db-0.db` may be Service `db-0` of namespace `db`, or a pod behind the headless Service `db`: what exists decides.
    """
    meant = service_meant(host) if not ip_in(host) else None
    if meant is None or not _SERVICE.fullmatch(meant.service):
        return ()
    namespace = meant.namespace or home
    if not meant.sure and namespace in _PUBLIC and namespace != home:
        return ()
    headless = ((home, namespace),) if not meant.sure and _OF_SET.fullmatch(meant.service) else ()
    return ((namespace, meant.service), *headless)


def services_called(spec: Mapping[str, Any], home: str) -> frozenset[tuple[str, str]]:
    """Return namespace and name of the Services that the variables and arguments in the spec of a pod may mean."""
    hosts: set[str] = set()
    for container in all_containers(spec):
        hosts |= _hosts_of(container, spec)
    if not hosts:
        return frozenset()
    return frozenset(place for host in hosts - _mapped(spec) for place in services_meant(host, home))


def _mapped(spec: Mapping[str, Any]) -> frozenset[str]:
    """Return the hosts that a pod maps to an address itself."""
    return frozenset(
        str(host).lower() for each in spec.get("hostAliases") or () for host in each.get("hostnames") or ()
    )


def _hosts_of(container: Mapping[str, Any], spec: Mapping[str, Any]) -> set[str]:
    """Return the hosts of a container."""
    hosts: set[str] = set()
    for variable in container.get("env") or ():
        if value := variable.get("value"):
            name, text = str(variable.get("name") or ""), str(value)
            if "$(" in text:
                return {one.host for one in _given(container, spec, {}, "")}
            hosts.update(_remembered((name, text), _hosts_in_variable))
    if container.get("command") or container.get("args"):
        command, args = (tuple(map(str, container.get(field) or ())) for field in ("command", "args"))
        hosts.update(_remembered((command, args), _hosts_in_command))
    return hosts


def _hosts_in_variable(name: str, value: str) -> tuple[str, ...]:
    return tuple(one.host for one in addresses_of_values([NamedValue(name, value, "")], of_variables=True))


def _hosts_in_command(command: tuple[str, ...], args: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.host for one in _of_command({"command": command, "args": args}, str))


# Pods of one template have the same values, which are read once. Only their hashes stay: they may hold passwords.
_hosts_by_hash: Final[dict[int, tuple[str, ...]]] = {}
_MOST_HASHES: Final = 16_384


def _remembered(values: tuple[Any, ...], read: Callable[..., tuple[str, ...]]) -> tuple[str, ...]:
    key = hash(values)
    hosts = _hosts_by_hash.get(key)
    if hosts is None:
        if len(_hosts_by_hash) >= _MOST_HASHES:
            _hosts_by_hash.clear()
        hosts = _hosts_by_hash[key] = read(*values)
    return hosts


def wrong_ports(addresses: Iterable[Address], services: Iterable[Json], *, home: str) -> tuple[WrongPort, ...]:
    """Return the addresses whose written port their Service does not have, for a pod of namespace `home`.

    A headless Service and one of another host have no ports of their own: clients connect to what is behind.
    """
    known = {(namespace_of(each), name_of(each)): each for each in services}
    found: list[WrongPort] = []
    for address in addresses:
        place = next((one for one in services_meant(address.host, home) if one in known), None)
        if place is None or address.assumed or not address.port or not _has_own_ports(known[place]):
            continue
        if all(each.get("port") != address.port for each in ports_of(known[place])):
            ports = shown_ports(known[place])
            found.append(WrongPort(address=address, namespace=place[0], service=place[1], ports=ports))
    return tuple(found)


def _has_own_ports(service: Json) -> bool:
    return spec_of(service).get("type") != "ExternalName" and not is_headless(service) and any(ports_of(service))


def unknown_services(
    addresses: Iterable[Address], services: Iterable[Json], *, home: str
) -> tuple[UnknownService, ...]:
    """Return the addresses that name a Service of namespace `home` which is not among `services`, those of `home`.

    Only names count that can be nothing else: a single label, or one that ends in `.svc`.
    """
    names = sorted(name_of(each) for each in services if namespace_of(each) == home)
    found: list[UnknownService] = []
    for address in addresses:
        meant = service_meant(address.host)
        if not (meant and meant.sure and address.certain and services_meant(address.host, home)):
            continue
        if meant.namespace in ("", home) and meant.service not in names:
            closest = next(iter(get_close_matches(meant.service, names, n=1, cutoff=_ALIKE)), "")
            found.append(UnknownService(address=address, namespace=home, service=meant.service, closest=closest))
    return tuple(found)
