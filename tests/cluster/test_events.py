"""Events of an object: which ones, in which order, how often and when."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.cluster.events import event_count, event_last_seen, is_about, oldest_first
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster
from intents.domain import ObjectRef

TIMES = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants the bounds without a zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@st.composite
def events(draw: st.DrawFn) -> dict:
    """Return an event with its time in any of the fields that writers use."""
    at = draw(TIMES)
    field = draw(
        st.sampled_from(("series", "lastTimestamp", "eventTime", "firstTimestamp", "creationTimestamp", "none"))
    )
    event: dict = {"metadata": {"name": draw(st.text("abc", min_size=1, max_size=3))}, "lastTimestamp": None}
    match field:
        case "series":
            event["series"] = {"lastObservedTime": written(at), "count": 2}
            event["eventTime"] = written(at - timedelta(hours=1))
        case "creationTimestamp":
            event["metadata"]["creationTimestamp"] = written(at)
        case "none":
            pass
        case _:
            event[field] = written(at)
    return event


@given(st.lists(events(), max_size=20))
def test_events_are_ordered_by_when_they_were_last_seen(given_events: list[dict]) -> None:
    ordered = oldest_first(given_events)

    seen = [event_last_seen(event) or datetime.min.replace(tzinfo=UTC) for event in ordered]
    assert seen == sorted(seen)
    assert sorted(map(repr, ordered)) == sorted(map(repr, given_events))


@given(st.permutations([{"metadata": {"name": name}, "lastTimestamp": "2026-01-01T00:00:00Z"} for name in "abcd"]))
def test_events_of_one_second_keep_one_order(shuffled: list[dict]) -> None:
    assert [event["metadata"]["name"] for event in oldest_first(shuffled)] == list("abcd")


def test_the_newest_time_of_a_series_counts() -> None:
    event = {
        "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "series": {"count": 7, "lastObservedTime": "2026-01-01T01:00:00.500000Z"},
        "firstTimestamp": None,
        "lastTimestamp": None,
    }

    assert event_last_seen(event) == datetime(2026, 1, 1, 1, 0, 0, 500000, tzinfo=UTC)
    assert event_count(event) == 7
    assert event_count({"count": 3}) == 3
    assert event_count({"count": None}) == 1
    assert event_last_seen({"metadata": {}, "lastTimestamp": "yesterday"}) is None


def test_a_predecessor_of_the_same_name_is_another_object() -> None:
    about = ObjectRef(kind="Pod", namespace="shop", name="db-0", uid="new")
    involved = {"kind": "Pod", "namespace": "shop", "name": "db-0"}

    assert is_about({"involvedObject": {**involved, "uid": "new"}}, about)
    assert not is_about({"involvedObject": {**involved, "uid": "old"}}, about)
    assert is_about({"involvedObject": involved}, about)
    assert not is_about({"involvedObject": {**involved, "kind": "Service", "uid": "new"}}, about)
    assert is_about(
        {"involvedObject": {**involved, "uid": "old"}}, ObjectRef(kind="Pod", namespace="shop", name="db-0")
    )


def test_the_kubelet_calls_a_node_by_its_name() -> None:
    about = ObjectRef(kind="Node", name="worker-a", uid="6d2a")

    assert is_about({"involvedObject": {"kind": "Node", "name": "worker-a", "uid": "worker-a"}}, about)
    assert not is_about({"involvedObject": {"kind": "Node", "name": "worker-a", "uid": "b7e1"}}, about)


async def test_events_of_a_node_are_kept_in_default(snapshot: Snapshot, cluster: SimulatedCluster) -> None:
    found = await snapshot.events(ObjectRef(kind="Node", name="worker-a"))

    assert [event["reason"] for event in found] == ["NodeReady"]
    assert cluster.requests[0].path == "/api/v1/namespaces/default/events"


async def test_events_of_all_namespaces(snapshot: Snapshot) -> None:
    assert {event["reason"] for event in await snapshot.events_in("")} == {"BackOff", "Pulled", "NodeReady"}
    assert {event["reason"] for event in await snapshot.events_in("shop")} == {"BackOff", "Pulled"}


async def test_now_is_the_clusters_time_and_does_not_change(snapshot: Snapshot) -> None:
    pod = await snapshot.get("Pod", "web", namespace="shop")
    now = snapshot.now

    assert now.tzinfo is UTC
    age = snapshot.age(pod["metadata"]["creationTimestamp"])
    assert age is not None
    assert 0 <= age - timedelta(days=1).total_seconds() < 60
    assert snapshot.age(None) is None
    assert snapshot.age("soon") is None
    assert snapshot.age((now + timedelta(seconds=5)).isoformat()) == -5
    assert snapshot.now is now


async def test_without_an_answer_our_own_clock_is_used(snapshot: Snapshot) -> None:
    assert abs((snapshot.now - datetime.now(UTC)).total_seconds()) < 60
