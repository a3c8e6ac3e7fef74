"""Describe the Grafana dashboard of the chart panel by panel; `make readme` writes it as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

_RATE: Final = "$__rate_interval"
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH: Final = 8
_HEIGHT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A graph: each query with its legend. With `traces`, points of single traces are shown."""

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    says: str = ""
    traces: bool = False


def _per(metric: str, label: str, *, matching: str = "") -> str:
    """Return how often it happens in a minute: people ask a few times an hour, which is no readable rate per second."""
    return f"60 * sum by ({label}) (rate({metric}{matching}[{_RATE}]))"


def _count(metric: str, label: str = "", *, within: str = "1h", matching: str = "") -> str:
    """Return how often it happened, of a label only what did happen.

    An increase leaves out the first time of a series that begins meanwhile.
    """
    series = f"{metric}{matching}"
    times = f"(({series} unless {series} offset {within}) or increase({series}[{within}]))"
    return f"sum by ({label}) {times} > 0" if label else f"sum{times}"


def _quantile(share: float, metric: str, label: str = "") -> str:
    by = f"le, {label}" if label else "le"
    return f"histogram_quantile({share}, sum by ({by}) (rate({metric}_bucket[{_RATE}])))"


def _seconds(title: str, metric: str, label: str = "", *, says: str = "") -> Panel:
    """Return a panel of the median and of one in twenty, or by a label only of one in twenty."""
    if label:
        queries = [(_quantile(0.95, metric, label), f"{{{{{label}}}}}")]
    else:
        queries = [(_quantile(0.5, metric), "median"), (_quantile(0.95, metric), "95 %")]
    return Panel(title=title, queries=queries, unit="s", says=says, traces=True)


_CAUSES: Final = _count(
    "casebook_verdicts_total", "incident", within="$__range", matching='{verdict=~"confirmed|likely"}'
)
ROWS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    ("Answers", (
        Panel(title="Requests by outcome", unit="cpm",
              queries=[(_per("casebook_requests_total", "outcome"), "{{outcome}}")]),
        _seconds("Time to the answer", "casebook_answer_seconds",
                 says="From the request to the final answer. A point with a trace opens it."),
        Panel(title="Verdicts", queries=[(_per("casebook_verdicts_total", "verdict"), "{{verdict}}")], unit="cpm"),
        Panel(title="Most frequent causes, in the shown time", says="Confirmed and likely ones.",
              queries=[(f"topk(10, {_CAUSES})", "{{incident}}")]),
        Panel(title="What could not be read, per hour", says="By reason: forbidden means a missing permission.",
              queries=[(_count("casebook_gaps_total", "reason"), "{{reason}}")]),
        Panel(title="Messages heard", queries=[(_per("casebook_messages_total", "outcome"), "{{outcome}}")],
              unit="cpm"),
        Panel(title="Matched texts", queries=[(_per("casebook_matchings_total", "outcome"), "{{outcome}}")],
              unit="cpm"),
        Panel(title="Saved incidents",
              queries=[("max(casebook_learned_entries)", "in force"),
                       (_count("casebook_learned_answers_total"), "answers that one leads, per hour")]),
        Panel(title="Wrong and unknown",
              queries=[
                  (_count("casebook_corrections_total"), "corrected by people, per hour"),
                  (_count("casebook_unknown_pastes_total"), "explained by no entry, per hour"),
              ]),
    )),
    ("Slack", (
        _seconds("Time to the acknowledgement", "casebook_acknowledgement_seconds",
                 says="Slack waits three seconds, then it sends the delivery again."),
        Panel(title="Deliveries", queries=[(_per("casebook_deliveries_total", "outcome"), "{{outcome}}")],
              unit="cpm"),
        Panel(title="Calls to Slack that failed", unit="cpm",
              queries=[(
                  _per("casebook_slack_calls_total", "method, result", matching='{result!="ok"}'),
                  "{{method}} {{result}}",
              )]),
        _seconds("Time of a call to Slack", "casebook_slack_call_seconds", "method"),
        _seconds("Wait for Slack's rate limit", "casebook_slack_wait_seconds", "method"),
        Panel(title="Refused deliveries", unit="cpm",
              queries=[(_per("casebook_refused_deliveries_total", "reason"), "{{reason}}")]),
    )),
    ("Clusters", (
        Panel(title="Calls to API servers", unit="cpm",
              queries=[(_per("casebook_kubernetes_calls_total", "cluster, status"), "{{cluster}} {{status}}")]),
        _seconds("Time of a call", "casebook_kubernetes_call_seconds", "cluster"),
        _seconds("Time of a diagnosis", "casebook_diagnosis_seconds", "intent"),
    )),
    ("Alerts, watch and remedies", (
        Panel(title="Alerts", queries=[(_per("casebook_alerts_total", "outcome"), "{{outcome}}")], unit="cpm"),
        Panel(title="Posts about alerts and of the watch, per hour",
              queries=[
                  (_count("casebook_alert_posts_total", "outcome"), "alerts {{outcome}}"),
                  (_count("casebook_watch_posts_total", "outcome"), "watch {{outcome}}"),
              ]),
        Panel(title="Remedies, per hour",
              queries=[
                  (_count("casebook_remedies_total", "action, step, outcome"), "{{action}} {{step}} {{outcome}}"),
                  (_count("casebook_policy_refusals_total", "about"), "refused by the policy: {{about}}"),
              ]),
    )),
    ("Process", (
        Panel(title="Jobs in flight", queries=[("sum by (kind) (casebook_jobs_running)", "{{kind}}")],
              says="Asleep and queued ones too."),
        Panel(title="Finished jobs, per hour",
              queries=[
                  (_count("casebook_jobs_total", "outcome"), "{{outcome}}"),
                  (_count("casebook_jobs_recovered_total"), "recovered"),
              ]),
        _seconds("Time of a job", "casebook_job_seconds", "kind", says="Sleep included."),
        Panel(title="Memory", queries=[("process_resident_memory_bytes", "{{instance}}")], unit="bytes"),
        Panel(title="CPU", queries=[("rate(process_cpu_seconds_total[$__rate_interval])", "{{instance}}")],
              unit="percentunit"),
        Panel(title="Exports to the OpenTelemetry collector", unit="cpm",
              queries=[(_per("casebook_telemetry_exports_total", "signal, outcome"), "{{signal}} {{outcome}}")]),
    )),
)  # fmt: skip


def dashboard() -> str:
    """Return the dashboard as Grafana reads it."""
    return json.dumps(
        {
            "title": "Casebook",
            "uid": "casebook",
            "tags": ["casebook"],
            "schemaVersion": 39,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "1m",
            "time": {"from": "now-6h", "to": "now"},
            "templating": {"list": [{"name": "datasource", "label": "Prometheus", "type": "datasource",
                                     "query": "prometheus"}]},
            "panels": [*_panels()],
        },
        indent=1,
    ) + "\n"  # fmt: skip


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 1, 0
    for title, panels in ROWS:
        place = {"x": 0, "y": top, "w": 24, "h": 1}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        number, top = number + 1, top + 1
        for at, panel in enumerate(panels):
            across, down = at % 3, at // 3
            place = {"x": across * _WIDTH, "y": top + down * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            number += 1
        top += _HEIGHT * -(-len(panels) // 3)


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": {"fillOpacity": 10}}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": _SOURCE,
                "expr": expression,
                "legendFormat": legend,
                **({"exemplar": True} if panel.traces else {}),
            }
            for at, (expression, legend) in enumerate(panel.queries)
        ],
    }
