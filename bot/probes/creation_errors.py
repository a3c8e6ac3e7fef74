"""Errors that keep a controller from creating pods: each refused field beside the template that holds it.

A row per error and workload. A workload that was named has a row even without an error, made from the field and value
of the pasted text: it shows whether the template still holds that value or has been corrected.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.cluster import owners
from bot.cluster.owners import Top
from bot.kube import field_paths
from bot.kube.field_errors import FieldError, FieldErrorType, parse
from bot.kube.field_paths import Path
from bot.kube.rollouts import Replicas, replicas_of
from bot.kube.template_fields import HeldField, locate, patch_for, suggest
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.questioned import READS_REVISIONS, older_revisions
from bot.probes.shared.refused_workloads import Refusal, Workload, suspected
from intents.domain import ProbeResult, Row


class _Refused(RowValues):
    """A workload that lacks pods, and an error that refused them beside the template that holds its field."""

    of_subject = ("kind", "namespace", "name")

    desired: int
    created: int
    field: str
    value: str
    problem: str
    in_template: bool
    manifest_field: str
    suggestion: str
    top_kind: str
    top_name: str
    top_field: str
    patch: str
    last_s: int
    stale: bool
    revisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The surroundings of a workload that lacks pods: its topmost owner, and revisions to go back to."""

    top: Top
    revisions: int


@probe(
    says="a row per field error that keeps a workload's pods from being created: does its template still hold it",
    row=_Refused,
    permissions=(
        *owners.PERMISSIONS,
        *READS_REVISIONS,
        *may("list", "events", "statefulsets.apps", "daemonsets.apps", "jobs.batch"),
        *may("get", "pods", "services"),
        *may("list", "deployments.apps"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the workloads in question, what refused their pods, and what is around them."""
    found = await suspected(look, parse)
    workloads = _lacking(found.workloads)
    if found.missing and look.focus.kind and look.named.get("field"):
        # A newer API server refuses the workload itself, so it does not exist: the advice is the same.
        workloads = (Workload(ref=look.focus.ref),)
    around = await asyncio.gather(*(_around(look, workload) for workload in workloads))
    rows = (row for each in zip(workloads, around, strict=True) for row in _rows(*each, look))
    return ProbeResult(rows=tuple(rows), missing=found.missing)


def _lacking(workloads: tuple[Workload[FieldError], ...]) -> tuple[Workload[FieldError], ...]:
    """Return the workloads that lack pods; all, if none does."""
    lacking = [each for each in workloads if (counts := _counts(each)).created < counts.desired]
    return tuple(lacking) or workloads


async def _around(look: Look, workload: Workload[FieldError]) -> _Around:
    manifest = workload.manifest
    counts = _counts(workload)
    if manifest is None or counts.created >= counts.desired:
        # A workload that has its pods needs no change, so its owner is not read.
        return _Around(top=Top(ref=workload.ref, manifest=manifest), revisions=UNKNOWN)
    kept = older_revisions(look.snapshot, manifest)
    return _Around(top=await look.topmost(manifest), revisions=await look.unless_refused(kept, UNKNOWN))


def _rows(workload: Workload[FieldError], around: _Around, look: Look) -> list[Row]:
    refusals = workload.refusals or (_pasted(look),)
    ordered = sorted(refusals, key=lambda each: (each.error.field, str(each.error.type), each.error.value))
    return [_row(workload, around, refusal) for refusal in ordered]


def _pasted(look: Look) -> Refusal[FieldError]:
    """Return the error in the pasted text, for a cluster without one: events are kept for an hour."""
    field, value, rule = (look.named.get(word, "") for word in ("field", "value", "rule"))
    if not (field and value):
        field = value = rule = ""
    error = FieldError(kind="Pod", name="", field=field, type=FieldErrorType.INVALID, value=value, rule=rule)
    return Refusal(error=error, message="", last_s=UNKNOWN)


def _row(workload: Workload[FieldError], around: _Around, refusal: Refusal[FieldError]) -> Row:
    error, manifest, counts, about = refusal.error, workload.manifest, _counts(workload), workload.ref
    if manifest is not None and error.field:
        held = locate(manifest, error)
    else:
        held = HeldField(in_template=False, path=field_paths.parse(error.field), suggestion=suggest(error))
    top_path = _path_in(around.top, workload, held, error)
    top_manifest = around.top.manifest
    patch = patch_for(top_manifest, top_path, error, held.suggestion) if top_manifest and top_path else ""
    return _Refused(
        desired=counts.desired,
        created=counts.created,
        field=error.field,
        value=error.value,
        problem=_problem(error),
        in_template=held.in_template,
        manifest_field=field_paths.text(held.path) if held.in_template else "",
        suggestion=held.suggestion,
        top_kind=around.top.ref.kind,
        top_name=around.top.ref.name,
        top_field=field_paths.text(top_path) if top_path else "",
        patch=patch,
        last_s=refusal.last_s,
        stale=workload.gone or (counts.desired >= 0 and counts.created >= counts.desired),
        revisions=around.revisions,
    ).row(
        about,
        quote=refusal.message,
    )


def _problem(error: FieldError) -> str:
    """Return the error without its field, in its own words."""
    value = f'"{error.value}"' if error.value else ""
    return ": ".join(filter(None, (str(error.type), value, error.rule))) if error.field else ""


def _path_in(top: Top, workload: Workload[FieldError], held: HeldField, error: FieldError) -> Path | None:
    """Return the field in the manifest of the topmost owner; None where only a guess would find it."""
    if not held.in_template or top.manifest is None:
        return None
    if top.manifest is workload.manifest:
        return held.path
    if not error.value:
        return held.path if field_paths.has(top.manifest, held.path) else None
    # An operator names a StatefulSet after its resource and the component: db → db-tikv.
    component = workload.ref.name.removeprefix(f"{top.ref.name}-")
    return field_paths.most_similar(field_paths.paths_holding(top.manifest, error.value), held.path, hint=component)


def _counts(workload: Workload[FieldError]) -> Replicas:
    return replicas_of(workload.manifest) if workload.manifest is not None else Replicas()
