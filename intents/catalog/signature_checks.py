"""Fill signatures with plausible values, and check that an entry needs the siblings that it says may come first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.patterns import PLACEHOLDER

_VALUES: Final[Mapping[str, str]] = {
    "_": "checkout-data",
    "address": "10.42.7.19:8443",
    "api": "apps.acme.dev/v1",
    "api_group": "apps",
    "apiservice": "v1beta1.metrics.k8s.io",
    "code": "137",
    "container": "api",
    "count": "5",
    "crd": "checkouts.acme.dev",
    "daemonset": "log-agent",
    "duration": "107.6ms",
    "field": "spec.template.spec",
    "file": "/var/lib/checkout/app.conf",
    "heavy_use": "250m 400Mi",
    "host": "db.acme.dev",
    "id": "4f5e6d7c",
    "image": "registry.acme.dev/shop/checkout:1.14.2",
    "job": "report-29138400",
    "kind": "Deployment",
    "lease": "kube-scheduler",
    "minutes": "11m12s",
    "namespace": "shop",
    "node": "worker-b",
    "number": "3",
    "pod": "checkout-5d7c8b9f6-x2lqp",
    "port": "8443",
    "pv": "pvc-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "pvc": "data-checkout-0",
    "registry": "registry.acme.dev",
    "replicaset": "checkout-5d7c8b9f6",
    "resource": "cpu",
    "scope": "cluster",
    "taint": "dedicated",
    "url": "https://hooks.shop.svc:443/validate?timeout=10s",
    "value": "release-7",
    "verb": "list",
    "webhook": "validate.checkout.acme.dev",
}
# Every other placeholder takes any name.
_NAME: Final = "checkout"


def filled_signatures(incident: Incident) -> tuple[str, ...]:
    """Return the messages that an incident is recognised by, with a plausible value in place of each placeholder.

    Hints are never enough by themselves, and the words of `all` are no message.
    """
    texts = (signature.text for signature in incident.signatures if signature.text and not signature.hint)
    return tuple(dict.fromkeys(PLACEHOLDER.sub(lambda found: _VALUES.get(found[1], _NAME), text) for text in texts))


def unknown_siblings(incident: Incident, catalog: Catalog) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield complaints about siblings that are no other entry."""
    known = {other.id for other in catalog} - {incident.id}
    for index, sibling in enumerate(incident.yields_to):
        if sibling not in known:
            yield ("yields_to", index), f"no other entry is called {sibling!r}"


def unneeded_siblings(incident: Incident, best: Iterable[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield complaints about siblings that come first for none of the filled signatures; `best` has the top of each."""
    first = frozenset(best)
    for index, sibling in enumerate(incident.yields_to):
        if sibling not in first:
            yield ("yields_to", index), f"{sibling} comes first for none of the signatures: remove it"
