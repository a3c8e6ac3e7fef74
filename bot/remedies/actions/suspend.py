"""Suspend a CronJob, so that it starts no runs, or a Job, whose pods are then deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import has_ended, is_terminating
from bot.kube.owners import controller_of
from bot.remedies.shared import workloads
from bot.remedies.shared.patch_action import KINDS, SuspensionAction
from intents.catalog.actions import ActionDeclaration
from intents.domain import Json, Text
from responses.words import ActionWords


class Suspend(SuspensionAction):
    """Stops a CronJob or a Job until it is resumed."""

    declaration = ActionDeclaration(name="suspend", kinds=KINDS, ends_incident=False)
    words = ActionWords(
        verb=Text(en="Suspend job", zh="暂停运行"),
        does=Text(en="Stops this job from running until it is resumed.", zh="在恢复之前不再运行此任务。"),
        asked_by=("suspend", "pause", "stop", "暂停", "挂起", "停"),
    )
    suspends: ClassVar[bool] = True

    async def outcome(self, snapshot: Snapshot, obj: Json) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
        return (
            (tuple(_cron_job_effects(obj)), ()) if obj.get("kind") == "CronJob" else await _job_effects(snapshot, obj)
        )


def _cron_job_effects(cron_job: Json) -> Iterator[Text]:
    schedule = str((cron_job.get("spec") or {}).get("schedule", ""))
    active = [str(each.get("name", "")) for each in (cron_job.get("status") or {}).get("active") or ()]
    yield Text(
        en=f"Its schedule ({schedule}) starts no runs until it is resumed",
        zh=f"在恢复之前，不再按计划（{schedule}）启动运行",
    )
    if active:
        names_en, names_zh = ", ".join(active), "、".join(active)
        yield Text(
            en=f"Running Jobs continue: Job {names_en}; suspend or delete them separately",
            zh=f"正在运行的 Job 不受影响：Job {names_zh}；如需停止请单独暂停或删除",
        )


async def _job_effects(snapshot: Snapshot, job: Json) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
    """Return the effects and the warnings."""
    pods = [pod for pod in await workloads.pods_of(snapshot, job) if not has_ended(pod) and not is_terminating(pod)]
    spec, done = job.get("spec") or {}, int((job.get("status") or {}).get("succeeded") or 0)
    of = f"/{spec['completions']}" if spec.get("completions") else ""
    effects = (
        Text(
            en=f"Running pods that are deleted (SIGTERM): {len(pods)}; no others are created until it is resumed",
            zh=f"其 {len(pods)} 个运行中的 Pod 会被终止（SIGTERM），恢复之前不会再创建",
        ),
        Text(en=f"Completions so far: {done}{of}; they are kept", zh=f"目前已完成：{done}{of}；会保留"),
    )
    return effects, tuple(_job_warnings(job, pods))


def _job_warnings(job: Json, pods: Sequence[Json]) -> Iterator[Text]:
    if pods:
        yield Text(
            en="Unfinished work of these pods is lost and starts from the beginning when the Job is resumed",
            zh="这些 Pod 未完成的工作会丢失，恢复后从头开始",
        )
    if owner := controller_of(job):
        yield Text(
            en=f"{owner.kind} {owner.name} still starts new runs, unless its concurrency policy forbids them: "
            "suspend it too",
            zh=f"{owner.kind} {owner.name} 仍会启动新的运行（除非并发策略禁止）：请同时暂停它",
        )
