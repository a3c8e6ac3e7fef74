"""Each cause of a refusal appears once, whether the message, the details or both contain it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.cluster.connection import Connection
from bot.cluster.errors import BadRequest, ClusterError, Forbidden, Throttled
from bot.cluster.resources import well_known
from bot.cluster.writer import Writer
from bot.playground.kubernetes import SimulatedCluster
from intents.domain import Json

PODS = "/api/v1/namespaces/shop/pods"
WIRE = Path(__file__).parent.parent / "playground" / "wire"
# The causes of containers without an image, together longer than the limit of a text.
MANY = [f"spec.template.spec.containers[{at}].image: Required value" for at in range(6)]
WEBHOOK = 'admission webhook "v.acme.io" denied the request: '


def status(code: int, message: str, causes: list[Json]) -> Json:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": "Invalid",
        "details": {"name": "web", "causes": causes},
        "code": code,
    }


def cause(text: str) -> Json:
    field, _, message = text.partition(": ")
    return {"reason": "FieldValueInvalid", "message": message, "field": field}


async def refused(cluster: SimulatedCluster, connection: Connection, body: Json) -> ClusterError:
    cluster.fail(path_prefix=PODS, status=body["code"], body=body)
    pod = well_known("Pod")
    assert pod is not None
    with pytest.raises(ClusterError) as raised:
        await Writer(connection).delete(pod, "web", namespace="shop", uid="u")
    return raised.value


def recorded(topic: str) -> list[Json]:
    """Return the refusals of a recording that have causes."""
    steps = json.loads((WIRE / f"{topic}.json").read_text(encoding="utf-8"))
    bodies = [step["response"]["body"] for step in steps if "response" in step]
    return [body for body in bodies if isinstance(body, dict) and (body.get("details") or {}).get("causes")]


@pytest.mark.parametrize("topic", ["06-create-validation", "07-patch", "15-events"])
async def test_a_recorded_refusal_tells_each_cause_once(
    cluster: SimulatedCluster, connection: Connection, topic: str
) -> None:
    bodies = [body for body in recorded(topic) if body["code"] in (400, 403, 422)]
    assert bodies

    for body in bodies:
        error = await refused(cluster, connection, body)

        for each in body["details"]["causes"]:
            told = f"{each['field']}: {each['message']}" if "field" in each else each["message"]
            # One is a diff of Go structs and longer than the limit of a text.
            assert error.detail.count(" ".join(told.split())[:250]) == 1, error.detail


async def test_a_short_message_with_all_causes_is_unchanged(cluster: SimulatedCluster, connection: Connection) -> None:
    message = f'Deployment.apps "web" is invalid: [{MANY[0]}, {MANY[1]}]'

    error = await refused(cluster, connection, status(422, message, [cause(each) for each in MANY[:2]]))

    assert isinstance(error, BadRequest)
    assert error.detail == message


async def test_each_cause_of_a_long_message_is_complete(cluster: SimulatedCluster, connection: Connection) -> None:
    message = f'Deployment.apps "web" is invalid: [{", ".join(MANY)}]'

    error = await refused(cluster, connection, status(422, message, [cause(each) for each in MANY]))

    assert error.detail == f'Deployment.apps "web" is invalid: {"; ".join(MANY)}'


@pytest.mark.parametrize(("code", "expected"), [(403, Forbidden), (400, BadRequest), (422, BadRequest)])
async def test_causes_missing_from_a_webhooks_message_are_added(
    cluster: SimulatedCluster, connection: Connection, code: int, expected: type[ClusterError]
) -> None:
    causes = [cause("spec.replicas: must be odd"), cause("spec.image: no tag")]

    error = await refused(cluster, connection, status(code, f"{WEBHOOK}validation failed", causes))
    vague = await refused(cluster, connection, status(code, f"{WEBHOOK}must be odd", causes[:1]))
    half = await refused(cluster, connection, status(code, f"{WEBHOOK}spec.replicas: must be odd", causes))

    assert type(error) is expected
    assert error.detail == f"{WEBHOOK}validation failed: spec.replicas: must be odd; spec.image: no tag"
    assert vague.detail == f"{WEBHOOK}must be odd: spec.replicas: must be odd"
    assert half.detail == f"{WEBHOOK}spec.replicas: must be odd: spec.image: no tag"


async def test_a_budget_that_refuses_an_eviction_is_named(cluster: SimulatedCluster, connection: Connection) -> None:
    body = next(body for body in recorded("10-eviction") if body["code"] == 429)

    error = await refused(cluster, connection, body)

    assert isinstance(error, Throttled)
    assert error.detail == (
        "Cannot evict pod as it would violate the pod's disruption budget. "
        "The disruption budget shopweb needs 2 healthy pods and has 2 currently"
    )


async def test_a_repeated_cause_appears_once(cluster: SimulatedCluster, connection: Connection) -> None:
    twice = [cause("metadata.uid: field is immutable")] * 2

    error = await refused(cluster, connection, status(422, "it is invalid", twice))

    assert error.detail == "it is invalid: metadata.uid: field is immutable"


async def test_causes_are_limited_and_redacted_like_other_texts(
    cluster: SimulatedCluster, connection: Connection
) -> None:
    causes = [cause(f"spec.env[{at}]: token=sesame {'x' * 900}\n") for at in range(50)]

    error = await refused(cluster, connection, status(422, "it is invalid", causes))

    assert "sesame" not in error.detail
    assert error.detail.endswith("; and 42 more")
    assert len(error.detail) < 2400
    assert len(error.detail.splitlines()) == 1


@pytest.mark.parametrize("causes", [None, 5, "x", [None, 1, "x", {}, {"field": "a"}, {"message": None}], {"a": 1}])
async def test_unexpected_details_do_not_hide_the_message(
    cluster: SimulatedCluster, connection: Connection, causes: object
) -> None:
    body = status(422, "it is invalid", []) | {"details": {"causes": causes}}

    error = await refused(cluster, connection, body)

    assert error.detail == "it is invalid"
