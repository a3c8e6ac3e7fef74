"""Test the webhooks probe: admission webhooks and their backends."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.webhooks import read as PROBE
from intents.domain import GapReason, ProbeResult, Row

DEPLOYMENTS = {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"], "operations": ["*"]}
WIDGETS = {"apiGroups": ["shop.example.com"], "apiVersions": ["v1"], "resources": ["widgets"], "operations": ["*"]}


def configuration(name: str, *webhooks: dict, kind: str = "ValidatingWebhookConfiguration") -> dict:
    return {"kind": kind, "metadata": {"name": name, "creationTimestamp": "-1h"}, "webhooks": list(webhooks)}


def webhook(name: str, *, service: str = "guard", rules: tuple[dict, ...] = (DEPLOYMENTS,), **more: Any) -> dict:
    return {
        "name": name,
        "clientConfig": {"service": {"namespace": "policy", "name": service}},
        "rules": list(rules),
    } | more


def service(*ready: bool) -> list[dict]:
    return [
        {
            "kind": "Service",
            "metadata": {"name": "guard", "namespace": "policy"},
            "spec": {"selector": {"app": "guard"}, "ports": [{"port": 443}]},
        },
        {
            "kind": "EndpointSlice",
            "metadata": {
                "name": "guard-x",
                "namespace": "policy",
                "labels": {"kubernetes.io/service-name": "guard"},
            },
            "addressType": "IPv4",
            "endpoints": [
                {"addresses": [f"10.0.0.{at}"], "conditions": {"ready": one}} for at, one in enumerate(ready)
            ],
        },
    ]


def row_of(reading: ProbeResult, name: str) -> Row:
    return next(row for row in reading.rows if row.values["name"] == name)


async def test_a_webhook_says_what_it_blocks_and_for_how_long(cluster: SimulatedCluster, read: Any) -> None:
    ignoring = webhook("soft.example.com", failurePolicy="Ignore", timeoutSeconds=2)
    cluster.load({"objects": [
        *service(True, False),
        configuration("guard", webhook("hard.example.com", failurePolicy="Fail", timeoutSeconds=30), ignoring),
    ]})  # fmt: skip
    reading = await read(PROBE)

    row = row_of(reading, "hard.example.com")
    assert (row.values["blocking"], row.values["timeout_s"], row.values["ready_endpoints"]) == (True, 30, 1)
    assert row.values["resources"] == ("deployments.apps",)
    assert row.values["everyday"] is True
    assert (row.subject.kind, row.subject.name) == ("ValidatingWebhookConfiguration", "guard")
    assert row_of(reading, "soft.example.com").values["blocking"] is False


async def test_what_is_not_written_is_the_default_of_the_api(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [configuration("guard", {"name": "bare.example.com", "clientConfig": {}})]})
    row = row_of(await read(PROBE), "bare.example.com")

    assert (row.values["policy"], row.values["timeout_s"]) == ("Fail", 10)
    assert (row.values["service"], row.values["ready_endpoints"], row.values["everyday"]) == ("", -1, False)


async def test_a_webhook_about_resources_of_its_own_is_not_everyday(cluster: SimulatedCluster, read: Any) -> None:
    everything = {"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "operations": ["UPDATE"]}
    cluster.load({"objects": [
        configuration("a", webhook("widgets.example.com", rules=(WIDGETS,))),
        configuration("b", webhook("all.example.com", rules=(everything,)), kind="MutatingWebhookConfiguration"),
    ]})  # fmt: skip
    reading = await read(PROBE)

    assert row_of(reading, "widgets.example.com").values["everyday"] is False
    assert row_of(reading, "all.example.com").values["everyday"] is True


async def test_a_service_that_is_gone_and_one_that_may_not_be_read(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [configuration("guard", webhook("hard.example.com"))]})
    assert row_of(await read(PROBE), "hard.example.com").values["ready_endpoints"] == 0

    cluster.forbid(verb="get", resource="services")
    reading = await read(PROBE)
    assert row_of(reading, "hard.example.com").values["ready_endpoints"] == -1
    assert [gap.reason for gap in reading.gaps] == [GapReason.FORBIDDEN]


async def test_a_url_is_told_and_nothing_is_looked_for(cluster: SimulatedCluster, read: Any) -> None:
    outside = {"name": "out.example.com", "clientConfig": {"url": "https://guard.example.com/check"}}
    cluster.load({"objects": [configuration("guard", outside)]})
    reading = await read(PROBE)

    assert row_of(reading, "out.example.com").values["url"] == "https://guard.example.com/check"
    assert reading.gaps == ()


async def test_only_the_webhook_that_the_text_names_is_asked_about(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        *service(True),
        configuration("guard", webhook("hard.example.com"), webhook("other.example.com", service="elsewhere")),
    ]})  # fmt: skip
    reading = await read(PROBE, named={"webhook": "other.example.com"})
    assert [row.values["asked"] for row in reading.rows] == [True, False]
    assert row_of(reading, "hard.example.com").values["ready_endpoints"] == -1
    assert reading.missing == ""

    reading = await read(PROBE, named={"webhook": "gone.example.com"})
    assert reading.missing == "admission webhook gone.example.com"


async def test_a_text_without_its_name_names_a_webhook_by_the_service_called(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [
        configuration("guard", webhook("hard.example.com"), webhook("other.example.com", service="elsewhere")),
    ]})  # fmt: skip
    reading = await read(PROBE, named={"url": "https://elsewhere.policy.svc:443/check?timeout=10s"})
    assert [(row.values["name"], row.values["named"]) for row in reading.rows] == [
        ("other.example.com", True), ("hard.example.com", False),
    ]  # fmt: skip

    reading = await read(PROBE, named={"url": "https://gone.policy.svc:443/check"})
    assert reading.missing == "an admission webhook of Service policy/gone"


async def test_configurations_that_may_not_be_read_are_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        configuration("a", webhook("checks.example.com")),
        configuration("b", webhook("changes.example.com"), kind="MutatingWebhookConfiguration"),
    ]})  # fmt: skip
    cluster.forbid(verb="list", resource="validatingwebhookconfigurations")
    reading = await read(PROBE, named={"webhook": "checks.example.com"})

    assert [row.values["name"] for row in reading.rows] == ["changes.example.com"]
    assert [gap.permission.resource for gap in reading.gaps if gap.permission] == ["validatingwebhookconfigurations"]
    assert reading.missing == ""
