"""Variables that a program says it lacks, and that other workloads of the namespace set for the same program.

Their values are not read: they may be secret.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.kube.containers import Container, containers_in
from bot.kube.objects import labels_of, name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.kube.template_changes import reference_of
from bot.probes.contract import Look, RowValues, probe
from bot.probes.shared.logged_causes import READS_CAUSES, LoggedCause, logged_causes
from intents.domain import Json, ProbeResult, Row

_LACKS: Final = "environment-variable-missing"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_APP: Final = ("app.kubernetes.io/name", "app")
# Whatever follows the last slash: a tag or a digest.
_VERSION: Final = re.compile(r"(?::[^/]*|@.*)$")


class _Sibling(RowValues):
    """A variable that a container lacks, with a workload that sets it for the same image or app."""

    namespace: str
    pod: str
    container: str
    variable: str
    sibling_kind: str
    sibling: str
    given_by: str  # the ConfigMap or Secret and its key, "" for a value


@probe(
    says="a row per variable that a log says is missing, and that another workload with the same image or app sets",
    row=_Sibling,
    permissions=READS_CAUSES,
)
async def read(look: Look) -> ProbeResult:
    """Compare the containers whose log names a missing variable with those of the pods around."""
    causes = [each for each in (await logged_causes(look)).causes if each.incident == _LACKS]
    homes = sorted({namespace_of(each.log.container.pod) for each in causes})
    pods = dict(zip(homes, await asyncio.gather(*(look.list("Pod", namespace=home) for home in homes)), strict=True))
    found = [row for each in causes for row in _rows(each, pods[namespace_of(each.log.container.pod)])]
    by_quote = {(row.values["pod"], row.quote): row for row in sorted(found, key=lambda row: row.subject, reverse=True)}
    return ProbeResult(rows=tuple(by_quote[key] for key in sorted(by_quote, key=str)))


def _rows(cause: LoggedCause, pods: Sequence[Json]) -> Iterator[Row]:
    own = cause.log.container
    said = set(_VARIABLE.findall(cause.failure.says)) - {name for name, _ in _variables(own)}
    others = (each for pod in pods if owner_of(pod) != owner_of(own.pod) for each in containers_in(pod))
    for other in others:
        for name, given_by in _variables(other) if _is_sibling(own, other) else ():
            if name in said:
                owner = owner_of(other.pod)
                yield _Sibling(
                    namespace=namespace_of(own.pod),
                    pod=name_of(own.pod),
                    container=own.name,
                    variable=name,
                    sibling_kind=owner.kind,
                    sibling=owner.name,
                    given_by=given_by,
                ).row(ref(other.pod, "Pod"), quote=f"{name} is set in {owner.kind} {owner.name}", reproduce="")


def _variables(container: Container) -> Iterator[tuple[str, str]]:
    """Yield the names of a container's variables, each with the ConfigMap or Secret that it is from, if any."""
    yield from ((str(one.get("name")), reference_of(one)) for one in container.declared.get("env") or ())


def _is_sibling(own: Container, other: Container) -> bool:
    """Tell whether two containers run the same image, or have the same name in pods of one app."""
    images = {_VERSION.sub("", each.image) for each in (own, other)}
    apps = [next((labels_of(each.pod)[key] for key in _APP if key in labels_of(each.pod)), "") for each in (own, other)]
    return len(images) == 1 or (own.name == other.name and bool(apps[0]) and apps[0] == apps[1])
