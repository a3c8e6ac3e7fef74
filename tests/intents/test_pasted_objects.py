"""Test that a pasted object is matched by its state and its events, never by what every object of its kind has."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import pytest
import yaml

from bot.cli.rehearsal import full_world_of, request_of
from bot.kube.health import can_judge, problem_of
from intents.catalog.schema import Case, Incident
from intents.domain import Json, Verdict
from intents.matcher import Learned, Matcher
from intents.prose import ProseClassifier
from intents.request import DiagnoseObject
from intents.signature_finder import SignatureFinder
from intents.symptoms import read_symptoms
from tests.builtin import builtin_catalog, matcher_for
from tests.described import described

CATALOG: Final = builtin_catalog().catalog
MATCHER: Final = matcher_for(CATALOG)

Pasted = tuple[Json, list[Json], str]
Write = Callable[[Pasted], str]


def as_description(pasted: Pasted) -> str:
    return pasted[2]


def as_yaml(pasted: Pasted) -> str:
    return yaml.safe_dump(dict(pasted[0]))


def as_json(pasted: Pasted) -> str:
    return json.dumps(pasted[0], indent=4, sort_keys=True)


def as_list(pasted: Pasted) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "items": [dict(pasted[0])], "kind": "List", "metadata": {}})


def objects_of(incident: Incident, case: Case) -> Iterator[Pasted]:
    world = full_world_of(incident, case)
    slices = [each for each in world["objects"] if each["kind"] == "EndpointSlice"]
    for obj in world["objects"]:
        meta = obj["metadata"]
        key = "/".join(filter(None, (obj["kind"], meta.get("namespace"), meta["name"])))
        events = [each for each in world["events"] if each["for"] == key]
        yield obj, events, described(obj, events, slices=slices)


@cache
def healthy() -> tuple[Pasted, ...]:
    """Return the healthy objects of the healthy cases, those that are described alike once."""
    found = {
        pasted[2]: pasted
        for incident in CATALOG
        for case in incident.cases
        if case.healthy
        for pasted in objects_of(incident, case)
        if is_healthy(*pasted)
    }
    return tuple(found.values())


def is_healthy(obj: Json, events: list[Json], description: str) -> bool:
    """Return whether nothing of an object, of its events or of the last runs of its containers is amiss."""
    restarted = any(each.get("lastState") for each in obj.get("status", {}).get("containerStatuses", ()))
    empty = "Endpoints:" in description and "10." not in description.partition("Endpoints:")[2].partition("\n")[0]
    ill = not can_judge(obj, obj["kind"]) or problem_of(obj, obj["kind"])
    return not (ill or restarted or empty or any(each.get("type") != "Normal" for each in events))


@cache
def broken() -> tuple[tuple[Incident, Pasted], ...]:
    """Return the objects that cases ask about and confirm their entry for."""
    return tuple(
        (incident, pasted)
        for incident in CATALOG
        for case in incident.cases
        if case.then in (Verdict.CONFIRMED, Verdict.LIKELY)
        and isinstance(asked := request_of(incident, case), DiagnoseObject)
        for pasted in objects_of(incident, case)
        if (pasted[0]["kind"], pasted[0]["metadata"].get("namespace", ""), pasted[0]["metadata"]["name"])
        == (asked.kind, asked.namespace, asked.name)
    )


def first(text: str, *, matcher: Matcher = MATCHER) -> str:
    return next((one.incident for one in matcher.match(read_symptoms(text)).hypotheses), "")


def test_healthy_object_matches_nothing() -> None:
    """Paste the description of every object, and each in one of the other forms in turn."""
    forms: tuple[Write, ...] = (as_yaml, as_json, as_list)
    matched = {
        (pasted[0]["kind"], pasted[0]["metadata"]["name"], write.__name__): first(write(pasted))
        for number, pasted in enumerate(healthy())
        for write in (as_description, forms[number % len(forms)])
    }

    # A container started after a pull that took twenty minutes: the event still says so.
    wrong = {named: incident for named, incident in matched.items() if incident and named[:2] != ("Pod", "trainer")}
    assert wrong == {}
    assert len({kind for kind, *_ in matched}) >= 14


def test_broken_object_is_matched_by_its_description() -> None:
    """Count the objects whose description tells their entry: with it alone, a matcher without scales finds it."""
    alone = cache(lambda name: alone_in(CATALOG.incidents[name]))
    tells = [
        (incident.id, found)
        for incident, (*_, text) in broken()
        if (found := first(text)) == incident.id or first(text, matcher=alone(incident.id))
    ]
    right = Counter(incident == found for incident, found in tells)

    assert right[True] >= 0.9 * len(tells), [pair for pair in tells if pair[0] != pair[1]]
    assert len(tells) >= 0.42 * len(broken())


def alone_in(incident: Incident) -> Matcher:
    """Return the matcher of one entry. Without scales it finds no less, and reads no counterexamples."""
    return Matcher([incident], learned=Learned(SignatureFinder([incident], scaled=False), ProseClassifier([incident])))


POD: Final = """\
Name:             api-7d9f8b6c54-x2x4z
Namespace:        shop
Priority:         0
Service Account:  default
Node:             worker-2/10.0.0.4
Labels:           app=api
                  last-state=oomkilled
