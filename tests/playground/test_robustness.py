"""No request, however odd, makes the simulated API server fail by itself: what it cannot take it refuses."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.playground.kubernetes.calls import Request
from bot.playground.kubernetes.controllers import Controllers
from bot.playground.kubernetes.dispatch import Dispatcher
from bot.playground.kubernetes.reads import Watch
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import Refusal
from bot.playground.kubernetes.times import utc_now
from bot.playground.kubernetes.validated_world import store
from bot.playground.kubernetes.world import Loader, neighbours
from bot.playground.kubernetes.write_requests import Writer


def words(text: str) -> st.SearchStrategy[str]:
    """One of some words."""
    return st.sampled_from(text.split())


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "x", "-1", "all", "Always"]))
KEYS = words(
    "metadata spec status replicas template selector containers name image labels annotations "
    "finalizers taints ownerReferences unschedulable resources requests limits cpu tolerations "
    "volumes conditions type key effect matchLabels affinity strategy rollingUpdate "
    "maxUnavailable ports port leaseDurationSeconds kind apiVersion"
)
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "test", "move", "copy", "nonsense"]),
            "path": st.sampled_from(
                ["/spec/replicas", "/spec/template/spec/containers/0", "/metadata/labels/a", "/x", "", "/"]
            ),
        },
        optional={"value": BODIES, "from": st.sampled_from(["/spec", "/metadata/name"])},
    ),
    max_size=3,
)
PATHS = st.sampled_from(
    [
        "/apis/apps/v1/namespaces/shop/deployments/storefront",
        "/apis/apps/v1/namespaces/shop/deployments/storefront/scale",
        "/apis/apps/v1/namespaces/shop/deployments/storefront/status",
        "/apis/apps/v1/namespaces/shop/statefulsets/ledger",
        "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy",
        "/apis/apps/v1/namespaces/shop/deployments",
        "/api/v1/namespaces/shop/pods",
        "/api/v1/namespaces/shop/pods/ledger-0",
        "/api/v1/namespaces/shop/pods/ledger-0/eviction",
        "/api/v1/namespaces/shop/pods/ledger-0/status",
        "/api/v1/namespaces/shop/pods/ledger-0/log",
        "/api/v1/namespaces/shop/persistentvolumeclaims/data-ledger-0",
        "/api/v1/namespaces/shop/services/storefront",
        "/api/v1/nodes/worker-a",
        "/api/v1/namespaces/shop",
        "/api/v1/namespaces/shop/events",
        "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler",
        "/apis/policy/v1/namespaces/shop/poddisruptionbudgets/storefront",
        "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    ]
)
QUERIES = st.dictionaries(
    words(
        "limit continue labelSelector fieldSelector resourceVersion resourceVersionMatch dryRun tailLines limitBytes "
        "sinceSeconds sinceTime container gracePeriodSeconds propagationPolicy watch"
    ),
    st.sampled_from(
        ["", "0", "1", "-1", "abc", "All", "a=b", "a in (b", "metadata.name=x", "!", "Orphan", "AAAA", "true"]
    ),
    max_size=3,
)  # fmt: skip


def dispatcher() -> Dispatcher:
    """Return the API server without its HTTP, among healthy neighbours."""
    state = State(clock=utc_now)
    controllers = Controllers(state=state)
    world = Loader(state=state).check(neighbours())
    controllers.learn(loaded=store(world, state=state), overrides=world.overrides)
    return Dispatcher(state=state, writer=Writer(state=state, controllers=controllers))


def status_of(request: Request) -> int:
    """Return the status of the answer; any other exception than a Refusal is raised."""
    try:
        answer = dispatcher().answer(request)
        return 200 if isinstance(answer, Watch) else answer.status
    except Refusal as refused:
        return refused.code


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    kind=st.sampled_from(["merge-patch", "strategic-merge-patch", "json-patch"]),
    path=PATHS,
    query=QUERIES,
    body=st.one_of(BODIES, OPERATIONS, st.fixed_dictionaries({"spec": BODIES, "metadata": BODIES})),
)
def test_any_request_is_answered_or_refused(
    method: str, kind: str, path: str, query: dict[str, str], body: Any
) -> None:
    content_type = f"application/{kind}+json" if method == "PATCH" else "application/json"
    request = Request(
        method=method,
        path=path,
        query=query,
        headers={"content-type": content_type},
        content=json.dumps(body).encode(),
    )

    assert 200 <= status_of(request) < 600
