"""Answer requests with an API server's order of checks: kind of path, authorization, existence, verb."""

from __future__ import annotations

from bot.playground.kubernetes import discovery, grants, logs, reads, reviews, structs
from bot.playground.kubernetes.calls import Answer, Call, Request
from bot.playground.kubernetes.discovery import AGGREGATED_TYPE
from bot.playground.kubernetes.grants import Address, identity
from bot.playground.kubernetes.resources import NAMESPACES, NODES, WIRE, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import fixed
from bot.playground.kubernetes.write_requests import Writer

TEXT_TYPE = "text/plain; charset=utf-8"
_PARTIAL = ("as=PartialObjectMetadata;", "as=PartialObjectMetadataList;")


class Dispatcher:
    """Answers requests from the state. `server_address` is the address in discovery documents."""

    def __init__(self, *, state: State, writer: Writer) -> None:
        self._state = state
        self._writer = writer
        self.server_address = "127.0.0.1"

    def answer(self, request: Request) -> Answer | reads.Watch:
        """Answer an authenticated request. Raises Refusal."""
        parts = [part for part in request.path.split("/") if part]
        # Discovery documents and health checks lie above the group versions.
        if (parts[:1] == ["api"] and len(parts) > 2) or (parts[:1] == ["apis"] and len(parts) > 3):
            return self._resource(request, parts)
        return self._document(request, parts)

    def _document(self, request: Request, parts: list[str]) -> Answer:
        if request.method != "GET":
            raise fixed("page_not_found")
        state = self._state
        match parts:
            case ["api"] | ["apis"] if "as=APIGroupDiscoveryList" in request.accepts:
                return Answer(body=discovery.aggregated(state, core=parts == ["api"]), content_type=AGGREGATED_TYPE)
            case ["api"]:
                return Answer(body=discovery.legacy_versions(address=self.server_address))
            case ["apis"]:
                return Answer(body=discovery.groups(state.registry))
            case ["api", version]:
                return Answer(body=discovery.resources(state, group="", version=version))
            case ["apis", group]:
                return Answer(body=discovery.group(group, registry=state.registry))
            case ["apis", group, version]:
                return Answer(body=discovery.resources(state, group=group, version=version))
            case ["version"]:
                return Answer(body=WIRE["version"])
            case ["healthz" | "livez" | "readyz" as check]:
                verbose = f"[+]ping ok\n[+]log ok\n[+]etcd ok\n{check} check passed\n"
                text = verbose if "verbose" in request.query else "ok"
                return Answer(body=text, content_type=TEXT_TYPE)
            case _:
                raise fixed("page_not_found")

    def _resource(self, request: Request, parts: list[str]) -> Answer | reads.Watch:
        state = self._state
        address = grants.parse(method=request.method, parts=parts, query=request.query)
        user = identity(request.user)
        who = state.access.acting_as(user, user=request.acts_as, groups=request.acting_groups, address=address)
        state.access.check(address, who=who)
        call = Call(request=request, address=address, resource=self._served(address))
        if address.resource.endswith("reviews") and address.verb == "create":
            body = call.decoded()
            structs.check(body, resource=call.resource)
            return Answer(status=201, body=reviews.review(body, resource=call.resource, who=who, state=state))
        if address.subresource:
            return self._subresource(call)
        if address.verb not in call.resource.verbs:
            raise fixed("method_not_allowed")
        metadata_only = any(form in f"{request.accepts.split(',')[0]};" for form in _PARTIAL)
        match address.verb:
            case "get":
                obj = reads.get(call, state=state)
                return Answer(body=reads.partial(obj) if metadata_only else obj)
            case "list":
                return Answer(body=reads.list_objects(call, state=state, metadata_only=metadata_only))
            case "watch":
                return reads.accept(call, store=state.store)
            case _:
                return self._writer.write(call)

    def _served(self, address: Address) -> Resource:
        """Return the resource of an address. Refusal 404 or 503 if it is not served, or not at this scope."""
        group, version = address.group, address.version
        self._state.require_served(group=group, version=version)
        resource = self._state.registry.find(group=group, version=version, plural=address.resource)
        if resource is None or not _fits(address, resource=resource):
            raise fixed("unknown_resource")
        return resource

    def _subresource(self, call: Call) -> Answer:
        state, resource = self._state, call.resource
        subresource = resource.subresource(call.address.subresource)
        if subresource is None:
            raise fixed("unknown_resource")
        if call.address.verb not in subresource.verbs:
            raise fixed("method_not_allowed")
        if subresource.name == "log":
            pod = reads.existing(call, state=state)
            node = state.get(NODES, (pod.get("spec") or {}).get("nodeName", ""))
            text = logs.read(pod=pod, node=node, logs=state.logs, query=call.query, now=state.now())
            return Answer(status=204 if text is None else 200, body=text, content_type="text/plain")
        if call.address.verb == "get" and subresource.kind == resource.kind:
            return Answer(body=reads.get(call, state=state))
        return self._writer.write(call)


def _fits(address: Address, *, resource: Resource) -> bool:
    """Return whether the path fits the kind's scope: a namespace for namespaced objects, none for others."""
    if resource.namespaced:
        return bool(address.namespace) or not address.name
    return not address.namespace or resource.table == NAMESPACES
