"""Real diagnoses with partial access: hidden objects change no byte of an answer and are never read."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli.rehearsal import full_world_of, request_of, stage, staged
from bot.cluster.access import NotAllowedHere
from bot.cluster.connection import Connection
from bot.diagnosing import Engine, TargetNotFound, diagnose
from bot.kube.access import EVERYTHING, Access
from bot.playground.kubernetes import SimulatedCluster
from intents.catalog.loader import builtin_directory, load
from intents.domain import Language, Verdict
from intents.request import DiagnoseObject, ExplainText, Request
from responses.as_json import diagnosis_json
from responses.safety import scrubbed
from tests.engines import remembering_engine

pytestmark = pytest.mark.asyncio(loop_scope="module")
CATALOG = load((builtin_directory(),)).catalog
MARK = "zq7"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return remembering_engine()


Place = tuple[SimulatedCluster, Connection]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full() -> AsyncIterator[Place]:
    """Start the worlds with their hidden twins; nothing writes to them."""
    cluster = with_hidden()
    async with staged(cluster) as connection:
        yield cluster, connection


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bare() -> AsyncIterator[Connection]:
    """Start the same worlds without twins."""
    async with staged(stage(*worlds())) as connection:
        yield connection


@cache
def worlds() -> Sequence[dict[str, Any]]:
    """Return the worlds of all first cases that can be together in a cluster; nobody may change them."""
    return [full_world_of(incident, incident.cases[0]) for incident in CATALOG if not incident.cases[0].alone]


def namespaces(world: Mapping[str, Any]) -> set[str]:
    return {each["metadata"]["namespace"] for each in world["objects"] if each["metadata"].get("namespace")}


# These belong to no namespace and name none.
_SHARED = ("Node", "CustomResourceDefinition")


def hidden_twin(world: dict[str, Any]) -> dict[str, Any]:
    """Return the same broken objects in other namespaces with other volumes, on the same nodes."""
    text = json.dumps(world)
    for name in sorted(namespaces(world), key=len, reverse=True):
        text = re.sub(rf'(?<=["/ ]){re.escape(name)}(?=["/ :.])', f"{name}-{MARK}", text)
    # No two objects of a cluster share a uid.
    text = re.sub(r'("uid": ")([0-9a-f]{8})', lambda uid: uid[1] + uid[2][::-1], text)
    twin: dict[str, Any] = json.loads(text)
    kept = [each for each in twin["objects"] if each["kind"] not in _SHARED and MARK in json.dumps(each)]
    for each in kept:
        if not each["metadata"].get("namespace"):
            each["metadata"]["name"] += f"-{MARK}"
    return {**twin, "objects": kept}


OPEN = sorted({name for world in worlds() for name in namespaces(world)})
HIDDEN = [f"{name}-{MARK}" for name in OPEN]


def with_hidden() -> SimulatedCluster:
    """Return every broken case with its hidden twin, plus objects that only a full list would return."""
    more = [
        {"kind": "Namespace", "metadata": {"name": f"bank-{MARK}"}},
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"v1.{MARK}.example.com"},
            "spec": {
                "group": f"{MARK}.example.com",
                "version": "v1",
                "service": {"namespace": f"bank-{MARK}", "name": "api"},
            },
            "status": {"conditions": [{"type": "Available", "status": "False", "message": f"{MARK} is down"}]},
        },
        {
            "kind": "PersistentVolume",
            "metadata": {"name": f"pv-{MARK}"},
            "spec": {"claimRef": {"namespace": f"bank-{MARK}", "name": "data"}},
        },
    ]
    return stage(*worlds(), *map(hidden_twin, worlds()), {"objects": more})


async def answer(request: Request, *, engine: Engine, connection: Connection, access: Access) -> str:
    """Return the answer as JSON, or the error line."""
    try:
        diagnosis = await diagnose(request, engine=engine, connection=connection, access=access)
    except (NotAllowedHere, TargetNotFound) as error:
        named = error.named if isinstance(error, TargetNotFound) else ""
        return f"{type(error).__name__}: {error} {named}"
    return diagnosis_json(scrubbed(diagnosis), language=Language.EN)


def targeted(cluster: SimulatedCluster) -> Iterable[str]:
    """Return the namespaces that requests addressed by name."""
    for request in cluster.requests:
        if found := re.search(r"/namespaces/([^/]+)", request.path):
            yield found[1]
        yield from re.findall(r"metadata\.namespace=([\w-]+)", request.query.get("fieldSelector", ""))


@cache
def asked() -> Sequence[Request]:
    """Return the question of every case, and some objects of the cases by name."""
    kinds = ("Pod", "StatefulSet", "PersistentVolumeClaim")
    objects = [
        DiagnoseObject(kind=each["kind"], namespace=each["metadata"]["namespace"], name=each["metadata"]["name"])
        for world in worlds()
        for each in world["objects"]
        if each["kind"] in kinds
    ]
    return [*(request_of(incident, incident.cases[0]) for incident in CATALOG), *objects[::16]]


@pytest.mark.parametrize("outside", [True, False], ids=["with nodes", "without nodes"])
async def test_answers_are_the_same_whether_or_not_hidden_objects_exist(
    engine: Engine, full: Place, bare: Connection, outside: bool
) -> None:
    by_name = Access(namespaces=frozenset(OPEN[:4]), cluster_scoped=outside)
    by_pattern = Access(namespaces=frozenset(f"{name[:-1]}?" for name in OPEN), cluster_scoped=outside)
    assert all(by_pattern.allows(name) for name in OPEN)
    assert not any(by_pattern.allows(name) for name in HIDDEN)
    cluster, beside_hidden = full
    cluster.requests.clear()
    # Both runs together put every question, and each kind of access with and without nodes.
    for number, request in enumerate(asked()[outside::2]):
        access = (by_name, by_pattern)[number % 2]
        told = await answer(request, engine=engine, connection=beside_hidden, access=access)

        assert told == await answer(request, engine=engine, connection=bare, access=access)
        assert MARK not in told

    assert not {name for name in targeted(cluster) if MARK in name}
    assert set(targeted(cluster)) <= {*OPEN, "default"}


async def test_a_question_about_a_hidden_object_is_answered_as_for_a_missing_one(
    engine: Engine, full: Place, bare: Connection
) -> None:
    access = Access(namespaces=frozenset(OPEN))
    hidden = HIDDEN[0]
    _, beside_hidden = full
    for number, world in enumerate(worlds()):
        objects = hidden_twin(world)["objects"][:6]
        for index, each in enumerate(objects):
            kind, name = each["kind"], each["metadata"]["name"]
            namespace = each["metadata"].get("namespace", "")
            request: Request = DiagnoseObject(kind=kind, namespace=namespace, name=name)
            told = await answer(request, engine=engine, connection=beside_hidden, access=access)
            assert told == await answer(request, engine=engine, connection=bare, access=access)
            assert told.startswith("NotAllowedHere"), request
            # A text calls every object a pod: one in a namespace per world, and all without a namespace.
            if index != number % len(objects) and namespace:
                continue
            text = f"Back-off restarting failed container in pod {name}_{namespace or hidden}(1-2)"
            request = ExplainText(text=text)
            told = await answer(request, engine=engine, connection=beside_hidden, access=access)
            assert told == await answer(request, engine=engine, connection=bare, access=access)


async def test_suggested_names_may_be_shown(engine: Engine, full: Place) -> None:
    name, namespace = next(
        (each["metadata"]["name"], each["metadata"]["namespace"])
        for world in worlds()
        for each in world["objects"]
        if each["kind"] == "Pod" and each["metadata"]["namespace"] in OPEN
    )
    request = DiagnoseObject(kind="Pod", namespace=namespace, name=name[:-1] + "_")
    _, connection = full
    with pytest.raises(TargetNotFound) as everything:
        await diagnose(request, engine=engine, connection=connection)
    with pytest.raises(TargetNotFound) as some:
        await diagnose(request, engine=engine, connection=connection, access=Access(namespaces=frozenset({namespace})))

    assert {each.namespace for each in everything.value.named.candidates} >= {namespace, f"{namespace}-{MARK}"}
    assert {each.namespace for each in some.value.named.candidates} == {namespace}


async def test_a_partial_view_rules_nothing_out(engine: Engine, bare: Connection) -> None:
    """Everything broken in a namespace is hidden: what is visible looks healthy, and proves nothing."""
    access = Access(namespaces=frozenset({"idle"}))
    own: dict[str, Verdict] = {}
    for incident in (each for each in CATALOG if not each.cases[0].alone):
        request = request_of(incident, incident.cases[0])
        diagnosis = await diagnose(request, engine=engine, connection=bare, access=access)
        verdicts = {one.incident: one.verdict for one in diagnosis.hypotheses}
        own[incident.id] = verdicts[incident.id]

    assert [name for name, verdict in own.items() if verdict is Verdict.RULED_OUT] == []


async def test_an_answer_says_that_it_is_based_on_a_partial_view(engine: Engine, bare: Connection) -> None:
    """This also holds for a probe that lists everything and never checks whether the list is complete."""
    incident = CATALOG.incidents["statefulset-invalid-pod-spec"]
    request = request_of(incident, incident.cases[0])
    gaps = {}
    for access in (EVERYTHING, Access(namespaces=frozenset({"bank"}))):
        diagnosis = await diagnose(request, engine=engine, connection=bare, access=access)
        gaps[access] = [str(gap) for gap in diagnosis.gaps]

    told, in_part = gaps.values()
    assert told == []
    assert "cannot read events in all namespaces: only the parts that may be shown here were read" in in_part


@settings(max_examples=20)
@given(
    names=st.sets(st.sampled_from([*OPEN, *HIDDEN, "kube-system", "default"]), max_size=5),
    outside=st.booleans(),
    listed=st.booleans(),
    at=st.integers(0, len(asked()) - 1),
)
async def test_for_any_access_hidden_objects_are_neither_read_nor_shown(
    engine: Engine, full: Place, names: set[str], outside: bool, listed: bool, at: int
) -> None:
    cluster, connection = full
    # A name and an equivalent pattern are read in different ways.
    parts = frozenset(name if listed else f"{name[:-1]}[{name[-1]}]" for name in names)
    access = Access(namespaces=parts, cluster_scoped=outside)
    cluster.requests.clear()
    told = await answer(asked()[at], engine=engine, connection=connection, access=access)

    unseen = {name for name in (*OPEN, *HIDDEN) if name not in names}
    assert not unseen & set(targeted(cluster))
    assert not [name for name in HIDDEN if name in unseen and re.search(rf"{name}(?![\w-])", told)]
