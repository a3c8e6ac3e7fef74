"""Answer requests with an API server's order of checks: kind of path, authorization, existence, verb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.playground.kubernetes import grants, logs, reads, reviews, structs
from bot.playground.kubernetes.discovery import AGGREGATED_TYPE, Discovery
from bot.playground.kubernetes.grants import USER, Address, Identity, identity
from bot.playground.kubernetes.resources import NAMESPACES, NODES, WIRE, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import method_not_allowed, page_not_found, unknown_resource
from bot.playground.kubernetes.write_requests import Answer, Write, Writer

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

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def accepts(self) -> str:
        return self.headers.get("accept", "")


class Dispatcher:
    """Answers requests from the state. `server_address` is the address in discovery documents."""

    def __init__(self, *, state: State, writer: Writer) -> None:
        self._state = state
        self._writer = writer
        self._discovery = Discovery(state=state)
        self.server_address = "127.0.0.1"
        self.bookmark_s = 60.0

    def answer(self, request: Request) -> Answer | reads.Watch:
        """Answer an authenticated request. Raises Refusal."""
        parts = [part for part in request.path.split("/") if part]
        if grants.is_resource_path(parts):
            return self._resource(request, parts)
        return self._document(request, parts)

    def _document(self, request: Request, parts: list[str]) -> Answer:
        if request.method != "GET":
            raise page_not_found()
        discovery = self._discovery
        match parts:
            case ["api"] | ["apis"] if "as=APIGroupDiscoveryList" in request.accepts:
                return Answer(body=discovery.aggregated(core=parts == ["api"]), content_type=AGGREGATED_TYPE)
            case ["api"]:
                return Answer(body=discovery.legacy_versions(address=self.server_address))
            case ["apis"]:
                return Answer(body=discovery.groups())
            case ["api", version]:
                return Answer(body=discovery.resources(group="", version=version))
            case ["apis", group]:
                return Answer(body=discovery.group(group))
            case ["apis", group, version]:
                return Answer(body=discovery.resources(group=group, version=version))
            case ["version"]:
                return Answer(body=WIRE["version"])
            case ["healthz" | "livez" | "readyz" as check]:
                verbose = f"[+]ping ok\n[+]log ok\n[+]etcd ok\n{check} check passed\n"
                text = verbose if "verbose" in request.query else "ok"
                return Answer(body=text, content_type=TEXT_TYPE)
            case _:
                raise page_not_found()

    def _resource(self, request: Request, parts: list[str]) -> Answer | reads.Watch:
        state, query = self._state, request.query
        address = grants.parse(method=request.method, parts=parts, query=query)
        user = identity(request.user)
        who = state.access.acting_as(user, user=request.acts_as, groups=request.acting_groups, address=address)
        state.access.check(address, who=who)
        resource = self._served(address)
        write = Write(
            address=address, resource=resource, query=query, content_type=request.content_type, body=request.body
        )
        if address.resource.endswith("reviews") and address.verb == "create":
            return self._review(write, who=who)
        if address.subresource:
            return self._subresource(write)
        if address.verb not in resource.verbs:
            raise method_not_allowed()
        metadata_only = any(form in f"{request.accepts.split(',')[0]};" for form in _PARTIAL)
        match address.verb:
            case "get":
                obj = reads.get(state=state, resource=resource, address=address, query=query)
                return Answer(body=reads.partial(obj) if metadata_only else obj)
            case "list":
                body = reads.list_objects(
                    state=state, resource=resource, address=address, query=query, metadata_only=metadata_only
                )
                return Answer(body=body)
            case "watch":
                return reads.accept(
                    store=state.store,
                    resource=resource,
                    namespace=address.namespace,
                    query=query,
                    bookmark_s=self.bookmark_s,
                )
            case _:
                return self._writer.write(write)

    def _served(self, address: Address) -> Resource:
        """Return the resource of an address. Refusal 404 or 503 if it is not served, or not at this scope."""
        group, version = address.group, address.version
        self._state.require_served(group=group, version=version)
        resource = self._state.registry.find(group=group, version=version, plural=address.resource)
        if resource is None or not _fits(address, resource=resource):
            raise unknown_resource()
        return resource

    def _subresource(self, asked: Write) -> Answer:
        state, address, resource, query = self._state, asked.address, asked.resource, asked.query
        subresource = resource.subresource(address.subresource)
        if subresource is None:
            raise unknown_resource()
        if address.verb not in subresource.verbs:
            raise method_not_allowed()
        if subresource.name == "log":
            pod = reads.existing(state=state, resource=resource, address=address)
            node = state.get(NODES, (pod.get("spec") or {}).get("nodeName", ""))
            text = logs.read(pod=pod, node=node, logs=state.logs, query=query, now=state.now())
            return Answer(status=204 if text is None else 200, body=text, content_type="text/plain")
        if address.verb == "get" and subresource.kind == resource.kind:
            return Answer(body=reads.get(state=state, resource=resource, address=address, query=query))
        return self._writer.write(asked)

    def _review(self, write: Write, *, who: Identity) -> Answer:
        resource, body = write.resource, write.decoded()
        structs.check(body, resource=resource)
        return Answer(status=201, body=reviews.review(body, resource=resource, who=who, state=self._state))


def _fits(address: Address, *, resource: Resource) -> bool:
    """Return whether the path fits the kind's scope: a namespace for namespaced objects, none for others."""
    if resource.namespaced:
        return bool(address.namespace) or not address.name
    return not address.namespace or resource.table == NAMESPACES
