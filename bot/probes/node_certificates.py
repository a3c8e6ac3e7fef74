"""Certificate signing requests of kubelets: whether the newest one of each node is approved and issued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.objects import created_at, name_of, ref, spec_of, status_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from intents.domain import Json, ObjectRef, Permission, ProbeDeclaration, ProbeResult, Row, RowType

# The signers that issue certificates to kubelets; other requests are somebody else's.
_SIGNERS: Final = {
    "kubernetes.io/kubelet-serving": "serving",
    "kubernetes.io/kube-apiserver-client-kubelet": "client",
}
_NODE_USER: Final = "system:node:"

DECLARATION: Final = ProbeDeclaration(
    name="node-certificates",
    says="a row per node and use of its certificate: the state of the newest request that its kubelet made",
    rows={
        "name": RowType.STRING,
        "node": RowType.STRING,  # "" for a machine that is about to join
        "requester": RowType.STRING,
        "use": RowType.STRING,  # serving: others call the kubelet; client: the kubelet calls the API server
        "state": RowType.STRING,  # pending, approved (not issued yet), issued, denied, failed
        "message": RowType.STRING,
        "since_s": RowType.INTEGER,  # since the first request in this state
        "requests": RowType.INTEGER,  # how many requests in this state follow each other
    },
    permissions=(Permission(verb="list", group="certificates.k8s.io", resource="certificatesigningrequests"),),
)


async def read(look: Look) -> ProbeResult:
    """Read all requests; those of the node, or the request, in question where one is named."""
    try:
        listing = await look.snapshot.list("CertificateSigningRequest")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("certificate signing requests"),))
    gap, focus = listing.gap("certificate signing requests"), look.focus
    by_kubelet: defaultdict[tuple[str, str], list[Json]] = defaultdict(list)
    for request in listing.items:
        spec = spec_of(request)
        if use := _SIGNERS.get(str(spec.get("signerName") or "")):
            by_kubelet[str(spec.get("username") or ""), use].append(request)
    rows = [_row(look, requester, use, requests) for (requester, use), requests in sorted(by_kubelet.items())]
    if focus.kind == "CertificateSigningRequest" and focus.name:
        rows = [row for row in rows if focus.name in (name_of(each) for each in by_kubelet[_key(row)])]
    elif node := focus.name if focus.kind == "Node" else focus.node:
        rows = [row for row in rows if row.values["node"] == node]
    return ProbeResult(rows=tuple(rows), gaps=(gap,) if gap else ())


def _key(row: Row) -> tuple[str, str]:
    return str(row.values["requester"]), str(row.values["use"])


def _row(look: Look, requester: str, use: str, requests: Sequence[Json]) -> Row:
    newest_first = sorted(requests, key=lambda each: (created_at(each), name_of(each)), reverse=True)
    newest = newest_first[0]
    same = tuple(_while_in(_state(newest), newest_first))
    node = requester.removeprefix(_NODE_USER) if requester.startswith(_NODE_USER) else ""
    told = condition(newest, "Denied") or condition(newest, "Failed") or condition(newest, "Approved")
    name = name_of(newest)
    return Row(
        values={
            "name": name,
            "node": node,
            "requester": requester,
            "use": use,
            "state": _state(newest),
            "message": str(told.get("message") or ""),
            "since_s": age_s(look.snapshot, created_at(same[-1])),
            "requests": len(same),
        },
        subject=ObjectRef(kind="Node", name=node) if node else ref(newest, "CertificateSigningRequest"),
        quote=f"{name} {spec_of(newest).get('signerName')} {requester}: {_state(newest)}",
        reproduce="kubectl get csr --sort-by=.metadata.creationTimestamp",
        lasts=_state(newest) != "issued",
    )


def _while_in(state: str, requests: Iterable[Json]) -> Iterable[Json]:
    for request in requests:
        if _state(request) != state:
            return
        yield request


def _state(request: Json) -> str:
    for kind in ("Denied", "Failed"):
        if condition(request, kind).get("status") == "True":
            return kind.lower()
    if status_of(request).get("certificate"):
        return "issued"
    return "approved" if condition(request, "Approved").get("status") == "True" else "pending"


PROBE: Final = Probe(declaration=DECLARATION, read=read)
