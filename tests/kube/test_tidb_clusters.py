"""Which cluster a name belongs to, and what a TidbCluster asks for."""

import pytest

from bot.kube.tidb_clusters import components_of, desired, members_of, owner_among


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("demo-pd-0", "demo"),
        ("demo-2-pd-0", "demo-2"),
        ("demo-discovery-6b7f8d9954-48ngh", "demo"),
        ("demo-tikv-peer", "demo"),
        ("demo-api-0", ""),
        ("demo", ""),
        ("pd-0", ""),
    ],
)
def test_the_longest_name_that_fits_owns(name: str, owner: str) -> None:
    assert owner_among(["demo", "demo-2", ""], name) == owner


def test_discovery_comes_with_pd() -> None:
    assert components_of({"spec": {"pd": {}, "tikv": None}}) == ("discovery", "pd")
    assert components_of({"spec": {"tidb": {"replicas": 2}}}) == ("tidb",)
    assert components_of({}) == ()


def test_what_was_given_up_on_is_replaced() -> None:
    cluster = {"spec": {"tikv": {"replicas": 3}}, "status": {"tikv": {"failureStores": {"4": {}, "5": {}}}}}

    assert (desired(cluster, "tikv"), desired(cluster, "discovery"), desired({}, "pd")) == (5, 1, 0)


def test_a_member_without_a_word_of_health_is_not_healthy() -> None:
    members = members_of({"status": {"pd": {"members": {"a": {"health": True}, "b": {}, "c": "?"}}}})

    assert (members.healthy, members.unhealthy) == (("a",), ("b", "c"))
    assert members_of({"status": None}).healthy == ()
