"""A connection is walked hop by hop and stops at the first that is broken; what is not known is never called broken."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.cluster_names import Known, Meant, meaning_of, resolver_of, tried_names
from bot.kube.connection_hops import Destination, Facts, Objects
from bot.kube.connections import Walk, beside, walk

Json = dict[str, Any]


def pod(name: str, *, namespace: str = "shop", ip: str = "10.244.1.7", ready: bool = True, **spec: Any) -> Json:
    containers = [{"name": "main", "ports": [{"name": "web", "containerPort": 8000}]}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name.partition("-")[0]}},
        "spec": {"nodeName": "worker-a", "containers": containers, **spec},
        "status": {
            "phase": "Running",
            "podIP": ip,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def service(name: str, *, namespace: str = "shop", target: Any = 8000, **spec: Any) -> Json:
    given_ = {"clusterIP": "10.96.5.5", "selector": {"app": name}, "ports": [{"port": 80, "targetPort": target}]}
    return {"kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": {**given_, **spec}}


def slice_of(name: str, *addresses: str, namespace: str = "shop", node: str = "worker-b") -> Json:
    return {
        "metadata": {
            "name": f"{name}-x2x4z",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": name},
        },
        "endpoints": [{"addresses": [each], "nodeName": node, "conditions": {"ready": True}} for each in addresses],
    }


def policy(name: str, selects: str, *, namespace: str = "shop", **spec: Any) -> Json:
    given_ = {"podSelector": {"matchLabels": {"app": selects}}, **spec}
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": namespace}, "spec": given_}


FRONTEND = pod("frontend-0", ip="10.244.1.6")
BACKEND = pod("backend-0")
DNS = service("kube-dns", namespace="kube-system", ports=[{"port": 53}])
DNS_POD = pod("coredns-0", namespace="kube-system", ip="10.244.9.9")
NAMES = Known(
    services=(service("backend"), service("orders", namespace="data", clusterIP="10.96.5.6"), DNS),
    namespaces=("shop", "data", "kube-system"),
)
WHOLE = Objects(
    names=NAMES,
    pods=(BACKEND,),
    slices=(slice_of("backend", "10.244.1.7"),),
    policies=(),
    labels={name: {"kubernetes.io/metadata.name": name} for name in ("shop", "data", "kube-system")},
    dns=DNS,
    dns_slices=(slice_of("kube-dns", "10.244.9.9", namespace="kube-system"),),
    dns_pods=(DNS_POD,),
)
# What has an address that is called; and where names cannot be looked up.
AT_POD, AT_NONE = (replace(WHOLE, names=replace(NAMES, pods=pods)) for pods in ((BACKEND,), ()))
NO_SERVICES = replace(WHOLE, names=replace(NAMES, services=None))
TO_BACKEND = Destination(host="backend", port=80)


def services(*changed: Json) -> Known:
    of = {
        (each["metadata"]["namespace"], each["metadata"]["name"]): each for each in (*(NAMES.services or ()), *changed)
    }
    return replace(NAMES, services=tuple(of.values()))


def picture(found: Walk) -> tuple[str, str, str]:
    return str(found.deciding.hop), str(found.deciding.state), f"{found.deciding.at.kind} {found.deciding.at.name}"


def facts(found: Walk) -> Facts:
    return found.deciding.facts


def test_every_hop_is_looked_at_in_order() -> None:
    found = walk(FRONTEND, TO_BACKEND, WHOLE)

    assert [str(step.hop) for step in found.steps] == [
        "dns-policy", "dns-access", "dns-service", "name", "port", "selector", "target-port", "endpoints", "egress",
        "ingress",
    ]  # fmt: skip
    assert {str(step.state) for step in found.steps} == {"ok"}


ONLY_DNS = [{"ports": [{"port": 53, "protocol": "UDP"}]}]


@pytest.mark.parametrize(
    ("source", "to", "objects", "decides"),
    [
        (pod("frontend-0", dnsPolicy="Default"), "backend:80", WHOLE, ("dns-policy", "broken", "Pod frontend-0")),
        (pod("frontend-0", hostNetwork=True), "backend:80", WHOLE, ("dns-policy", "broken", "Pod frontend-0")),
        (
            pod("frontend-0", hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet"),
            "backend:80",
            WHOLE,
            ("ingress", "ok", "Service backend"),
        ),
        (
            pod("frontend-0", dnsPolicy="None", dnsConfig={"nameservers": ["192.0.2.1"], "searches": ["shop.svc.x.y"]}),
            "backend:80",
            WHOLE,
            ("dns-policy", "unknown", "Pod frontend-0"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, policies=(policy("shut", "frontend", policyTypes=["Egress"]),)),
            ("dns-access", "broken", "NetworkPolicy shut"),
        ),
        (
            FRONTEND,
            "10.96.5.5:80",
            replace(WHOLE, policies=(policy("shut", "frontend", policyTypes=["Egress"]),)),
            ("egress", "broken", "NetworkPolicy shut"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, policies=(policy("few", "coredns", namespace="kube-system", policyTypes=["Ingress"]),)),
            ("dns-access", "broken", "NetworkPolicy few"),
        ),
        (FRONTEND, "backend:80", replace(WHOLE, dns_slices=()), ("dns-service", "broken", "Service kube-dns")),
        (FRONTEND, "backnd:80", WHOLE, ("name", "broken", "Pod frontend-0")),
        (FRONTEND, "orders:80", WHOLE, ("name", "broken", "Pod frontend-0")),
        (FRONTEND, "backend.data:80", WHOLE, ("name", "broken", "Pod frontend-0")),
        (FRONTEND, "backend:8080", WHOLE, ("port", "broken", "Service backend")),
        (FRONTEND, "backend:80/UDP", WHOLE, ("port", "broken", "Service backend")),
        (FRONTEND, "10.96.5.5:8080", WHOLE, ("port", "broken", "Service backend")),
        (FRONTEND, "backend:80", replace(WHOLE, pods=(pod("back-0"),)), ("selector", "broken", "Service backend")),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, names=services(service("backend", target="http"))),
            ("target-port", "broken", "Service backend"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, names=services(service("backend", target=9090))),
            ("target-port", "unknown", "Service backend"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, pods=(pod("backend-0", ready=False),), slices=()),
            ("endpoints", "broken", "Service backend"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, pods=(pod("backend-0", ready=False),)),  # publishNotReadyAddresses
            ("endpoints", "unknown", "Service backend"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, names=services(service("backend", internalTrafficPolicy="Local"))),
            ("traffic-policy", "broken", "Service backend"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, policies=(policy("dns", "frontend", policyTypes=["Egress"], egress=ONLY_DNS),)),
            ("egress", "broken", "NetworkPolicy dns"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, policies=(policy("few", "backend", ingress=[{"ports": [{"port": 80}]}]),)),
            ("ingress", "broken", "NetworkPolicy few"),
        ),
        (
            FRONTEND,
            "backend:80",
            replace(WHOLE, policies=(policy("few", "backend", ingress=[{"ports": [{"port": 8000}]}]),)),
            ("ingress", "ok", "Service backend"),
        ),
        (
            None,
            "backend:80",
            replace(WHOLE, policies=(policy("shut", "backend", policyTypes=["Ingress"]),)),
            ("ingress", "broken", "NetworkPolicy shut"),
        ),
        (
            None,
            "backend:80",
            replace(WHOLE, policies=(policy("few", "backend", ingress=[{"ports": [{"port": 8000}]}]),)),
            ("ingress", "ok", "Service backend"),
        ),
        (FRONTEND, "db.example.com:5432", WHOLE, ("outside", "unknown", "Pod frontend-0")),
        (FRONTEND, "192.0.2.7:443", AT_NONE, ("outside", "unknown", "Pod frontend-0")),
        (FRONTEND, "10.244.1.7:8000", AT_POD, ("ingress", "ok", "Pod backend-0")),
        (FRONTEND, "10.244.1.7:9000", AT_POD, ("target-port", "unknown", "Pod backend-0")),
        (FRONTEND, "backend:80", NO_SERVICES, ("name", "unknown", "Pod frontend-0")),
        (FRONTEND, "backend:80", replace(WHOLE, pods=None), ("selector", "unknown", "Service backend")),
        (FRONTEND, "backend:80", replace(WHOLE, slices=None), ("endpoints", "unknown", "Service backend")),
        (FRONTEND, "backend:80", replace(WHOLE, policies=None), ("dns-access", "unknown", "Pod frontend-0")),
        (None, "backend.elsewhere:80", WHOLE, ("name", "unknown", "Service backend")),
    ],
)  # fmt: skip
def test_the_first_broken_hop_decides(
    source: Json | None, to: str, objects: Objects, decides: tuple[str, str, str]
) -> None:
    address, _, protocol = to.partition("/")
    host, _, port = address.partition(":")
    found = walk(source, Destination(host=host, port=int(port), protocol=protocol), objects, home="shop")

    assert picture(found) == decides


def test_the_facts_name_what_was_probably_meant() -> None:
    near = {**pod("backend-0"), "metadata": {"name": "backend-0", "namespace": "shop", "labels": {"app": "backnd"}}}

    assert facts(walk(FRONTEND, Destination(host="backnd"), WHOLE)).closest == "shop/backend"
    assert facts(walk(FRONTEND, Destination(host="orders"), WHOLE)).elsewhere == ("data",)
    assert facts(walk(FRONTEND, Destination(host="backend", port=8080), WHOLE)).listens == ("80→8000/TCP",)
    selector = facts(walk(FRONTEND, TO_BACKEND, replace(WHOLE, pods=(near,))))
    assert (selector.lacking, selector.instead) == (("app=backend",), ("app=backnd",))
    crashing = pod("backend-0", ready=False)
    crashing["status"]["containerStatuses"] = [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    assert facts(walk(FRONTEND, TO_BACKEND, replace(WHOLE, pods=(crashing,), slices=()))).pods == (
        "shop/backend-0 (CrashLoopBackOff)",
    )


def test_a_later_broken_hop_is_proven_although_an_earlier_one_is_not_known() -> None:
    shut = policy("shut", "backend", policyTypes=["Ingress"])

    found = walk(FRONTEND, TO_BACKEND, replace(WHOLE, slices=None, policies=(shut,)))

    assert picture(found) == ("ingress", "broken", "NetworkPolicy shut")


def test_policies_of_other_kinds_leave_a_walk_undecided() -> None:
    shut = policy("shut", "backend", policyTypes=["Ingress"])
    passing, blocked = (walk(FRONTEND, TO_BACKEND, replace(WHOLE, policies=each)) for each in ((), (shut,)))
    no_port = walk(FRONTEND, Destination(host="backend", port=81), WHOLE)
    cilium = ("CiliumNetworkPolicy shop/http",)

    assert picture(beside(passing, cilium, may_admit=True))[:2] == ("other-policies", "unknown")
    assert picture(beside(blocked, cilium, may_admit=True))[:2] == ("other-policies", "unknown")
    assert facts(beside(blocked, cilium, may_admit=True)).policies == cilium
    # A mesh's policies restrict further, and none makes up for a port that does not exist.
    assert beside(blocked, ("AuthorizationPolicy shop/http",), may_admit=False) == blocked
    assert beside(no_port, cilium, may_admit=True) == no_port
    assert beside(passing, (), may_admit=False) == passing


@given(host=st.text(max_size=60), port=st.integers(0, 65535), with_source=st.booleans())
def test_no_host_breaks_a_walk(host: str, port: int, with_source: bool) -> None:
    found = walk(FRONTEND if with_source else None, Destination(host=host, port=port), AT_NONE, home="shop")

    assert found.deciding in found.steps


def test_a_headless_service_leads_straight_to_the_ports_of_its_pods() -> None:
    names = services(service("db", clusterIP="None", ports=[{"port": 80, "targetPort": 8000}]))
    member = pod("db-0", hostname="db-0", subdomain="db")
    objects = replace(WHOLE, names=names, pods=(member,), slices=(slice_of("db", "10.244.1.7"),))

    through_service_port = walk(FRONTEND, Destination(host="db", port=80), objects)
    straight = walk(FRONTEND, Destination(host="db-0.db", port=8000), objects)
    no_such_pod = walk(FRONTEND, Destination(host="db-1.db.shop.svc.cluster.local", port=8000), objects)

    assert picture(through_service_port) == ("target-port", "unknown", "Service db")
    assert picture(straight)[:2] == ("ingress", "ok")
    assert picture(no_such_pod) == ("name", "broken", "Service db")
    assert facts(no_such_pod).pods == ("shop/db-0",)


@pytest.mark.parametrize(
    ("subdomain", "governing"), [({"subdomain": "db-peers"}, "db-peers"), ({}, "")], ids=["another Service", "none"]
)
@pytest.mark.parametrize("cluster_ip", ["None", "10.96.5.9"])
@pytest.mark.parametrize("host", ["db-0.db", "db-0.db.shop.svc.cluster.local"])
def test_a_pod_has_its_name_only_below_the_service_of_its_subdomain(
    subdomain: dict[str, Any], governing: str, cluster_ip: str, host: str
) -> None:
    names = services(service("db", clusterIP=cluster_ip))
    found = walk(FRONTEND, Destination(host=host), replace(WHOLE, names=names, pods=(pod("db-0", **subdomain),)))

    assert picture(found) == ("name", "broken", "Service db")
    assert (facts(found).why, facts(found).governing) == ("subdomain", governing)


def test_a_name_of_a_service_is_not_taken_for_that_of_a_pod() -> None:
    names = services(service("db"), service("cache", namespace="db"))

    assert walk(FRONTEND, Destination(host="cache.db"), replace(WHOLE, names=names)).meaning.namespace == "db"


def test_an_alias_is_followed_into_the_cluster_and_ends_outside_of_it() -> None:
    inside = service("cache", type="ExternalName", externalName="backend.shop.svc.cluster.local")
    outside = service("cache", type="ExternalName", externalName="cache.example.com")
    loop = service("cache", type="ExternalName", externalName="cache.shop.svc.cluster.local")

    followed = walk(FRONTEND, Destination(host="cache", port=8080), replace(WHOLE, names=services(inside)))
    left = walk(FRONTEND, Destination(host="cache", port=8080), replace(WHOLE, names=services(outside)))
    walk(FRONTEND, Destination(host="cache", port=8080), replace(WHOLE, names=services(loop)))

    assert picture(followed) == ("port", "broken", "Service backend")
    assert picture(left)[:2] == ("outside", "unknown")


def test_search_domains_are_tried_by_the_dots_of_the_name() -> None:
    few = pod("frontend-0", dnsConfig={"options": [{"name": "ndots", "value": "1"}], "searches": ["corp.example."]})

    assert tried_names("backend.data", resolver_of(FRONTEND, home="shop"))[:2] == (
        "backend.data.shop.svc.cluster.local",
        "backend.data.svc.cluster.local",
    )
    tried = tried_names("backend.data", resolver_of(few, home="shop"))
    assert (tried[0], tried[-1]) == ("backend.data", "backend.data.corp.example")
    assert tried_names("backend.data.", resolver_of(FRONTEND, home="shop")) == ("backend.data",)


def test_a_short_name_that_nobody_places_means_the_only_service_of_that_name() -> None:
    two = services(service("backend", namespace="data"))

    assert meaning_of("backend", pod=None, home="", known=NAMES).namespace == "shop"
    assert meaning_of("backend", pod=None, home="", known=two).what is Meant.UNKNOWN
    assert meaning_of("backend", pod=None, home="", known=two).elsewhere == ("data", "shop")


_NAMES = st.sampled_from(["backend", "frontend", "orders", "cache"])
_STRANGERS = st.one_of(
    st.builds(lambda name: ("pods", pod(f"{name}-9", namespace="third")), _NAMES),
    st.builds(lambda name: ("services", service(name, namespace="third", clusterIP="10.96.7.7")), _NAMES),
    st.builds(
        lambda name: ("policies", policy("shut", name, namespace="third", policyTypes=["Egress", "Ingress"])), _NAMES
    ),
    st.builds(lambda name: ("slices", slice_of(name, "10.244.7.7", namespace="third")), _NAMES),
)
_CALLS = st.sampled_from(["backend:80", "backend:8080", "orders.data:80", "10.96.5.5:80", "db.example.com:5432"])
_POLICIES = st.lists(
    st.builds(
        lambda name, types, port: policy(
            f"{name}-{port}",
            name,
            policyTypes=types,
            ingress=[{"ports": [{"port": port}]}],
            egress=[{"ports": [{"port": port}]}],
        ),
        _NAMES,
        st.sampled_from([["Ingress"], ["Egress"]]),
        st.sampled_from([53, 80, 8000]),
    ),
    max_size=2,
)


@given(strangers=st.lists(_STRANGERS, min_size=1, max_size=4), to=_CALLS, policies=_POLICIES, with_source=st.booleans())
def test_objects_of_a_third_namespace_never_change_a_walk(
    strangers: list[tuple[str, Json]], to: str, policies: list[Json], with_source: bool
) -> None:
    host, _, port = to.partition(":")
    source, destination = FRONTEND if with_source else None, Destination(host=host, port=int(port))
    before = replace(WHOLE, policies=tuple(policies))

    def more(kind: str) -> tuple[Json, ...]:
        return tuple(deepcopy(each) for of, each in strangers if of == kind)

    after = replace(
        before,
        names=services(*more("services")),
        pods=(*(before.pods or ()), *more("pods")),
        slices=(*(before.slices or ()), *more("slices")),
        policies=(*(before.policies or ()), *more("policies")),
        labels={**before.labels, "third": {"kubernetes.io/metadata.name": "third"}},
    )

    assert walk(source, destination, after, home="shop").steps == walk(source, destination, before, home="shop").steps


@pytest.mark.parametrize(
    ("address", "admitted", "expected"),
    [
        ("10.20.0.15", "10.20.0.51/32", ("egress", "broken", "NetworkPolicy known")),
        ("10.20.0.15", "10.20.0.0/24", ("egress", "ok", "Service oracle")),
        # It may be the address of a pod, which the policy admits by its labels.
        ("10.244.7.7", "10.20.0.51/32", ("endpoints", "ok", "Service oracle")),
    ],
)
def test_the_written_endpoints_of_a_service_are_held_against_policies(
    address: str, admitted: str, expected: tuple[str, str, str]
) -> None:
    oracle = service("oracle", selector=None)
    to = [{"ipBlock": {"cidr": admitted}}]
    known = policy("known", "frontend", policyTypes=["Egress"], egress=[*ONLY_DNS, {"to": to}])
    objects = replace(WHOLE, names=services(oracle), pods=(), slices=(slice_of("oracle", address),), policies=(known,))

    assert picture(walk(FRONTEND, Destination(host="oracle", port=80), objects)) == expected
