"""Whatever others do between a plan, its preview and its writes: only what was previewed is written to, once, and what
is told of it is so.

Every kind of step there is, alone and in plans of several, over HTTP; what happened is read from the API server itself.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.cli.rehearsal import stage, staged
from bot.cluster.connection import Connection
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster
from bot.remedies import execution
from bot.remedies.action import actions
from bot.remedies.contract import LIFETIME, About, Applied, Plan, Preview, Reason, Refusal
from bot.remedies.session import Session
from bot.remedies.undo import plan_to_undo
from intents.domain import Focus, ObjectRef, Text
from tests.end_to_end.every_action.watching import of_people
from tests.meddling import Json, Meddle, Meddling, Others, Place, Watch, Write, meddles, uid
from tests.remedies import storage_scene
from tests.remedies.scene import through_journal

Table = tuple[str, str]

# So many stories take some seconds; a long run asks for more.
_STORIES: Final = int(os.environ.get("ANY_ORDER_STORIES", "0")) * 10 or 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A plan of some kind of step. `names` are to be renamed for each story; `paths` are written to, in this order.

    `bound`: how many of these a plan is made for; the others are found by its preview.
    `indifferent`: by plural, what of an object may change meanwhile, since nobody decides on it for this.
    """

    action: str
    target: ObjectRef
    args: Mapping[str, Any] = field(default_factory=dict)
    objects: Sequence[Json]
    names: tuple[str, ...]
    paths: tuple[str, ...]
    makes: Json | None = None
    bound: int = 3
    indifferent: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


_CONTAINERS: Final = [{"name": "app", "image": "registry.example/app:1"}]
_TEMPLATE: Final = {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": _CONTAINERS}}
_SELECTS: Final = {"selector": {"matchLabels": {"app": "app"}}, "template": _TEMPLATE}
_DEPLOYMENT: Final = {
    "kind": "Deployment", "metadata": {"namespace": "spot", "name": "app"}, "spec": {"replicas": 1, **_SELECTS},
}  # fmt: skip
_REPLICA_SET: Final = {
    "kind": "ReplicaSet", "metadata": {"namespace": "spot", "name": "app"}, "spec": {"replicas": 2, **_SELECTS},
}  # fmt: skip
_SERVICE: Final = {
    "kind": "Service",
    "metadata": {"namespace": "spot", "name": "app"},
    "spec": {"selector": {"app": "apps"}, "ports": [{"port": 80}]},
}
_MONITOR: Final = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "PodMonitor",
    "metadata": {"namespace": "spot", "name": "app"},
    "spec": {"selector": {}},
}
_READY: Final = [{"type": "Ready", "status": "True"}]
_NODE: Final = {
    "kind": "Node", "metadata": {"name": "spot-node"}, "spec": {}, "status": {"conditions": _READY},
}  # fmt: skip
_DEPLOYED: Final = "/apis/apps/v1/namespaces/spot/deployments/app"
_PODS: Final = "/api/v1/namespaces/spot/pods"


def _pod(name: str, **spec: Any) -> Json:
    owners = [{"kind": "ReplicaSet", "name": "app", "controller": True}]
    metadata = {"namespace": "spot", "name": name, "labels": {"app": "app"}, "ownerReferences": owners}
    return {
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": _CONTAINERS, **spec},
        "status": {"phase": "Running", "conditions": _READY if spec else []},
    }


def _ref(obj: Json) -> ObjectRef:
    return ObjectRef(kind=obj["kind"], namespace=obj["metadata"].get("namespace", ""), name=obj["metadata"]["name"])