Annotations:      note: node is not ready, CrashLoopBackOff
Status:           Running
Controlled By:    ReplicaSet/api-7d9f8b6c54
Containers:
  api:
    Image:          registry.lan/imagepullbackoff:7
    Args:
      --on-error=exec: "gunicorn": executable file not found in $PATH
    State:          {state}
    Ready:          {ready}
    Restart Count:  {restarts}
    Liveness:       http-get http://:8080/healthz delay=0s timeout=1s
    Environment:
      MESSAGE:  0/4 nodes are available: 4 Insufficient cpu.
Conditions:
  Type              Status
  Ready             {ready}
Volumes:
  data:
    Type:        PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
    ClaimName:   data-api
QoS Class:       BestEffort
Tolerations:     node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
                 node.kubernetes.io/unreachable:NoExecute op=Exists for 300s
Events:          <none>
"""
WELL: Final = POD.format(state="Running\n      Started:      Mon, 02 Mar 2026", ready=True, restarts=0)
KILLED: Final = POD.format(
    state="Waiting\n      Reason:       CrashLoopBackOff\n"
    "    Last State:     Terminated\n      Reason:       OOMKilled\n      Exit Code:    137",
    ready=False,
    restarts=7,
)


def test_only_state_and_events_of_a_description_count() -> None:
    assert first(WELL) == ""
    assert first(KILLED) == "container-oom-killed"


@pytest.mark.parametrize("pasted", ["{}", "```\n{}```", "$ kubectl describe pod api-7d9f8b6c54-x2x4z\n{}", "> {}"])
def test_text_around_a_description_counts(pasted: str) -> None:
    """Check that a description ends where another text begins, and begins where one ends."""
    quoted = WELL.replace("\n", "\n> ") if pasted.startswith(">") else WELL
    around = pasted.format(quoted)
    said = "Error: exceeded quota: compute-resources, requested: cpu=2, used: cpu=7, limited: cpu=8"

    assert first(around) == ""
    assert first(f"{around}\n{said}") == first(f"{said}\n{around}") == "quota-exceeded"


@pytest.mark.parametrize("write", [as_description, as_yaml, as_json, as_list])
def test_pasted_object_is_named(write: Write) -> None:
    for kind, word in (("Deployment", "deployment"), ("StatefulSet", "statefulset"), ("Service", "service")):
        pasted = next(each for each in healthy() if each[0]["kind"] == kind)
        meta = pasted[0]["metadata"]

        objects = MATCHER.match(read_symptoms(write(pasted))).objects

        assert (word, meta["name"], meta["namespace"]) in {(each.kind, each.value, each.namespace) for each in objects}


def test_file_of_an_object_without_a_status_counts_as_a_whole() -> None:
    written = "kind: DestinationRule\nmetadata: {name: files}\nspec:\n  h2UpgradePolicy: UPGRADE\n"

    assert first(f"apiVersion: networking.istio.io/v1\n{written}") == first(written) == "nlb-alpn-http1"


def test_labels_of_a_table_do_not_count() -> None:
    table = (
        "NAME    READY   STATUS    RESTARTS   AGE   LABELS\n"
        "web-0   1/1     Running   0          9d    app=web,reason=OOMKilled,state=CrashLoopBackOff\n"
    )

    assert first(table) == ""
    assert first(table.replace("Running", "OOMKilled")) == "container-oom-killed"


@pytest.mark.parametrize(
    ("cordoned", "unmatched", "incident"), [(1, 3, "scheduling-selector-mismatch"), (3, 1, "node-cordoned")]
)
def test_reason_of_most_nodes_comes_first(cordoned: int, unmatched: int, incident: str) -> None:
    message = f"{cordoned} node(s) were unschedulable, {unmatched} node(s) didn't match Pod's node affinity/selector"

    assert first(f"0/4 nodes are available: {message}.") == incident
