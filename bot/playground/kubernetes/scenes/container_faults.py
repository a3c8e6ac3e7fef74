"""Compute what the kubelet reports of a container that waits, has ended, was restarted or is not ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import messages
from bot.playground.kubernetes.scenes.forms import Form

_CRASH_LOOP: Final = "CrashLoopBackOff"
_PULL_FAILED: Final = ("ImagePullBackOff", "ErrImagePull")
_NO_EVENT: Final = ("", "ContainerCreating", "PodInitializing")
_LONGEST_BACK_OFF_S: Final = 300
_ENDED: Final = "2m"
_RAN: Final = "5s"
_AT_ONCE: Final = timedelta(seconds=1)
_RESTARTS_IN_A_LOOP: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFault:
    """One container of a pod and its fault."""

    pod: Json
    container: Json
    fault: Form

    @property
    def name(self) -> str:
        """Return the container's name."""
        return str(self.container["name"])

    @property
    def waiting(self) -> str:
        """Return the reason for which it waits, "" if it does not wait."""
        usual = "ContainerCreating" if "pulling" in self.fault and "pulled" not in self.fault else ""
        return str(self.fault.get("waiting", "ImagePullBackOff" if "pull_error" in self.fault else usual))

    @property
    def ready(self) -> bool:
        """Return whether it runs and its probes succeed."""
        failing = "readiness" in self.fault or "startup" in self.fault
        return bool(self.fault.get("ready", not failing)) and not self.waiting and not self.fault.get("ended")

    @property
    def restarts(self) -> int:
        """Return how often it was restarted."""
        again = self.run_ended is not None and not self.fault.get("ended")
        return int(self.fault.get("restarts", _RESTARTS_IN_A_LOOP if self.waiting == _CRASH_LOOP else int(again)))

    @property
    def run_ended(self) -> datetime | None:
        """Return when its last run ended, None if no run did."""
        ended = any(key in self.fault for key in ("exited", "ago", "liveness")) or self.waiting == _CRASH_LOOP
        return self.fault.when("ago", _ENDED) if ended or self.fault.get("ended") else None

    @property
    def never_ran(self) -> bool:
        """Return whether it waits for its first start."""
        return bool(self.waiting) and self.run_ended is None

    @property
    def started_late(self) -> bool:
        """Return whether it started later than the pod."""
        return self.never_ran or "pull_error" in self.fault or "pulling" in self.fault

    @property
    def running_since(self) -> datetime | None:
        """Return when its present run began, None if it began with the pod."""
        if "running" in self.fault:
            return self.fault.when("running")
        return min(self.run_ended + _AT_ONCE, self.fault.now) if self.run_ended else None

    @property
    def changed(self) -> datetime | None:
        """Return when it stopped being ready, or became ready again; None if it never ran."""
        if self.ready and "running" in self.fault:
            return self.running_since
        if "since" in self.fault:
            return self.fault.when("since")
        if self.never_ran:
            return None
        return self.running_since if self.ready else self.run_ended

    def status(self, before: Json) -> Json:
        """Return the container's status; `before` is that of the healthy one."""
        last = self._terminated(before)
        if self.waiting:
            state: Json = {"waiting": self._waiting()}
        elif self.fault.get("ended"):
            state = {"terminated": last}
        else:
            began = self.running_since
            state = {"running": {"startedAt": times.timestamp(began)}} if began else before["state"]
        return before | {
            "state": state,
            "lastState": {"terminated": last} if last and not self.fault.get("ended") else {},
            "ready": self.ready,
            "started": "running" in state and "startup" not in self.fault,
            "restartCount": self.restarts,
            "imageID": "" if self.never_ran else before["imageID"],
        }

    def events(self) -> list[Json]:
        """Return the events the kubelet writes about it."""
        told = self._of_its_start()
        for key in (each for each in messages.PROBES if each in self.fault):
            count = max(3, self.restarts * 3)
            told += self._told("ProbeFailed", count=count, probe=key.capitalize(), text=self.fault[key])
            if key != "readiness":
                told += self._told("ProbeKills", probe=key)
        return told

    def _of_its_start(self) -> list[Json]:
        told: list[Json] = []
        message, pulls = self.fault.get("message", ""), "pulling" in self.fault
        if self.fault.get("pull_error") or (self.waiting in _PULL_FAILED and not pulls):
            cause = self.fault.get("pull_error") or message
            failed = self._told("PullFailed", cause=cause) if cause else []
            told = [*self._told("Pull", count=4), *failed, *self._told("ErrImagePull")]
        if pulls:
            told += self._pull()
        elif not told and (self.waiting == _CRASH_LOOP or (message and self.waiting not in _NO_EVENT)):
            occasion = self.waiting if self.waiting in (_CRASH_LOOP, "InvalidImageName") else "Waiting"
            told = self._told(occasion, count=max(1, self.restarts), message=message)
        return told

    def _pull(self) -> list[Json]:
        """Return the events of a pull in progress, or of a slow pull after which the container started."""
        began = times.timestamp(self.fault.when("pulling"))
        told = [each | {"first": began, "last": began} for each in self._told("Pull")]
        if took := self.fault.get("pulled"):
            pulled = f'Successfully pulled image "{self.container.get("image", "")}" in {took}'
            done = times.timestamp((self.running_since or self.fault.now) - _AT_ONCE)
            told += [each | {"first": done, "last": done} for each in self._told("Run", pulled=pulled)]
        return told

    def _told(self, occasion: str, **values: Any) -> list[Json]:
        return messages.events(occasion, container=self.container, pod=self._full_name, **values)

    @property
    def _full_name(self) -> str:
        metadata = self.pod["metadata"]
        return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"

    def _waiting(self) -> Json:
        """Return its state while it waits; the pause of CrashLoopBackOff doubles from ten seconds to five minutes."""
        minutes, seconds = divmod(min(10 * 2 ** max(0, self.restarts - 1), _LONGEST_BACK_OFF_S), 60)
        usual = messages.TEXTS["waiting"].get(self.waiting, "").format(
            span=f"{minutes}m{seconds}s" if minutes else f"{seconds}s", container=self.name, pod=self._full_name,
            image=self.container.get("image", ""), cause=self.fault.get("pull_error", ""),
        )  # fmt: skip
        message = self.fault.get("message", usual)
        return {"reason": self.waiting} | ({"message": message} if message else {})

    def _terminated(self, before: Json) -> Json:
        """Return how its last run ended, {} if none did."""
        ended = self.run_ended
        if ended is None:
            return {}
        code, reason = self._exit()
        began = ended - (self.fault.now - self.fault.when("ran", _RAN))
        first = (before["state"].get("running") or {}).get("startedAt")
        if "ran" not in self.fault and self.restarts <= 1 and first:
            # Its only run began with the pod.
            began = min(times.parse(first), ended)
        message = {"message": self.fault["exit_message"]} if "exit_message" in self.fault else {}
        span = {"startedAt": times.timestamp(began), "finishedAt": times.timestamp(ended)}
        return {"exitCode": code, "reason": reason} | message | span | {"containerID": before.get("containerID")}

    def _exit(self) -> tuple[int, str]:
        exited: Any = self.fault.get("exited", 137 if "liveness" in self.fault else 1)
        codes: dict[Any, int] = messages.TEXTS["exit_codes"]
        if isinstance(exited, str) and exited in codes:
            return codes[exited], str(self.fault.get("reason", exited))
        if isinstance(exited, bool) or not isinstance(exited, int):
            raise self.fault.wrong(f"expected an exit code, or one of {', '.join(codes)}, got {exited!r}", "exited")
        return exited, str(self.fault.get("reason", "Error" if exited else "Completed"))
