"""The kind that a text says the API server does not serve: what discovery says about it now."""

from __future__ import annotations

import re
from typing import Final

from bot.cluster.discovery import Wanted, closest_kind, elsewhere, serves, versions_now
from bot.probes.contract import Look, RowValues, probe
from intents.domain import ObjectRef, ProbeResult

# How client-go's informers name a kind: *v1beta1.CronJob, without its group.
_GO_TYPE: Final = re.compile(r"\*?(v\d+(?:(?:alpha|beta)\d+)?)\.([A-Z][A-Za-z0-9]*)")
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")


class _Kind(RowValues):
    kind: str  # as the cluster spells it, else as the text does
    api: str  # the apiVersion that the text names, or its group; "" if it names none
    served: bool
    custom: bool  # a CustomResourceDefinition has to bring it
    use: str  # the apiVersion that serves it and is preferred; "" if none does
    versions: tuple[str, ...]  # all that serve it
    removed_with: str  # the release of Kubernetes that removed what the text names
    server: str  # the API server's version
    product: str  # what brings the definition
    elsewhere: tuple[str, ...]  # apiVersions of other groups that serve a kind of this name
    closest: str  # a kind that is spelt almost alike


@probe(
    says="a row for the kind that the text names: is it served in that version, and which version serves it",
    row=_Kind,
)
async def read(look: Look) -> ProbeResult:
    """Read what serves the kind; no rows if the text names none."""
    wanted = _wanted(look)
    if wanted is None:
        return ProbeResult()
    kinds = await look.snapshot.served_kinds()
    if wanted.group in kinds.silent:
        await look.snapshot.served(f"{wanted.word.lower()}.{wanted.group}")
    server = await look.snapshot.server_version()
    now = versions_now(kinds.resources, wanted)
    apis = tuple(dict.fromkeys(each.api_version for each in now))
    others = elsewhere(kinds.resources, wanted) if not now else ()
    kind = now[0].kind if now else wanted.word
    row = _Kind(
        kind=kind,
        api=wanted.api,
        served=any(serves(each, wanted) for each in now),
        custom=not (wanted.is_builtin or wanted.removed_with),
        use=apis[0] if apis else "",
        versions=apis,
        removed_with=wanted.removed_with,
        server=server,
        product=wanted.product,
        elsewhere=tuple(dict.fromkeys(each.api_version for each in others)),
        closest=closest_kind(kinds.resources, wanted) if not now else "",
    ).row(
        ObjectRef(kind="API", name=f"{wanted.api}/{kind}" if wanted.api else kind),
        reproduce=f"kubectl api-resources{f' --api-group={wanted.group}' if wanted.group else ''} -o wide",
    )
    return ProbeResult(rows=(row,))


def _wanted(look: Look) -> Wanted | None:
    """Return the kind that the text names: beside its API or group, as a Go type, or as a resource with its group."""
    named = look.named
    kind, api = named.get("kind", ""), named.get("api", "")
    if typed := _GO_TYPE.fullmatch(kind):
        return Wanted(word=typed[2], version=typed[1])
    if _KIND.fullmatch(kind):
        group, _, version = api.rpartition("/")
        return Wanted(word=kind, group=group if api else named.get("api_group") or None, version=version)
    plural, _, group = (kind or named.get("resource", "")).partition(".")
    return Wanted(word=plural, group=group or None) if _KIND.fullmatch(plural) else None
