"""Define and record all metrics for Prometheus. Each app has one `Metrics` with its own registry.

Label values are bounded: our own words, catalog ids, names of configured clusters, kinds that a cluster serves. They
never contain users' text, namespaces, objects, users or channels.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Protocol

from prometheus_client import Info
from prometheus_client.process_collector import ProcessCollector

from bot.common.release import running_version
from bot.metrics.families import Families
from intents.catalog.learned import is_learned
from intents.domain import Diagnosis, GapReason
from intents.overview import Overview

_OTHER: Final = "other"
# Requests that the policy refuses.
REFUSED: Final = "refused"
# What a change of a watch adds to the open ones.
_OPEN: Final[Mapping[str, int]] = {"opened": 1, "closed": -1}
# Saved incidents count together: people choose their names.
_SAVED: Final = "learned"
# CRDs make the number of kinds unbounded, so rare ones are grouped.
_MOST_RESOURCES: Final = 150
# Slack stops waiting for an acknowledgement after three seconds.
_ACKNOWLEDGED_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
_CALL_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
_ANSWER_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0)
# A remedy is verified for minutes.
_JOB_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)


class KubernetesCall(Protocol):
    """A finished call to an API server; every field but `seconds` is a label."""

    @property
    def cluster(self) -> str: ...
    @property
    def verb(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def seconds(self) -> float: ...


class SlackCall(Protocol):
    """A finished call to Slack; `method` and `result` are labels."""

    @property
    def method(self) -> str: ...
    @property
    def result(self) -> str: ...
    @property
    def seconds(self) -> float: ...


class Metrics(Families):
    """All metrics of one app. Methods record what has just happened; none raises or blocks."""

    def __init__(self, *, interruptions: tuple[type[Exception], ...] = ()) -> None:
        """Make all metrics.

        A job that raises one of `interruptions` has not failed: its process ends, and the next start recovers the job.
        """
        self._interruptions = interruptions
        super().__init__()
        self._resources: set[str] = set()
        counter, counted, gauge, seconds = self.counter, self.counted, self.gauge, self.seconds

        about = "The running version of Casebook and of Python."
        build = Info("casebook_build", about, registry=self.registry)
        build.info({"version": running_version(), "python": platform.python_version()})
        self.document("casebook_build_info", "info", about, ("python", "version"))
        self._incidents = gauge("catalog_incidents", "Catalog entries, including your own.")
        self._problems = gauge("catalog_problems", "Problems in your own catalog files; those files are left out.")

        self._deliveries = counter(
            "deliveries", "Deliveries from Slack; it resends events that are not acknowledged.", "surface", "outcome"
        )
        self._acknowledged = seconds(
            "acknowledgement", "Seconds until a delivery is acknowledged.", _ACKNOWLEDGED_S, "surface"
        )
        self.turned_away = counted(
            "refused_deliveries",
            "Rejected deliveries: wrong signature, stale (over 5 min off by this machine's clock), or malformed.",
            reason=("signature", "stale", "malformed"),
        )
        self.message_handled = counted(
            "messages",
            "Messages that do not address Casebook: matched, reported (trouble in plain words), unmatched, muted, with"
            " a file to read, or over (an alert ended).",
            outcome=("matched", "reported", "unmatched", "muted", "file", "over"),
        )
        self._requests = counter(
            "requests",
            "Requests by outcome: the first verdict, unknown, silent, refused, failed, …",
            "surface", "intent", "outcome",
        )  # fmt: skip
        self._answers = seconds("answer", "Seconds from the request to its final answer.", _ANSWER_S, "surface")
        self._matchings = counter(
            "matchings", "Texts that were matched, or abstained from.", outcome=("matched", "abstained")
        )
        self._diagnoses = seconds(
            "diagnosis",
            "Seconds of a diagnosis, overview or report: matching, reading the cluster, judging.",
            _ANSWER_S,
            "intent",
        )
        self._verdicts = counter("verdicts", "Verdicts of diagnoses.", "incident", "verdict")
        self._findings = counter("findings", "Findings of diagnoses.", "outcome")
        self._gaps = counter("gaps", "Gaps: what diagnoses could not read.", reason=map(_word, GapReason))

        self._kubernetes = counter(
            "kubernetes_calls",
            "Calls to API servers: 2xx, 4xx, 5xx, timeout, unreachable, or cancelled (no longer needed).",
            "cluster", "verb", "resource", "status",
        )  # fmt: skip
        self._kubernetes_s = seconds(
            "kubernetes_call", "Seconds a call to an API server takes.", _CALL_S, "cluster", "verb"
        )
        self._slack = counter("slack_calls", "Calls to Slack: ok, or the error.", "method", "result")
        self._slack_s = seconds("slack_call", "Seconds a call to Slack takes.", _CALL_S, "method")
        self._waits = seconds("slack_wait", "Seconds that Slack calls waited for the rate limit.", _ANSWER_S, "method")

        self._running = gauge("jobs_running", "Jobs in flight, asleep or queued.", "kind")
        self._jobs = counter(
            "jobs", "Finished jobs: done, failed for good, or left to the next start.", "kind", "outcome"
        )
        self._recovered = counter("jobs_recovered", "Jobs recovered from an earlier process.", "kind")
        self._job_s = seconds("job", "Seconds from the start of a job to its end, sleep included.", _JOB_S, "kind")

        self._remedies = counter(
            "remedies",
            "Steps of remedies (preview, pressed, claimed, applied, verified) and their results.",
            "action", "step", "outcome",
        )  # fmt: skip
        self.refused = counted(
            "policy_refusals",
            "Refusals by the policy: an answer, cluster access, a remedy.",
            about=("answer", "cluster", "remedy"),
        )
        self.workspaces_served = gauge(
            "workspaces", "Workspaces that installed the app and are served by this replica."
        ).set
        self._learned = gauge("learned_entries", "Saved incidents in force, the same in every replica.")
        self.learned_answered = counter("learned_answers", "Answers that a saved incident leads.").inc
        self._corrections = counter("corrections", "Corrections of answers by people, by the wrong entry.", "incident")
        self.unknown_pasted = counter("unknown_pastes", "Texts that somebody asked about and no entry explains.").inc
        self._channels = gauge("incident_channels", "Incident channels, the same in every replica.", "state")
        self.alerts_delivered = counted(
            "alert_deliveries",
            "Requests of Alertmanager: accepted, unauthorized, too_large, malformed, or unavailable (sent again).",
            outcome=("accepted", "unauthorized", "too_large", "malformed", "unavailable"),
        )
        self.alert_received = counted(
            "alerts",
            "Alerts of Alertmanager: firing, resolved, or unrouted.",
            outcome=("firing", "resolved", "unrouted"),
        )
        self._api_calls = counter(
            "api_calls",
            "Calls of programs by http or mcp: ok, or the code of the error.",
            "via", "operation", "outcome",
        )  # fmt: skip
        self.silenced = counted("silences", "Silences: silenced, ended, not silenced, not ended.", "outcome")
        self.alert_posted = counted(
            "alert_posts",
            "Posts about alerts, one per cause: opened, updated, closed, failed.",
            outcome=("opened", "updated", "closed", "failed"),
        )
        self.watch_posted = counted(
            "watch_posts",
            "Causes of the watch: posted, digest, over, failed (Slack refused), or left out: muted, too_early.",
            outcome=("posted", "digest", "over", "failed", "muted", "too_early"),
        )
        self._watch_changes = counter(
            "watch_changes",
            "Watches opened, closed, expired (410, listed again) and failed.",
            change=("opened", "closed", "expired", "failed"),
        )
        self._watches = gauge("watches_open", "Open watches of API servers.")
        self._telemetry = counter(
            "telemetry_exports",
            "Batches for the OpenTelemetry collector: ok, or failed.",
            signal=("traces", "metrics"),
            outcome=("ok", "failed"),
        )
        ProcessCollector(registry=self.registry)

    # --- Slack's side -------------------------------------------------------------------------------------------------

    def catalog_loaded(self, *, incidents: int, problems: int) -> None:
        """Set the size of the catalog and the number of files that are left out."""
        self._incidents.set(incidents)
        self._problems.set(problems)

    def learned_loaded(self, *, entries: int, before: int) -> None:
        """Count the saved incidents in force of a workspace in place of those `before`; the metric shows all."""
        self._learned.inc(entries - before)

    def corrected(self, incident: str) -> None:
        """Count a correction of an answer that this entry leads."""
        self._corrections.labels(_SAVED if is_learned(incident) else incident).inc()

    def delivered(self, surface: str, *, acknowledged: bool, seconds: float) -> None:
        done, lost = (self._deliveries.labels(surface, each) for each in ("acknowledged", "not_acknowledged"))
        (done if acknowledged else lost).inc()
        self._acknowledged.labels(surface).observe(seconds)

    def slack_called(self, call: SlackCall) -> None:
        self._slack.labels(call.method, call.result).inc()
        self._slack_s.labels(call.method).observe(call.seconds)

    def slack_waited(self, method: str, seconds: float) -> None:
        self._waits.labels(method).observe(seconds)

    # --- answers ------------------------------------------------------------------------------------------------------

    def request_handled(self, surface: str, intent: str, outcome: str, *, seconds: float | None = None) -> None:
        """Count a request and its outcome; `seconds` since its arrival, if it has an answer time."""
        self._requests.labels(surface, intent, _word(outcome)).inc()
        if seconds is not None:
            self._answers.labels(surface).observe(max(seconds, 0.0))
        if outcome == REFUSED:
            self.refused("answer")

    def diagnosed(self, diagnosis: Diagnosis, *, intent: str, seconds: float) -> None:
        self._diagnoses.labels(intent).observe(seconds)
        if intent == "explain":
            self._matchings.labels("matched" if diagnosis.hypotheses else "abstained").inc()
        for one in diagnosis.hypotheses:
            self._verdicts.labels(_SAVED if is_learned(one.incident) else one.incident, _word(one.verdict)).inc()
            for finding in one.findings:
                self._findings.labels(finding.outcome.value).inc()
        for gap in diagnosis.gaps:
            self._gaps.labels(_word(gap.reason)).inc()

    def overviewed(self, found: Overview, *, intent: str, seconds: float) -> None:
        """Count an overview: intent "overview" if somebody asked for it, "report" if it was scheduled."""
        self._diagnoses.labels(intent).observe(seconds)
        for one in found.findings:
            if one.verdict is not None:
                self._verdicts.labels(one.incident, _word(one.verdict)).inc()
        for gap in found.gaps:
            self._gaps.labels(_word(gap.reason)).inc()

    def remedied(self, action: str, step: str, outcome: str, *, denied: bool = False) -> None:
        """Count a step of a remedy, in the words of the audit; `denied`: by the policy or by a limit."""
        self._remedies.labels(action, _word(step), _word(outcome)).inc()
        if denied:
            self.refused("remedy")

    # --- dependencies -------------------------------------------------------------------------------------------------

    def kubernetes_called(self, call: KubernetesCall) -> None:
        resource = call.resource
        if resource not in self._resources:
            if len(self._resources) < _MOST_RESOURCES:
                self._resources.add(resource)
            else:
                resource = _OTHER
        self._kubernetes.labels(call.cluster, call.verb, resource, call.status).inc()
        self._kubernetes_s.labels(call.cluster, call.verb).observe(call.seconds)

    def job_kinds(self, kinds: Iterable[str]) -> None:
        """Show the jobs of these kinds from the start, so that the first one that fails is an increase."""
        for kind in kinds:
            for outcome in ("done", "failed", "left"):
                self._jobs.labels(kind, outcome)

    @contextmanager
    def job(self, kind: str, recovered: bool) -> Iterator[None]:
        """Time and count the body of a job."""
        began = time.monotonic()
        outcome = "left"
        if recovered:
            self._recovered.labels(kind).inc()
        self._running.labels(kind).inc()
        try:
            yield
            outcome = "done"
        except self._interruptions:
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            self._running.labels(kind).dec()
            self._jobs.labels(kind, outcome).inc()
            self._job_s.labels(kind).observe(time.monotonic() - began)

    def incident_channels(self, by_state: Mapping[str, int], *, before: Mapping[str, int]) -> None:
        """Count the channels of a workspace in place of those `before`; the metric shows those of all."""
        for state in {**before, **by_state}:
            self._channels.labels(state).inc(by_state.get(state, 0) - before.get(state, 0))

    def api_called(self, via: str, operation: str, outcome: str) -> None:
        """Count a call of a program; the operation is "" if there was none."""
        self._api_calls.labels(via, operation, outcome).inc()

    # --- watch --------------------------------------------------------------------------------------------------------

    def watch_changed(self, change: str) -> None:
        """Count a change of a watch: opened, closed, expired, failed."""
        self._watch_changes.labels(change).inc()
        if change in _OPEN:
            self._watches.inc(_OPEN[change])

    def telemetry_exported(self, signal: str, taken: bool) -> None:
        """Count a batch of traces or metrics, and whether the collector took it."""
        self._telemetry.labels(signal, "ok" if taken else "failed").inc()


def _word(text: str) -> str:
    """Return `refused: not checked` as `refused_not_checked`."""
    return "_".join(text.replace(":", "").split())
