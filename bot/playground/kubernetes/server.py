"""Run the simulated cluster of tests and the demo: an API server on loopback with loaded worlds and injected faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from bot.playground import Listener
from bot.playground.kubernetes import times
from bot.playground.kubernetes.calls import Answer, Request
from bot.playground.kubernetes.controllers import Controllers
from bot.playground.kubernetes.dispatch import TEXT_TYPE, Dispatcher
from bot.playground.kubernetes.grants import ANONYMOUS, USER, Binding, Denial, parse_rules
from bot.playground.kubernetes.objects import has_ended, is_ready
from bot.playground.kubernetes.prometheus import SimulatedPrometheus
from bot.playground.kubernetes.reads import Watch
from bot.playground.kubernetes.resources import PODS, Json
from bot.playground.kubernetes.scenes import expanded
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import Refusal, refusal
from bot.playground.kubernetes.store import Store
from bot.playground.kubernetes.validated_world import ValidatedWorld, store
from bot.playground.kubernetes.world import Loader, neighbours, neighbours_at
from bot.playground.kubernetes.write_requests import Writer

_LARGEST_BODY = 3 * 1024 * 1024
_REASONS = {500: "InternalError", 502: "", 503: "ServiceUnavailable", 504: "Timeout", 401: "Unauthorized"}
_TOKEN = "casebook-simulated-token"


class SimulatedCluster:
    """A Kubernetes API server with the objects of the loaded worlds. Start it inside a running event loop."""

    def __init__(self, *, clock: times.Clock = times.utc_now) -> None:
        self.requests: list[Request] = []
        self.latency = 0.0
        self.meanwhile: Callable[[Request], None] | None = None
        """Called with each request before its response: the concurrent changes of another client."""
        self.token: str | None = None
        self.prometheus = SimulatedPrometheus(clock=clock)
        self._clock = clock
        self._state = State(clock=clock)
        self.store: Store = self._state.store
        """The stored objects, for tests that look behind the API or compact the history."""
        self._controllers = Controllers(state=self._state)
        writer = Writer(state=self._state, controllers=self._controllers)
        self._dispatcher = Dispatcher(state=self._state, writer=writer)
        self._faults: list[Fault] = []
        self._listener = Listener()
        self._stopping = asyncio.Event()
        self.url = ""
        """The base URL while it runs, "" otherwise."""
        self._streams: list[web.Request] = []

    @property
    def watches(self) -> int:
        """Return the number of open watches."""
        return len(self._streams)

    def drop_watches(self) -> None:
        """Close the connection of every open watch, as a load balancer or a restarted server does."""
        for incoming in self._streams:
            if incoming.transport is not None:
                incoming.transport.abort()

    def load(self, world: Mapping[str, Any]) -> None:
        """Add a world to the cluster; a later world replaces objects of the same name.

        Raises WorldError, naming the key or the object, and leaves the cluster as it was.
        """
        self._store(Loader(state=self._state).check(expanded(world, now=self._state.now())))

    def load_neighbours(self) -> None:
        """Add the healthy nodes and workloads of every cluster."""
        if self._state.is_new:
            # Most clusters load them first, so they are stored once instead of each time.
            known = neighbours_at(self._state.now())
            self._state.become(known.state)
            self._learn(known.world, known.stored)
        else:
            self.load(neighbours())

    def clear(self, namespace: str) -> None:
        """Remove all objects of a namespace that exists, without the reactions of controllers."""
        for table, obj in list(self.store.everything()):
            if obj["metadata"].get("namespace") == namespace:
                self._state.remove(table, obj)
        self._state.fill_namespace(namespace)

    def unready_pods(self, namespace: str) -> list[str]:
        """Return the names of the pods of a namespace that should be ready and are not."""
        found = self.store.objects(table=PODS, namespace=namespace)
        return [each["metadata"]["name"] for each in found if not is_ready(each) and not has_ended(each)]

    def _store(self, world: ValidatedWorld) -> None:
        self._learn(world, store(world, state=self._state))

    def _learn(self, world: ValidatedWorld, loaded: list[Json]) -> None:
        self.prometheus.add(world.metrics)
        self._controllers.learn(loaded=loaded, overrides=world.overrides)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen on `host`:`port` (0: any free port), start Prometheus on another port, and return the base URL."""
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._stopping.clear()
        self.url = await self._listener.start(application, host, port)
        self._dispatcher.server_address = self.url.removeprefix("http://")
        if not self.prometheus.empty:
            await self.prometheus.start(host)
        return self.url

    async def stop(self) -> None:
        """Stop listening and end the requests that hang."""
        self._stopping.set()
        self.drop_watches()
        await self.prometheus.stop()
        await self._listener.stop()
        self.url = ""

    def kubeconfig(self, *, namespace: str = "default") -> Json:
        """Return a kubeconfig whose only context points at this server. RuntimeError if it does not run."""
        if not self.url:
            raise RuntimeError("the simulated cluster has no address: start it before asking for a kubeconfig")
        context = {"cluster": "simulated", "user": "casebook", "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "simulated", "cluster": {"server": self.url}}],
            "users": [{"name": "casebook", "user": {"token": self.token or _TOKEN}}],
            "contexts": [{"name": "simulated", "context": context}],
            "current-context": "simulated",
        }

    def forbid(self, **which: str) -> None:
        """Refuse matching requests with 403; `which` are fields of a `Denial`, as verb="get", resource="pods/log".

        The denial applies to everybody, one user or all of a group, also to requests that impersonate them.
        """
        self._state.access.denials.append(Denial(**which))

    def allow_only(
        self,
        rules: Iterable[Mapping[str, Any]],
        *,
        namespace: str = "",
        user: str = "",
        user_group: str = "",
        instead: bool = False,
    ) -> None:
        """Let a user, by default Casebook's service account, do only what the rules of a ClusterRole grant.

        With `namespace`, the rules apply there only, as with a RoleBinding. Further calls add rules, or replace all
        earlier ones with `instead`. Users that no call names may do everything. WorldError for invalid rules.
        """
        whose = user or ("" if user_group else USER)
        binding = Binding(user=whose, user_group=user_group, namespace=namespace, rules=parse_rules(rules))
        if instead:
            self._state.access.bindings.clear()
        self._state.access.bindings.append(binding)

    def forbid_everything(self) -> None:
        """Refuse every read and write of a resource, and every metric; discovery and access reviews stay open."""
        self.forbid()
        self.prometheus.forbidden = True

    def fail(self, *, path_prefix: str, **how: Any) -> None:
        """Let the next requests to paths with this prefix fail; `how` are fields of a `Fault`: status, times, …"""
        self._faults.append(Fault(path_prefix=path_prefix, **how))

    async def _handle(self, incoming: web.Request) -> web.StreamResponse:
        request = Request(
            method=incoming.method,
            path=incoming.path,
            query=dict(incoming.query),
            headers={name.lower(): value for name, value in incoming.headers.items()},
            content=await incoming.read(),
            acts_as=incoming.headers.get("Impersonate-User", ""),
            acting_groups=tuple(incoming.headers.getall("Impersonate-Group", ())),
        )
        if self.meanwhile is not None:
            self.meanwhile(request)
        fault = next_fault(self._faults, request)
        if fault is not None and fault.done:
            # The request is carried out, and its response is lost.
            with contextlib.suppress(Refusal):
                self._answer(request)
        if fault is not None and (fault.reset or fault.hang):
            self.requests.append(request)
            if fault.hang:
                await self._stopping.wait()
            if incoming.transport is not None:
                incoming.transport.abort()
            return web.Response(status=500)
        if self.latency:
            await asyncio.sleep(self.latency)
        try:
            if fault is not None:
                raise fault.answer()
            answer = self._answer(request)
            if isinstance(answer, Watch):
                self.requests.append(replace(request, status=200))
                return await self._stream(incoming, answer)
            response = self._response(answer)
        except Refusal as refused:
            content_type = TEXT_TYPE if isinstance(refused.body, str) else "application/json"
            response = self._response(Answer(status=refused.code, body=refused.body, content_type=content_type))
            response.headers.update(refused.headers)
        self.requests.append(replace(request, status=response.status))
        return response

    async def _stream(self, incoming: web.Request, watch: Watch) -> web.StreamResponse:
        """Send the events of a watch, one JSON document a line, until it is over, closed or the server stops."""
        response = web.StreamResponse(headers={"Date": self._date(), "Content-Type": "application/json"})
        self._streams.append(incoming)
        try:
            await response.prepare(incoming)
            async for event in watch.events(closed=lambda: incoming.transport is None):
                await response.write(_encoded(event).encode())
            await response.write_eof()
        except ConnectionResetError:
            pass  # the client or `drop_watches` closed the connection
        finally:
            self._streams.remove(incoming)
        return response

    def _answer(self, request: Request) -> Answer | Watch:
        return self._dispatcher.answer(replace(request, user=self._authenticate(request)))

    def _authenticate(self, request: Request) -> str:
        """Return the user of a request: anonymous without a token. Refusal 401 for a wrong token."""
        credentials = request.headers.get("authorization")
        if self.token is None or credentials == f"Bearer {self.token}":
            return USER
        if credentials is None:
            return ANONYMOUS
        raise refusal(code=401, message="Unauthorized", reason="Unauthorized")

    def _response(self, answer: Answer) -> web.Response:
        response = web.Response(status=answer.status, headers={"Date": self._date()})
        if answer.body is not None:
            text = answer.body if isinstance(answer.body, str) else _encoded(answer.body)
            response.body = text.encode()
            response.headers["Content-Type"] = answer.content_type
        for warning in answer.warnings:
            escaped = warning.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{escaped}"')
        return response

    def _date(self) -> str:
        # The bot takes its "now" from this header, because its clock and the cluster's may differ.
        return format_datetime(self._clock().astimezone(UTC), usegmt=True)


