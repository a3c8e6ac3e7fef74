"""What is counted and measured, for Prometheus. One `Metrics` for each app, with a registry of its own.

Values of labels are bounded: words of ours, ids of the catalog, names of configured clusters, kinds that a cluster
serves. Never what people write, and no namespace, object, user or channel.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector

from intents.domain import Diagnosis

# Half of the series would be times at which the other half began, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

_DISTRIBUTION: Final = "kube-casebook"
_OTHER: Final = "other"
# However often the page is read, making it takes no more than this part of the time: one in eleven.
_STANDS: Final = 10
# What the policy does not let be answered.
REFUSED: Final = "refused"
# A cluster serves as many kinds as somebody defines in it.
_MOST_RESOURCES: Final = 150
# Slack stops waiting for an acknowledgement after three seconds.
_ACKNOWLEDGED_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
_CALL_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
_ANSWER_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0)
# A remedy is verified for minutes.
_JOB_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """A metric as its reader needs it: `kind` is counter, gauge, histogram or info, `name` the one in a query."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


class KubernetesCall(Protocol):
    """One call to an API server as it ended; every field but `seconds` is a label."""

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
    """One call to Slack as it ended; `method` and `result` are labels."""

    @property
    def method(self) -> str: ...
    @property
    def result(self) -> str: ...
    @property
    def seconds(self) -> float: ...


