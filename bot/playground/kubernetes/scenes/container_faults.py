"""Compute what the kubelet reports of a container that waits, has ended, was restarted or is not ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import messages
from bot.playground.kubernetes.scenes.forms import Form
from bot.playground.kubernetes.scenes.messages import CRASH_LOOP

_ENDED: Final = "2m"
_RAN: Final = "5s"
_AT_ONCE: Final = timedelta(seconds=1)
_RESTARTS_IN_A_LOOP: Final = 5
PROBES: Final = {"readiness": "Readiness", "liveness": "Liveness", "startup": "Startup"}


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
        return int(self.fault.get("restarts", _RESTARTS_IN_A_LOOP if self.waiting == CRASH_LOOP else int(again)))

    @property
    def run_ended(self) -> datetime | None:
        """Return when its last run ended, None if no run did."""
        ended = any(key in self.fault for key in ("exited", "ago", "liveness")) or self.waiting == CRASH_LOOP
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
        cause = str(self.fault.get("pull_error", ""))
        message = str(self.fault.get("message", ""))
        told = messages.of_pulling(self.container, cause=cause) if cause else []
        if "pulling" in self.fault:
            told += self._pull()
        elif self.waiting and not cause:
            told += messages.of_waiting(
                self.pod, self.container, reason=self.waiting, message=message, count=max(1, self.restarts)
            )
        for key, kind in PROBES.items():
            if key in self.fault:
                told += messages.of_probe(
                    kind, str(self.fault[key]), container=self.name, count=max(3, self.restarts * 3)
                )
        return told

    def _pull(self) -> list[Json]:
        began = times.timestamp(self.fault.when("pulling"))
        done = (self.running_since or self.fault.now) - _AT_ONCE
        told = messages.of_pull(self.container, took=str(self.fault.get("pulled", "")))
        stamps = [began, *[times.timestamp(done)] * len(told)]
        return [each | {"first": at, "last": at} for each, at in zip(told, stamps, strict=False)]

    def _waiting(self) -> Json:
        usual = messages.waiting_message(
            self.pod, self.container, reason=self.waiting, restarts=self.restarts,
            cause=str(self.fault.get("pull_error", "")),
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
        if isinstance(exited, str) and exited in messages.EXIT_CODES:
            return messages.EXIT_CODES[exited], str(self.fault.get("reason", exited))
        if isinstance(exited, bool) or not isinstance(exited, int):
            known = ", ".join(messages.EXIT_CODES)
            raise self.fault.wrong(f"expected an exit code, or one of {known}, got {exited!r}", "exited")
        return exited, str(self.fault.get("reason", "Error" if exited else "Completed"))
