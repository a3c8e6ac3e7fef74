"""Copy a failed Job: the manifest of a new Job from its template, without what the Job controller wrote into it. Pure.

The API server refuses a selector that it did not generate, so it generates selector and labels for the new Job. Marks
of GitOps tools are left out: a tool that finds them on an object which its source does not have deletes the object.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any, Final

from bot.kube.job_runs import RERUN_OF, cron_job_of, first_run_of
from bot.kube.objects import annotations_of, labels_of, namespace_of, uid_of
from bot.kube.owners import owner_references
from bot.remedies.shared import workloads
from intents.domain import Json

_LONGEST_NAME: Final = 63
_SUFFIX: Final = 5
_CONTROLLERS_LABELS: Final = frozenset({
    "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name",
})  # fmt: skip
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
# The annotation by which `kubectl create job --from` marks a run outside the schedule.
_INSTANTIATED: Final = {"cronjob.kubernetes.io/instantiate": "manual"}
# Keys of these groups are written by the Job controller, by Casebook, or by a tool to track what it applies.
_OWN_GROUPS: Final = frozenset({
    "batch.kubernetes.io", "casebook.dev", "argocd.argoproj.io", "meta.helm.sh", "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
})  # fmt: skip


def copy_of(job: Json, *, taken: Collection[str], reruns: int) -> Json:
    """Return the Job to create. Its name is the same as long as there are as many `reruns`; `taken` names are skipped.

    The annotation names the Job that failed first, also for the rerun of a rerun.
    """
    annotations = {key: value for key, value in annotations_of(job).items() if not _is_bookkeeping(key)}
    annotations |= {RERUN_OF: first_run_of(job)} | (_INSTANTIATED if cron_job_of(job) else {})
    labels = {key: value for key, value in labels_of(job).items() if not _is_bookkeeping(key)}
    metadata: Json = {
        "name": _name(job, taken=taken, reruns=reruns),
        "namespace": namespace_of(job),
        "annotations": annotations,
    }
    if labels:
        metadata["labels"] = labels
    if owners := [_reference(each) for each in owner_references(job)]:
        metadata["ownerReferences"] = owners
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": _spec(job)}


def runs_in(job: Json) -> tuple[str, ...]:
    """Return the containers of a Job's pods as `name: image command arguments`."""
    pod = pod_spec_of(job)
    return tuple(
        " ".join(map(str, (f"{each.get('name')}: {each.get('image')}", *_arguments(each))))
        for key in ("initContainers", "containers")
        for each in pod.get(key) or ()
    )


def pod_spec_of(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the spec of the pods of a Job, or of a CronJob's `jobTemplate`; empty where it has none."""
    return ((job.get("spec") or {}).get("template") or {}).get("spec") or {}


def _arguments(container: Mapping[str, Any]) -> list[Any]:
    return [*(container.get("command") or ()), *(container.get("args") or ())]


def _name(job: Json, *, taken: Collection[str], reruns: int) -> str:
    number = reruns
    while True:
        suffix = f"-rerun-{workloads.digest([uid_of(job), number])[:_SUFFIX]}"
        name = first_run_of(job)[: _LONGEST_NAME - len(suffix)].rstrip("-.") + suffix
        if name not in taken:
            return name
        number += 1


def _is_bookkeeping(key: str) -> bool:
    return key in _CONTROLLERS_LABELS or key == _LAST_APPLIED or key.rpartition("/")[0] in _OWN_GROUPS


def _reference(owner: Mapping[str, Any]) -> Json:
    """Return an owner reference without `blockOwnerDeletion`: setting it needs a permission on the owner."""
    return {key: value for key, value in owner.items() if key != "blockOwnerDeletion"}


def _spec(job: Json) -> Json:
    spec: Json = copy.deepcopy({
        key: value for key, value in (job.get("spec") or {}).items() if key not in ("selector", "manualSelector")
    })  # fmt: skip
    metadata = (spec.get("template") or {}).get("metadata") or {}
    kept = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in _CONTROLLERS_LABELS}
    metadata.pop("labels", None)
    metadata.pop("creationTimestamp", None)
    if kept:
        metadata["labels"] = kept
    return spec
