"""Retry a failed Job: create a new Job from its template. The failed Job stays, with its pods and their logs.

The name of the new Job follows from the failed Job and the number of its reruns, so two presses create one Job.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.common.redaction import holds_secret
from bot.kube.job_runs import (
    RERUN_OF,
    cron_job_of,
    first_run_of,
    has_completed,
    has_failed,
    has_finished,
    is_rerun_of,
    success_after,
)
from bot.kube.objects import (
    all_containers,
    annotations_of,
    condition,
    created_at,
    has_ended,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    pod_spec_of,
    ref,
    spec_of,
    status_of,
    uid_of,
)
from bot.kube.owners import controller_of, owner_references
from bot.remedies.action import Action, permissions_to
from bot.remedies.changes import diff
from bot.remedies.contract import (
    Applied,
    EffectState,
    EffectStatus,
    Outlook,
    Plan,
    Proposal,
    Reason,
    Refusal,
    Refused,
    Step,
    Verb,
    effect,
)
from bot.remedies.shared import workloads
from bot.remedies.shared.patch_action import is_suspended
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration
from intents.catalog.schema import Risk
from intents.domain import Json, ObjectRef, Text
from intents.languages import quotable
from responses.safety import safe_line
from responses.words import ActionWords

_MOST_SHOWN: Final = 4
_COMMAND: Final = 200


class RerunJob(Action):
    """Creates a new Job from the template of a failed one."""

    declaration = ActionDeclaration(name="rerun-job", kinds=("Job",), least_risk=Risk.DISRUPTIVE)
    words = ActionWords(
        verb=Text(en="Rerun Job", zh="重新运行 Job"),
        does=Text(
            en="Creates a new Job from the template of this failed one, which stays as it is.",
            zh="用此失败 Job 的模板创建一个新的 Job；原 Job 保持不变。",
        ),
        asked_by=("rerun", "re-run", "run again", "retry", "重跑", "重新运行", "重新跑", "再跑"),
    )
    writes = permissions_to("create", ("Job",))

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        job = await snapshot.get("Job", target.name, namespace=target.namespace)
        return {"uid": uid_of(job), **workloads.template_basis(job)}

    async def may_help(self, snapshot: Snapshot, target: ObjectRef) -> bool:
        job = await snapshot.get("Job", target.name, namespace=target.namespace)
        try:
            _check_job(job)
        except Refused:
            return False
        return True

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        job = await snapshot.get("Job", plan.target.name, namespace=plan.target.namespace)
        _check_job(job)
        listing = await snapshot.list("Job", namespace=plan.target.namespace)
        if gap := listing.gap("Jobs"):
            raise Refused(Refusal(reason=Reason.NOT_CHECKED, says=gap.says))
        _check_needed(job, listing.items)
        cron_job = await _cron_job(snapshot, job)
        if cron_job:
            _check_concurrency(cron_job, listing.items)
        reruns = sum(is_rerun_of(each, job) for each in listing.items)
        manifest = copy_of(job, taken={name_of(each) for each in listing.items}, reruns=reruns)
        if holds_secret(manifest):
            raise unsafe(
                f"the template of {plan.target} includes what looks like a secret, which Casebook cannot copy "
                "faithfully; create the new Job by hand",
                f"{plan.target} 的模板包含疑似机密的数据，Casebook 无法如实复制；请手动创建新的 Job",
            )
        new = ref(manifest)
        step = Step(
            verb=Verb.CREATE,
            target=new,
            says=Text(
                en=f"{new} was created from the template of {plan.target}",
                zh=f"已用 {plan.target} 的模板创建 {new}",
            ),
            body=manifest,
        )
        outlook = Outlook(
            effects=_effects(job, new),
            warnings=tuple(_warnings(job, cron_job)),
            owner=new,
            counts_as=controller_of(job) or plan.target,
        )
        # The dry run shows a selector for a uid that the new Job will not have.
        return Proposal(steps=(step,), outlook=outlook, shown=diff({}, manifest, name=str(new)))

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        new = applied.outlook.owner or plan.target
        job = await snapshot.find("Job", new.name, namespace=new.namespace)
        if job is None or is_terminating(job):
            return _gone(new, await snapshot.find("Job", plan.target.name, namespace=plan.target.namespace))
        if has_completed(job):
            return effect(EffectState.HEALTHY, f"{new} has completed", f"{new} 已完成")
        pods = await workloads.pods_controlled(snapshot, (uid_of(job),), namespace=new.namespace)
        return _unfinished(job, new, sorted(pods, key=created_at))


def _check_job(job: Json) -> None:
    """Refuse a Job that is not rerun, as far as the Job itself shows."""
    me, owner = ref(job, "Job"), controller_of(job)
    if is_terminating(job):
        raise unsafe(f"{me} is being deleted", f"{me} 正在删除")
    if is_suspended(job):
        raise unsafe(f"{me} is suspended: resume it instead", f"{me} 已暂停：请改为恢复运行")
    if has_completed(job):
        raise _already(f"{me} has completed", f"{me} 已完成")
    if not has_failed(job):
        raise _already(f"{me} has not failed: it still runs", f"{me} 没有失败：仍在运行")
    if owner is not None and owner.kind != "CronJob":
        raise unsafe(
            f"{me} is managed by {owner.kind} {owner.name}, which decides on a retry; retry it there",
            f"{me} 由 {owner.kind} {owner.name} 管理，是否重试由其决定；请在那里重试",
        )


def _already(en: str, zh: str) -> Refused:
    says = Text(en=f"already fixed, nothing to do. {en}", zh=f"问题已消失，无需操作。{zh}")
    return Refused(Refusal(reason=Reason.ALREADY_FIXED, says=says))


def _check_needed(job: Json, others: tuple[Json, ...]) -> None:
    """Refuse if another Job has done the work, or is doing it."""
    if done := success_after(job, others):
        raise _already(f"Job {done} has done its work since", f"Job {done} 已完成其工作")
    running = sorted(name_of(each) for each in others if is_rerun_of(each, job) and not has_finished(each))
    if running:
        raise unsafe(
            f"Job {running[0]}, a rerun of it, has not ended yet; wait for it",
            f"其重新运行的 Job {running[0]} 尚未结束；请等待",
        )


async def _cron_job(snapshot: Snapshot, job: Json) -> Json | None:
    """Return the CronJob of a Job, None for a Job without one; its Jobs are deleted together with it."""
    owner = controller_of(job)
    if owner is None:
        return None
    found = await snapshot.find("CronJob", owner.name, namespace=owner.namespace)
    if found is None or uid_of(found) != owner.uid or is_terminating(found):
        raise unsafe(
            f"CronJob {owner.name} was deleted, and a new Job of it would be deleted too",
            f"CronJob {owner.name} 已被删除，其新建的 Job 也会被删除",
        )
    return found


def _check_concurrency(cron_job: Json, jobs: tuple[Json, ...]) -> None:
    """Refuse if a CronJob that allows no two runs at once still has one."""
    policy, name = spec_of(cron_job).get("concurrencyPolicy"), name_of(cron_job)
    active = sorted(name_of(each) for each in jobs if cron_job_of(each) == name and not has_finished(each))
    if policy not in ("Forbid", "Replace") or not active:
        return
    raise unsafe(
        f"Job {active[0]} of CronJob {name} still runs, and its concurrencyPolicy {policy} allows one run at a time",
        f"CronJob {name} 的 Job {active[0]} 仍在运行，其 concurrencyPolicy 为 {policy}，同时只允许一个运行",
    )


def _effects(job: Json, new: ObjectRef) -> tuple[Text, ...]:
    runs = [quotable(safe_line(each, limit=_COMMAND)) for each in runs_in(job)]
    shown = "; ".join(runs[:_MOST_SHOWN]) + (f" (+{len(runs) - _MOST_SHOWN})" if len(runs) > _MOST_SHOWN else "")
    return (
        Text(
            en=f"Creates {new} from the template of {ref(job, 'Job')}, which stays with its pods and logs",
            zh=f"用 {ref(job, 'Job')} 的模板创建 {new}；原 Job 及其 Pod 和日志保留",
        ),
        Text(en=f"Its pods run: {shown}", zh=f"其 Pod 运行：{shown}"),
    )


def _warnings(job: Json, cron_job: Json | None) -> Iterator[Text]:
    done, wanted = int(status_of(job).get("succeeded") or 0), int(spec_of(job).get("completions") or 1)
    yield Text(
        en="Its work is done again from the beginning, with all its side effects",
        zh="工作会从头重新执行，并再次产生所有副作用",
    )
    yield Text(
        en="What the failed run left half done is not cleaned up"
        + (f"; {done} of {wanted} completions had succeeded and run again" if done else ""),
        zh="失败的运行遗留的未完成内容不会被清理"
        + (f"；已成功的 {done}/{wanted} 个 completion 会再次执行" if done else ""),
    )
    deadline = spec_of(job).get("activeDeadlineSeconds")
    if deadline and condition(job, "Failed").get("reason") == "DeadlineExceeded":
        yield Text(
            en=f"It ran out of its activeDeadlineSeconds ({deadline} s); the new Job has the same limit",
            zh=f"它超过了 activeDeadlineSeconds（{deadline} 秒）；新 Job 的限制相同",
        )
    if cron_job:
        yield from _warnings_of_cron_job(job, cron_job)


def _warnings_of_cron_job(job: Json, cron_job: Json) -> Iterator[Text]:
    name, policy = name_of(cron_job), spec_of(cron_job).get("concurrencyPolicy")
    if pod_spec_of(cron_job) != pod_spec_of(job):
        yield Text(
            en=f"The template of CronJob {name} has changed since; the new Job has the failed Job's own",
            zh=f"CronJob {name} 的模板此后已更改；新 Job 使用失败 Job 自己的模板",
        )
    if policy in ("Forbid", "Replace"):
        yield Text(
            en=f"CronJob {name} does not wait for it: at the next time of its schedule both may run at once",
            zh=f"CronJob {name} 不会等待它：到下次调度时间两者可能同时运行",
        )


def _gone(new: ObjectRef, job: Json | None) -> EffectStatus:
    """Return the effect of a deleted Job: with the time to live of the Job it was made from, it may have completed."""
    if spec_of(job or {}).get("ttlSecondsAfterFinished") is None:
        return effect(EffectState.FAILING, f"{new} no longer exists", f"{new} 已不存在")
    return effect(
        EffectState.RUNNING,
        f"{new} no longer exists: its ttlSecondsAfterFinished deletes it soon after its end, which was not seen",
        f"{new} 已不存在：其 ttlSecondsAfterFinished 会在结束后不久将其删除，因此未能看到结果",
    )


def _unfinished(job: Json, new: ObjectRef, pods: list[Json]) -> EffectStatus:
    """Return the progress of a Job that has not completed; `pods` are its pods, oldest first."""
    if has_failed(job):
        whys = [f" ({name_of(each)}: {why})" for each in pods if (why := workloads.why_failing(each))]
        last = whys[-1] if whys else ""
        reason = condition(job, "Failed").get("reason") or "Failed"
        failed = tuple(ref(each, "Pod") for each in reversed(pods))
        return effect(
            EffectState.FAILING, f"{new} failed: {reason}{last}", f"{new} 失败：{reason}{last}", replacements=failed
        )
    up = [each for each in pods if not has_ended(each) and not is_terminating(each)]
    stuck = [(each, why) for each in up if (why := workloads.why_failing(each))]
    if stuck:
        shown = f"{name_of(stuck[-1][0])}: {stuck[-1][1]}"
        return effect(
            EffectState.FAILING,
            f"the pods of {new} fail: {shown}",
            f"{new} 的 Pod 失败：{shown}",
            replacements=tuple(ref(each, "Pod") for each in up),
        )
    failures = int(status_of(job).get("failed") or 0)
    return effect(
        EffectState.RUNNING,
        f"{new} has not ended yet" + (f"; {failures} of its pods failed so far" if failures else ""),
        f"{new} 尚未结束" + (f"；目前已有 {failures} 个 Pod 失败" if failures else ""),
    )


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
    return tuple(
        " ".join(map(str, (f"{each.get('name')}: {each.get('image')}", *_arguments(each))))
        for each in all_containers(pod_spec_of(job))
    )


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