class Metrics:
    """Everything that is counted of one app. Methods record what has just happened; none of them raises or waits."""

    def __init__(self, *, interruptions: tuple[type[Exception], ...] = ()) -> None:
        """Make all metrics.

        A job that raises one of `interruptions` has not failed: its process ends, and the next start goes on with it.
        """
        self._interruptions = interruptions
        self.registry: Final = CollectorRegistry()
        self._documented: list[Documented] = []
        self._resources: set[str] = set()
        self._pages: dict[str, tuple[bytes, float]] = {}
        counter, gauge, seconds = self._counter, self._gauge, self._seconds

        about = "The version that runs, and of which Python."
        build = Info("casebook_build", about, registry=self.registry)
        build.info({"version": _version(), "python": platform.python_version()})
        self._document("casebook_build_info", "info", about, ("python", "version"))
        self._incidents = gauge("catalog_incidents", "Entries of the catalog, your own included.")
        self._problems = gauge("catalog_problems", "What is wrong in files of your own catalog; those are left out.")

        self._deliveries = counter(
            "deliveries", "What Slack delivered; not acknowledged, an event comes again.", "surface", "outcome"
        )
        self._acknowledged = seconds(
            "acknowledgement", "From the arrival of a delivery to its answer.", _ACKNOWLEDGED_S, "surface"
        )
        self._turned_away = counter(
            "refused_deliveries",
            "What was not taken for Slack's: signed otherwise, or stale (over 5 min off by this machine's clock).",
            "reason",
        )
        self._messages = counter(
            "messages",
            "Messages that asked nothing of us: matched, unmatched, muted, repeated, or with a file to read.",
            "outcome",
        )
        self._requests = counter(
            "requests",
            "What was asked, by what came of it: the first verdict, unknown, silent, refused, failed, …",
            "surface", "intent", "outcome",
        )  # fmt: skip
        self._answers = seconds("answer", "From what was asked to the answer that stands.", _ANSWER_S, "surface")
        self._matchings = counter("matchings", "Texts that were asked about: matched, or abstained from.", "outcome")
        self._diagnoses = seconds(
            "diagnosis", "A diagnosis: matching, reading the cluster, judging.", _ANSWER_S, "intent"
        )
        self._verdicts = counter("verdicts", "Verdicts of diagnoses.", "incident", "verdict")
        self._findings = counter("findings", "Findings of diagnoses.", "outcome")
        self._gaps = counter("gaps", "What diagnoses could not read.", "reason")

        self._kubernetes = counter(
            "kubernetes_calls",
            "Calls to API servers: 2xx, 4xx, 5xx, timeout, unreachable; cancelled where nobody waited any more.",
            "cluster", "verb", "resource", "status",
        )  # fmt: skip
        self._kubernetes_s = seconds("kubernetes_call", "Calls to API servers.", _CALL_S, "cluster", "verb")
        self._slack = counter("slack_calls", "Calls to Slack: ok, or why not.", "method", "result")
        self._slack_s = seconds("slack_call", "Calls to Slack.", _CALL_S, "method")
        self._waits = seconds("slack_wait", "How long calls to Slack waited for their turn.", _ANSWER_S, "method")

        self._running = gauge("jobs_running", "Jobs under way, asleep or waiting for their turn.", "kind")
        self._jobs = counter(
            "jobs", "Jobs that ended: done, failed for good, or left to the next start.", "kind", "outcome"
        )
        self._recovered = counter("jobs_recovered", "Jobs gone on with that an earlier process had left.", "kind")
        self._job_s = seconds("job", "Jobs from begin to end, sleep included.", _JOB_S, "kind")

        self._remedies = counter(
            "remedies",
            "Steps of remedies (preview, pressed, claimed, applied, verified) and what came of them.",
            "action", "step", "outcome",
        )  # fmt: skip
        self._refusals = counter(
            "policy_refusals", "What the policy refused: an answer, to ask the cluster, a remedy.", "about"
        )
        self._channels = gauge("incident_channels", "Incident channels, the same from every replica.", "state")
        ProcessCollector(registry=self.registry)

    # --- Slack's side -------------------------------------------------------------------------------------------------

    def catalog_loaded(self, *, incidents: int, problems: int) -> None:
        """Set the size of the catalog and the number of files that it leaves out."""
        self._incidents.set(incidents)
        self._problems.set(problems)

    def delivered(self, surface: str, *, acknowledged: bool, seconds: float) -> None:
        outcome = "acknowledged" if acknowledged else "not_acknowledged"
        self._deliveries.labels(surface, outcome).inc()
        self._acknowledged.labels(surface).observe(seconds)

    def turned_away(self, reason: str) -> None:
        """`reason`: signature or stale."""
        self._turned_away.labels(reason).inc()

    def heard(self, outcome: str) -> None:
        """A message that nobody addressed to us: matched, unmatched, muted, repeated, file."""
        self._messages.labels(outcome).inc()

    def slack_called(self, call: SlackCall) -> None:
        self._slack.labels(call.method, call.result).inc()
        self._slack_s.labels(call.method).observe(call.seconds)

    def slack_waited(self, method: str, seconds: float) -> None:
        self._waits.labels(method).observe(seconds)

    # --- answers ------------------------------------------------------------------------------------------------------

    def asked(self, surface: str, intent: str, outcome: str, *, seconds: float | None = None) -> None:
        """Something asked, and what came of it; `seconds` since it arrived, where that is an answer's time."""
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
            self._verdicts.labels(one.incident, _word(one.verdict)).inc()
            for finding in one.findings:
                self._findings.labels(finding.outcome.value).inc()
        for gap in diagnosis.gaps:
            self._gaps.labels(_word(gap.reason)).inc()

    def remedied(self, action: str, step: str, outcome: str, *, denied: bool = False) -> None:
        """A step of a remedy, in the words of the audit; `denied`: by the policy, or a limit of it."""
        self._remedies.labels(action, _word(step), _word(outcome)).inc()
        if denied:
            self.refused("remedy")

    def refused(self, about: str) -> None:
        """By the policy: an answer, the cluster (answered from the text alone), a remedy."""
        self._refusals.labels(about).inc()

    # --- what it works with -------------------------------------------------------------------------------------------

    def kubernetes_called(self, call: KubernetesCall) -> None:
        resource = call.resource
        if resource not in self._resources:
            if len(self._resources) < _MOST_RESOURCES:
                self._resources.add(resource)
            else:
                resource = _OTHER
        self._kubernetes.labels(call.cluster, call.verb, resource, call.status).inc()
        self._kubernetes_s.labels(call.cluster, call.verb).observe(call.seconds)

    @contextmanager
    def job(self, kind: str, recovered: bool) -> Iterator[None]:
        """Around the body of a job."""
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

    def incident_channels(self, by_state: Mapping[str, int]) -> None:
        for state, count in by_state.items():
            self._channels.labels(state).set(count)

    # --- reading ------------------------------------------------------------------------------------------------------

    def exposed(self, accept: str) -> tuple[bytes, str]:
        """The page that Prometheus reads, and its content type, in the format that it asks for.

        Read more often than it can well be made, it is some milliseconds old: everything else goes on meanwhile.
        """
        encode, content_type = choose_encoder(accept)
        began = time.monotonic()
        page, until = self._pages.get(content_type, (b"", -math.inf))
        if began >= until:
            page = encode(self.registry)
            now = time.monotonic()
            self._pages[content_type] = page, now + _STANDS * (now - began)
        return page, content_type

    def documented(self) -> Iterable[Documented]:
        """Every metric of ours, in the order of its declaration; `process_…` are the library's."""
        return tuple(self._documented)

    # --- within -------------------------------------------------------------------------------------------------------

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        name = f"casebook_{name}_total"
        self._document(name, "counter", help, labels)
        return Counter(name, help, labels, registry=self.registry)

    def _gauge(self, name: str, help: str, *labels: str) -> Gauge:
        name = f"casebook_{name}"
        self._document(name, "gauge", help, labels)
        return Gauge(name, help, labels, registry=self.registry)

    def _seconds(self, name: str, help: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        name = f"casebook_{name}_seconds"
        self._document(name, "histogram", help, labels)
        return Histogram(name, help, labels, registry=self.registry, buckets=buckets)

    def _document(self, name: str, kind: str, help: str, labels: tuple[str, ...]) -> None:
        self._documented.append(Documented(name=name, kind=kind, labels=labels, help=help))


def _word(text: str) -> str:
    """`refused: not checked` as `refused_not_checked`."""
    return "_".join(text.replace(":", "").split())


def _version() -> str:
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
