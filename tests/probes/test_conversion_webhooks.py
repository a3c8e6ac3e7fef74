"""Test the conversion-webhooks probe: which definition is in question, and what answers for its webhook."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.conversion_webhooks import read as PROBE
from intents.domain import GapReason


def definition(kind: str, *, service: str = "", url: str = "", bundle: str = "") -> dict[str, Any]:
    called = {"service": {"namespace": "ops", "name": service, "path": "/convert"}} if service else {"url": url}
    client = called | ({"caBundle": bundle} if bundle else {})
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": client}
    conversion = {"strategy": "Webhook", "webhook": webhook} if service or url else {"strategy": "None"}
    plural = f"{kind.lower()}s"
    return {
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.acme.io"},
        "spec": {
            "group": "acme.io",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {}},
                {"name": "v1alpha1", "served": True, "storage": False, "schema": {}},
            ],
            "conversion": conversion,
        },
    }


def backend(*, ready: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    head = {"name": "convert", "namespace": "ops"}
    endpoints = [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}]
    return (
        {"kind": "Service", "metadata": head, "spec": {"selector": {"app": "convert"}, "ports": [{"port": 443}]}},
        {
            "kind": "EndpointSlice",
            "metadata": head | {"labels": {"kubernetes.io/service-name": "convert"}},
            "addressType": "IPv4",
            "endpoints": endpoints,
        },
    )


async def test_the_backend_tells_what_fails(cluster: SimulatedCluster, read: Any) -> None:
    async def failure(**named: str) -> object:
        (row,) = (await read(PROBE, named={"kind": "Cog", "api": "acme.io/v1alpha1"} | named)).rows
        return row.values["failure"]

    cluster.load({"objects": [definition("Cog", service="convert"), definition("Wheel")]})
    assert await failure() == "no-service"

    cluster.load({"objects": [*backend(ready=False)]})
    assert await failure() == "no-endpoints"

    cluster.load({"objects": [*backend(ready=True)]})
    assert await failure() == "answering"
    assert await failure(reason="tls: failed to verify certificate: x509: unknown authority") == "certificate"


async def test_definitions_are_found_by_name_service_or_all(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(
        {
            "objects": [
                definition("Cog", service="convert", bundle="eA=="),
                definition("Gear", service="other"),
                definition("Belt", url="https://convert.acme.io/"),
                definition("Wheel"),
            ]
        }
    )

    async def found(**look: Any) -> list[object]:
        return [row.values["kind"] for row in (await read(PROBE, **look)).rows]

    assert await found() == ["Belt", "Cog", "Gear"]
    assert await found(kind="CustomResourceDefinition", name="gears.acme.io") == ["Gear"]
    assert await found(named={"url": "https://convert.ops.svc:443/convert"}) == ["Cog"]
    assert await found(named={"crd": "wheels.acme.io"}) == []
    assert (await read(PROBE, named={"kind": "Lever"})).missing == "a CustomResourceDefinition of Lever"

    (belt,) = (await read(PROBE, named={"kind": "Belt"})).rows
    assert (belt.values["url"], belt.values["failure"]) == ("https://convert.acme.io/", "")
    (cog,) = (await read(PROBE, named={"kind": "Cog"})).rows
    assert (cog.values["stored"], cog.values["versions"]) == ("v1", ("v1", "v1alpha1"))
    assert cog.values["trusted"] is True


async def test_definitions_that_may_not_be_listed_are_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.forbid(verb="list", resource="customresourcedefinitions")

    reading = await read(PROBE, named={"kind": "Cog"})

    assert [gap.reason for gap in reading.gaps] == [GapReason.FORBIDDEN]
    assert not reading.missing