def _encoded(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault for the next `times` requests whose path starts with `path_prefix`; of one method only if given.

    They get `status` (429 in plain text, others with a Status, or `body`). With `reset` the connection is closed
    without a response, with `hang` no response is sent until the server stops. With `done` the requests are carried out
    first, and only the response is lost.
    """

    path_prefix: str
    method: str = ""
    done: bool = False
    status: int = 503
    times: int = 1
    retry_after: float | None = None
    body: Json | str | None = None
    reset: bool = False
    hang: bool = False

    def answer(self) -> Refusal:
        """Return the response of the fault: as recorded for 429, a Status for others unless a body is given."""
        headers = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
        if self.body is not None:
            return Refusal(code=self.status, body=self.body, headers=headers)
        if self.status == 429:
            # Priority and fairness answers in text.
            text = "Too many requests, please try again later.\n"
            return Refusal(code=429, body=text, headers=headers or {"Retry-After": "1"})
        message = f"the server answers {self.status} because a test wants it to"
        return refusal(code=self.status, message=message, reason=_REASONS.get(self.status, ""), headers=headers)


def next_fault(waiting: list[Fault], request: Request) -> Fault | None:
    """Return the oldest fault that waits for such a request, None without one, and count it as used once."""
    for fault in waiting:
        if request.path.startswith(fault.path_prefix) and fault.method in ("", request.method):
            fault.times -= 1
            if fault.times <= 0:
                waiting.remove(fault)
            return fault
    return None
