"""Certificate signing requests of kubelets: whether the newest one of each node is approved and issued."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from bot.kube.objects import condition, created_at, name_of, ref, spec_of, status_of
from bot.probes.contract import Look, RowValues, may, probe
from intents.domain import Json, ObjectRef, ProbeResult, Row

# The signers that issue certificates to kubelets; other requests are somebody else's.
_SIGNERS: Final = {
    "kubernetes.io/kubelet-serving": "serving",
    "kubernetes.io/kube-apiserver-client-kubelet": "client",
}
_NODE_USER: Final = "system:node:"


class _Request(RowValues):
    name: str
    node: str  # "" for a machine that is about to join
    requester: str
    use: str  # serving: others call the kubelet; client: the kubelet calls the API server
    state: str  # pending, approved (not issued yet), issued, denied, failed
    message: str
    since_s: int  # since the first request in this state
    requests: int  # how many requests in this state follow each other


@probe(
    says="a row per node and use of its certificate: the state of the newest request that its kubelet made",
    row=_Request,
    permissions=may("list", "certificatesigningrequests.certificates.k8s.io"),
)
async def read(look: Look) -> ProbeResult:
    """Read all requests; those of the node, or the request, in question where one is named."""
    focus = look.focus
    by_kubelet: dict[tuple[str, str], list[Json]] = {}
    for request in await look.list("CertificateSigningRequest"):
        spec = spec_of(request)
        if use := _SIGNERS.get(str(spec.get("signerName") or "")):
            by_kubelet.setdefault((str(spec.get("username") or ""), use), []).append(request)
    if focus.kind == "CertificateSigningRequest" and focus.name:
        by_kubelet = {key: made for key, made in by_kubelet.items() if focus.name in map(name_of, made)}
    elif node := focus.named_node:
        by_kubelet = {key: made for key, made in by_kubelet.items() if key[0] == f"{_NODE_USER}{node}"}
    return ProbeResult(
        rows=tuple(_row(look, requester, use, each) for (requester, use), each in sorted(by_kubelet.items()))
    )


def _row(look: Look, requester: str, use: str, requests: Sequence[Json]) -> Row:
    newest_first = sorted(requests, key=lambda each: (created_at(each), name_of(each)), reverse=True)
    newest = newest_first[0]
    same = list(takewhile(lambda each: _state(each) == _state(newest), newest_first))
    node = requester.removeprefix(_NODE_USER) if requester.startswith(_NODE_USER) else ""
    told = condition(newest, "Denied") or condition(newest, "Failed") or condition(newest, "Approved")
    name = name_of(newest)
    return _Request(
        name=name,
        node=node,
        requester=requester,
        use=use,
        state=_state(newest),
        message=str(told.get("message") or ""),
        since_s=look.age_s(created_at(same[-1])),
        requests=len(same),
    ).row(
        ObjectRef(kind="Node", name=node) if node else ref(newest, "CertificateSigningRequest"),
        quote=f"{name} {spec_of(newest).get('signerName')} {requester}: {_state(newest)}",
        reproduce="kubectl get csr --sort-by=.metadata.creationTimestamp",
        lasts=_state(newest) != "issued",
    )


def _state(request: Json) -> str:
    for kind in ("Denied", "Failed"):
        if condition(request, kind).get("status") == "True":
            return kind.lower()
    if status_of(request).get("certificate"):
        return "issued"
    return "approved" if condition(request, "Approved").get("status") == "True" else "pending"
