"""Run the pod of a new Job to its end, and the Job with it. As other controllers here, this finishes at once."""

from __future__ import annotations

from bot.playground.kubernetes import job_controller
from bot.playground.kubernetes.recorder import Recorder
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State

_JOBS = ("batch", "jobs")
_CRON_JOBS = ("batch", "cronjobs")
_PODS = ("", "pods")


def run(job: Json, pod: Json, *, fails: bool, above: Json | None, state: State, record: Recorder) -> None:
    """End a Job and its pod, and note a success in the CronJob `above`. `fails`: its pod has failed.

    The Job stays active while its pod has no node, or while a ConfigMap or Secret that it requires is missing.
    """
    now = state.now()
    status = job_controller.active(since=now)
    missing = job_controller.missing_reference(pod, state=state)
    if not pod["spec"].get("nodeName"):
        status["ready"] = 0
    elif missing:
        status["ready"] = 0
        _put(_PODS, job_controller.waiting_for(pod, missing=missing), state=state)
        record.write(pod, reason="Failed", message=f"Error: {missing}", kind="Warning", source="kubelet")
    elif fails:
        status = job_controller.failed(status, at=now, count=1)
        record.ended(job, reason="BackoffLimitExceeded", message=job_controller.BACK_OFF_LIMIT)
    else:
        _put(_PODS, job_controller.succeeded(pod, at=now), state=state)
        status = job_controller.completed(status, at=now)
        record.ended(job, reason="Completed", message="Job completed")
    _put(_JOBS, job | {"status": status}, state=state)
    if above is not None and above["kind"] == "CronJob" and "completionTime" in status:
        noted = {"lastSuccessfulTime": status["completionTime"]}
        _put(_CRON_JOBS, above | {"status": (above.get("status") or {}) | noted}, state=state)


def _put(table: tuple[str, str], obj: Json, *, state: State) -> None:
    state.put(resource=state.registry.of_table(table), obj=obj)
