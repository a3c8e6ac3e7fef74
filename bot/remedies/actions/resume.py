"""Resume a suspended CronJob or Job."""

from __future__ import annotations

from typing import ClassVar

from bot.cluster.snapshot import Snapshot
from bot.remedies.shared.patch_action import KINDS, SuspensionAction
from intents.catalog.actions import ActionDeclaration
from intents.domain import Json, Text
from responses.words import ActionWords


class Resume(SuspensionAction):
    """Lets a suspended CronJob or Job run again."""

    declaration = ActionDeclaration(name="resume", kinds=KINDS, ends_incident=False)
    words = ActionWords(
        verb=Text(en="Resume job", zh="恢复运行"),
        does=Text(en="Lets this job run again.", zh="允许此任务重新运行。"),
        asked_by=("resume", "unpause", "unsuspend", "恢复", "继续"),
    )
    suspends: ClassVar[bool] = False

    async def outcome(self, snapshot: Snapshot, obj: Json) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
        again = Text(
            en="Its pods are recreated; unfinished work starts over, and so does its deadline",
            zh="会重新创建 Pod；未完成的工作从头开始，其期限也重新计时",
        )
        why = Text(en="Somebody suspended it: find out why first", zh="之前有人将其暂停：请先确认原因")
        return (_missed_runs(obj) if obj.get("kind") == "CronJob" else again,), (why,)


def _missed_runs(cron_job: Json) -> Text:
    spec = cron_job.get("spec") or {}
    deadline, schedule = spec.get("startingDeadlineSeconds"), str(spec.get("schedule", ""))
    if deadline is None:
        return Text(
            en=f"Its schedule ({schedule}) starts runs again; if runs were missed, the last of them starts at once",
            zh=f"重新按计划（{schedule}）启动运行；如有错过的运行，最近一次会立即启动",
        )
    return Text(
        en=f"Its schedule ({schedule}) starts runs again; a run missed within the last {deadline} s starts at once",
        zh=f"重新按计划（{schedule}）启动运行；最近 {deadline} 秒内错过的一次会立即启动",
    )