KINDS: Final[Mapping[str, Kind]] = {
    "merge patch": Kind(
        action="patch-object", target=_ref(_DEPLOYMENT), objects=[_DEPLOYMENT], names=("spot",), paths=(_DEPLOYED,),
        args={"type": "merge", "patch": {"spec": {"progressDeadlineSeconds": 300}}},
    ),
    "strategic patch": Kind(
        action="set-image", target=_ref(_DEPLOYMENT), objects=[_DEPLOYMENT], names=("spot",), paths=(_DEPLOYED,),
        args={"container": "app", "image": "registry.example/app:2"},
    ),
    "JSON patch": Kind(
        action="patch-object", target=_ref(_SERVICE), objects=[_SERVICE], names=("spot",),
        paths=("/api/v1/namespaces/spot/services/app",),
        args={"type": "json", "patch": [{"op": "replace", "path": "/spec/selector/app", "value": "app"}]},
    ),
    "delete": Kind(
        action="restart-pod", target=_ref(_pod("app-1")), objects=[_REPLICA_SET, _pod("app-1")], names=("spot",),
        paths=(f"{_PODS}/app-1",),
    ),
    "create": Kind(
        action="create-object", target=_ref(_MONITOR), args={"object": _MONITOR}, makes=_MONITOR, names=("spot",),
        objects=[{**_MONITOR, "metadata": {"namespace": "spot", "name": "other"}}],
        paths=("/apis/monitoring.coreos.com/v1/namespaces/spot/podmonitors/app",),
    ),
    "patch and evictions": Kind(
        action="drain", target=_ref(_NODE), names=("spot", "spot-node"),
        objects=[_NODE, _REPLICA_SET, *(_pod(name, nodeName="spot-node") for name in ("app-1", "app-2"))],
        paths=("/api/v1/nodes/spot-node", f"{_PODS}/app-1", f"{_PODS}/app-2"),
        bound=1,
        indifferent={
            "nodes": (("spec", "taints"), ("metadata", "labels"), ("metadata", "annotations")),
            "pods": (("metadata", "labels"), ("metadata", "annotations")),
        },
    ),
    "patch and deletes": Kind(
        action="delete-claim-and-pod", target=storage_scene.POD, args={"claims": "all", "reclaim": "Delete"},
        objects=storage_scene.world()["objects"], names=("ledger", "disk-0", "disk-1", "disk-2"),
        paths=(
            "/api/v1/persistentvolumes/disk-2",
            "/api/v1/namespaces/ledger/persistentvolumeclaims/data-store-2",
            "/api/v1/namespaces/ledger/pods/store-2",
        ),
    ),
}  # fmt: skip
_UNDOABLE: Final = ("merge patch", "strategic patch", "JSON patch", "create", "patch and evictions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One attempt to carry it out. `lost`: no answer comes to that step's write, which `reached` the server or not.

    `again`: it comes after one that may have written.
    """

    meddle: Meddle | None = None
    lost: int = -1
    reached: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tale:
    """Changes by others after the plan was made, during its preview, before and while it is applied, and undone."""

    planned: Meddle | None = None
    previewing: Meddle | None = None
    previewed: Meddle | None = None
    runs: tuple[Run, ...] = (Run(),)
    undo: Tale | None = None


@dataclass(slots=True, kw_only=True, repr=False)
class Story:
    cluster: SimulatedCluster
    connection: Connection
    kind: Kind
    paths: Sequence[str]
    others: Others
    written: Counter[str] = field(default_factory=Counter)

    async def told(self, plan: Plan, tale: Tale, *, left: Mapping[str, Json | None] | None = None) -> Applied | None:
        """Return the result of the last successful run. `left`: by path, the objects as the change left them."""
        planned = {path: self._now(path) for path in self.paths} if left is None else left
        self._do(tale.planned)
        watch = self._watch(tale.previewing)
        preview = through_journal(await execution.preview(plan, session=Session(connection=self.connection)))
        watch.over()
        assert watch.sent == [], "a preview writes nothing"
        if isinstance(preview, Refusal):
            assert tale.planned or tale.previewing, preview.says.en
            return None
        assert isinstance(preview, Preview)
        shown = dict(watch.tried)
        self._do(tale.previewed)
        ended: Applied | Refusal | None = None
        all_done: list[Write] = []
        for run in tale.runs:
            ended, done = await self._carried_out(plan, preview, run)
            for write in done:
                self._check(write, shown, planned, left=left)
            all_done += done
        # Whoever puts it back as it was before, past us, undoes even the marks by which we know our own.
        put_back = any(run.meddle and run.meddle.what in (Meddling.REMOVED, Meddling.REPLACED) for run in tale.runs)
        twice = [path for path, times in Counter(write.path for write in all_done).items() if times > 1]
        assert not twice or put_back, f"taken twice: {twice}"
        assert ended is not None
        quiet = all(each is None or each.what is Meddling.STATUS for each in (tale.planned, tale.previewed))
        if quiet and tale.previewing is None and tale.runs == (Run(),):
            assert isinstance(ended, Applied), ended.says.en
            assert {write.path for write in all_done} == set(shown), "what nobody meddles with is written"
        (first, *more) = tale.runs
        if quiet and tale.previewing is None and first.meddle is None and first.reached and not more:
            assert isinstance(ended, Applied), f"what was written is known to be, answered or not: {ended.says.en}"
        self.written.update(write.method for write in all_done)
        return ended if isinstance(ended, Applied) else None

    async def _carried_out(self, plan: Plan, preview: Preview, run: Run) -> tuple[Applied | Refusal, list[Write]]:
        """Check that whatever is reported is true."""
        if 0 <= run.lost < len(preview.steps):
            self._lose(preview, run)
        watch = self._watch(run.meddle)
        ended: Applied | Refusal = through_journal(
            await execution.apply(
                plan, preview, session=Session(connection=self.connection), looks=(0.0,), patience=(), resumed=run.again
            )
        )
        watch.over()
        done = watch.done
        if isinstance(ended, Applied):
            # Where an answer was lost and somebody else did the same, nothing tells which of the two it was.
            told_apart = bool(done) is not ended.already or (run.lost >= 0 and not done)
            assert told_apart or run.again, "it tells apart what it did from what it found done"
        elif ended.reason is not Reason.OUTCOME_UNKNOWN:
            assert len(done) <= len(ended.done), f"it tells all that was done, not only: {ended.says.en}"
        return ended, done

    def _check(
        self,
        write: Write,
        shown: Mapping[str, Json | None],
        planned: Mapping[str, Json | None],
        *,
        left: Mapping[str, Json | None] | None,
    ) -> None:
        assert write.path in shown, f"{write.path} was in no preview"
        assert uid(write.before) == uid(shown[write.path]), f"{write.path} is another object than was shown"
        if write.path in self.paths[: self.kind.bound]:
            assert uid(write.before) == uid(planned[write.path]), f"{write.path} is another object than was planned for"
        # An eviction is of a pod, whatever is written to it: what changes as it is under way cannot hold it back.
        found = write.seen if write.method == "POST" and write.before is not None else write.before
        plural = Place.of(write.path).plural
        assert self._decided(found, plural) == self._decided(shown[write.path], plural), f"{write.path} had changed"
        if left is not None:
            assert self._decided(found, plural) == self._decided(left[write.path], plural), f"{write.path} was touched"

    def _decided(self, obj: Json | None, plural: str) -> Json | None:
        if obj is None:
            return None
        decided = copy.deepcopy(of_people(obj))
        for part, key in self.kind.indifferent.get(plural, ()):
            decided[part].pop(key, None)
        return decided

    def _now(self, path: str) -> Json | None:
        return Place.of(path).object(self.cluster)

    def _do(self, meddle: Meddle | None) -> None:
        if meddle is not None:
            self.others.do(meddle.what, self.paths[meddle.step % len(self.paths)])

    def _watch(self, meddle: Meddle | None) -> Watch:
        watch = Watch(self.cluster, self.others)
        if meddle is not None:
            watch.expect(meddle, self.paths[meddle.step % len(self.paths)])
        return watch

    def _lose(self, preview: Preview, run: Run) -> None:
        step = preview.steps[run.lost]
        path = self.paths[run.lost % len(self.paths)]
        method = {"patch": "PATCH", "delete": "DELETE"}.get(str(step.verb), "POST")
        prefix = path.rpartition("/")[0] if step.verb == "create" else path
        self.cluster.fail(path_prefix=prefix, method=method, reset=True, done=run.reached)


# --- many of them, one after another ---


@dataclass(slots=True, kw_only=True, repr=False)
class Teller:
    loop: asyncio.Runner
    cluster: SimulatedCluster
    connection: Connection
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    written: Counter[str] = field(default_factory=Counter)

    def tell(self, kind: str, tale: Tale) -> Counter[str]:
        """Count the writes by method."""
        return self.loop.run(self._tell(KINDS[kind], tale))

    async def _tell(self, kind: Kind, tale: Tale) -> Counter[str]:
        number = next(self.numbers)
        pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, sorted(kind.names, key=len)[::-1]))})(?![\w-])")

        def renamed(value: Any) -> Any:
            return json.loads(pattern.sub(rf"\1-{number:06}", json.dumps(value)))

        before = {_key(obj) for obj in self.cluster.store.everything()}
        self.cluster.load({"objects": renamed(list(kind.objects))})
        paths = renamed(list(kind.paths))
        others = Others(self.cluster)
        if kind.makes is not None:
            others.know(paths[0], renamed(kind.makes))
        story = Story(cluster=self.cluster, connection=self.connection, kind=kind, paths=paths, others=others)
        target = ObjectRef(
            **renamed({"kind": kind.target.kind, "namespace": kind.target.namespace, "name": kind.target.name})
        )
        plan = await self._plan(kind.action, target, renamed(dict(kind.args)))
        try:
            applied = await story.told(plan, tale)
            back = plan_to_undo(plan, applied, now=plan.created) if applied and tale.undo else None
            if back is not None and tale.undo is not None:
                left = {path: Place.of(path).object(self.cluster) for path in paths}
                await story.told(through_journal(back), tale.undo, left=left)
        finally:
            self.cluster.meanwhile = None
            self.cluster.requests.clear()
            for table, obj in list(self.cluster.store.everything()):
                if (key := _key((table, obj))) not in before:
                    self.cluster.store.remove(table=key[0], namespace=key[1], name=key[2])
        return story.written

    async def _plan(self, action: str, target: ObjectRef, args: Json) -> Plan:
        async with Snapshot(self.connection) as snapshot:
            obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
            found = replace(target, uid=uid(obj))
            basis = await actions()[action].basis(snapshot, found)
        now = datetime.now(UTC)
        plan = Plan(
            id=f"plan-{target.namespace or target.name}", request_id="request-1", incident="any", remedy="any",
            action=action, cluster=self.connection.name, target=found, args=args, basis=basis,
            about=About(focus=Focus()), title=Text.same(action), created=now, expires=now + LIFETIME,
        )  # fmt: skip
        return through_journal(plan)


def _key(stored: tuple[Table, Json]) -> tuple[Table, str, str]:
    table, obj = stored
    return table, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


_SOMETIMES: Final = st.none() | meddles()
_FIRST: Final = st.builds(
    Run, meddle=_SOMETIMES, lost=st.sampled_from((-1, -1, -1, 0, 1, 2)), reached=st.booleans(), again=st.just(False)
)
_NEXT: Final = st.builds(
    Run, meddle=_SOMETIMES, lost=st.sampled_from((-1, -1, -1, 0, 1, 2)), reached=st.booleans(), again=st.just(True)
)
_RUNS: Final = st.builds(lambda first, rest: (first, *rest), _FIRST, st.lists(_NEXT, max_size=2))
_ONE_RUN: Final = st.just((Run(),))
_FORTH: Final = st.builds(
    Tale, planned=_SOMETIMES, previewing=st.none() | _SOMETIMES, previewed=_SOMETIMES, runs=_ONE_RUN | _RUNS
)
_AND_BACK: Final = st.builds(Tale, undo=_FORTH)


@pytest.fixture(scope="module")
def teller() -> Iterator[Teller]:
    with asyncio.Runner() as loop:
        ready: asyncio.Future[Teller] = loop.get_loop().create_future()
        over = asyncio.Event()

        async def work() -> None:
            cluster = stage()
            async with staged(cluster) as connection:
                ready.set_result(Teller(loop=loop, cluster=cluster, connection=connection))
                await over.wait()

        async def begin() -> tuple[asyncio.Task[None], Teller]:
            task = asyncio.create_task(work())
            return task, await ready

        async def end() -> None:
            over.set()
            await task

        task, teller = loop.run(begin())
        yield teller
        loop.run(end())


_SETTINGS: Final = settings(
    max_examples=_STORIES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)


@pytest.mark.timeout(1_800)
@given(kind=st.sampled_from(sorted(KINDS)), tale=_FORTH)
@_SETTINGS
def test_only_what_was_previewed_is_written_to_and_what_is_told_of_it_is_so(
    teller: Teller, kind: str, tale: Tale
) -> None:
    teller.tell(kind, tale)


@pytest.mark.timeout(1_800)
@given(kind=st.sampled_from(_UNDOABLE), tale=_AND_BACK)
@settings(_SETTINGS, max_examples=_STORIES // 3)
def test_only_what_is_as_it_was_left_is_taken_back(teller: Teller, kind: str, tale: Tale) -> None:
    teller.tell(kind, tale)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_done_to_an_object_just_before_its_write_the_api_server_refuses_it(
    teller: Teller, kind: str
) -> None:
    """Or before all writes: each change in one of the two places, and in the other for the next step or kind."""
    for step, _ in enumerate(KINDS[kind].paths):
        for number, what in enumerate(Meddling, start=step + sorted(KINDS).index(kind)):
            meddle = Meddle(what=what, step=step)
            teller.tell(kind, Tale(previewed=meddle) if number % 2 else Tale(runs=(Run(meddle=meddle),)))


@pytest.mark.parametrize("churned", [None, Meddle(what=Meddling.STATUS)], ids=["still", "churning"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_meddles_with_is_written_and_taken_back(teller: Teller, kind: str, churned: Meddle | None) -> None:
    back = Tale(planned=churned, previewed=churned) if kind in _UNDOABLE else None
    written = teller.tell(kind, Tale(planned=churned, previewed=churned, undo=back))
    assert written.total() == len(KINDS[kind].paths) + (1 if back else 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_came_of_a_write_whose_answer_is_lost_is_read_back(teller: Teller, kind: str) -> None:
    for reached in (True, False):
        written = teller.tell(kind, Tale(runs=(Run(lost=0, reached=reached),)))
        assert written.total() == (len(KINDS[kind].paths) if reached else 0)
