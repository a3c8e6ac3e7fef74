"""Answer requests with an API server's order of checks: kind of path, authorization, existence, verb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.playground.kubernetes import access, addresses, read_requests, shapes, subject_reviews, times, watches
from bot.playground.kubernetes.addresses import Address
from bot.playground.kubernetes.body import decode_object
from bot.playground.kubernetes.discovery import AGGREGATED_TYPE, VERSION, Discovery
from bot.playground.kubernetes.identity import USER, Identity, identity
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import (
    method_not_allowed,
    page_not_found,
    refusal,
    service_unavailable,
    unknown_resource,
)
from bot.playground.kubernetes.write_requests import Writer

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
_PARTIAL = ("as=PartialObjectMetadata;", "as=PartialObjectMetadataList;")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request, as far as the server uses it; header names are lower case.

    `user` sent it; `acts_as` and `acting_groups` are the identity that its headers ask to impersonate.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    user: str = USER
    acts_as: str = ""
    acting_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response; a `body` of None is sent empty, the events of a `watch` one by one."""

    status: int
    body: Json | str | None
    content_type: str = JSON_TYPE
    warnings: tuple[str, ...] = field(default=())
    watch: watches.Watch | None = None


class Dispatcher:
    """Answers requests from the state. `server_address` is the address in discovery documents."""

    def __init__(self, *, state: State, writer: Writer) -> None:
        self._state = state
        self._writer = writer
        self._discovery = Discovery(registry=state.registry, unavailable=state.unavailable)
        self.server_address = "127.0.0.1"
        self.bookmark_s = 60.0

    def answer(self, request: Request) -> Answer:
        """Answer an authenticated request. Raises Refusal."""
        parts = [part for part in request.path.split("/") if part]
        if addresses.is_resource_path(parts):
            return self._resource(request, parts)
        return self._document(request, parts)

    def _document(self, request: Request, parts: list[str]) -> Answer:
        if request.method != "GET":
            raise page_not_found()
        aggregated = "as=APIGroupDiscoveryList" in request.headers.get("accept", "")
        match parts:
            case ["api"] | ["apis"] if aggregated:
                body = self._discovery.aggregated(core=parts == ["api"])
                return Answer(status=200, body=body, content_type=AGGREGATED_TYPE)
            case ["api"]:
                return Answer(status=200, body=self._discovery.legacy_versions(address=self.server_address))
            case ["apis"]:
                return Answer(status=200, body=self._discovery.groups())
            case ["api", version]:
                return Answer(status=200, body=self._discovery.resources(group="", version=version))
            case ["apis", group]:
                return Answer(status=200, body=self._discovery.group(group))
            case ["apis", group, version]:
                return Answer(status=200, body=self._discovery.resources(group=group, version=version))
            case ["version"]:
                return Answer(status=200, body=VERSION)
            case ["healthz" | "livez" | "readyz" as check]:
                verbose = f"[+]ping ok\n[+]log ok\n[+]etcd ok\n{check} check passed\n"
                text = verbose if "verbose" in request.query else "ok"
                return Answer(status=200, body=text, content_type=TEXT_TYPE)
            case _:
                raise page_not_found()

    def _resource(self, request: Request, parts: list[str]) -> Answer:
        address = addresses.parse(method=request.method, parts=parts, query=request.query)
        state = self._state
        who = state.access.acting_as(
            identity(request.user), user=request.acts_as, groups=request.acting_groups, address=address
        )
        state.access.check(address, who=who)
        if not state.registry.has_group_version(group=address.group, version=address.version):
            raise page_not_found()
        if (address.group, address.version) in state.unavailable():
            raise service_unavailable()
        resource = state.registry.find(group=address.group, version=address.version, plural=address.resource)
        if resource is None or not _fits(address, resource=resource):
            raise unknown_resource()
        if address.resource.endswith("reviews") and address.verb == "create":
            return self._review(request, resource=resource, who=who)
        if address.subresource:
            return self._subresource(request, address=address, resource=resource)
        if address.verb not in resource.verbs:
            raise method_not_allowed()
        accept = request.headers.get("accept", "")
        metadata_only = any(form in f"{accept.split(',')[0]};" for form in _PARTIAL)
        match address.verb:
            case "get":
                obj = read_requests.get(state=state, resource=resource, address=address, query=request.query)
                return Answer(status=200, body=read_requests.partial(obj) if metadata_only else obj)
            case "list":
                body = read_requests.list_objects(
                    state=state, resource=resource, address=address, query=request.query, metadata_only=metadata_only
                )
                return Answer(status=200, body=body)
            case "watch":
                watch = watches.accept(
                    store=state.store,
                    resource=resource,
                    namespace=address.namespace,
                    query=request.query,
                    shown=lambda obj: read_requests.shown(obj, resource=resource),
                    bookmark_s=self.bookmark_s,
                )
                return Answer(status=200, body=None, watch=watch)
            case _:
                return self._written(request, address=address, resource=resource)

    def _subresource(self, request: Request, *, address: Address, resource: Resource) -> Answer:
        subresource = resource.subresource(address.subresource)
        if subresource is None:
            raise unknown_resource()
        if address.verb not in subresource.verbs:
            raise method_not_allowed()
        if subresource.name == "log":
            text = read_requests.pod_log(state=self._state, resource=resource, address=address, query=request.query)
            if text is None:
                return Answer(status=204, body=None)
            return Answer(status=200, body=text, content_type="text/plain")
        if address.verb == "get" and subresource.kind == resource.kind:
            return Answer(
                status=200,
                body=read_requests.get(state=self._state, resource=resource, address=address, query=request.query),
            )
        return self._written(request, address=address, resource=resource)

    def _written(self, request: Request, *, address: Address, resource: Resource) -> Answer:
        done = self._writer.write(
            address=address, resource=resource, query=request.query, headers=request.headers, body=request.body
        )
        return Answer(status=done.status, body=done.body, warnings=done.warnings)

    def _review(self, request: Request, *, resource: Resource, who: Identity) -> Answer:
        body = decode_object(request.body, content_type=request.headers.get("content-type", ""), resource=resource)
        shapes.check(body, resource=resource)
        if resource.plural == "selfsubjectaccessreviews":
            return Answer(status=201, body=self._state.access.review(body, who=who))
        if resource.plural == "subjectaccessreviews":
            return Answer(status=201, body=subject_reviews.review(body, state=self._state))
        if resource.plural == "selfsubjectreviews":
            return Answer(status=201, body=access.who_am_i(who, created=times.timestamp(self._state.now())))
        if resource.plural == "selfsubjectrulesreviews":
            return Answer(status=201, body=self._state.access.rules_review(body, who=who))
        raise refusal(code=501, message=f"the simulated API server does no {resource.plural}", reason="NotImplemented")


def _fits(address: Address, *, resource: Resource) -> bool:
    """Return whether the path fits the kind's scope: a namespace for namespaced objects, none for others."""
    if resource.namespaced:
        return bool(address.namespace) or not address.name
    return not address.namespace or resource.table == ("", "namespaces")
