"""Check each expression of the alert rules and the dashboard against the metrics, labels and values that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from bot.metrics import Metrics
from tests.deploy.chart_files import DASHBOARD
from tests.deploy.rendering import CHART, VARIANTS, kind, rendered

ALERTS = CHART / "files" / "alerts.yaml"
ROOT = CHART.parents[2]
# Prometheus adds these to what it scrapes.
TARGET = {"instance", "job", "namespace", "pod"}
# What Grafana fills in.
FILLED = {"$__rate_interval": "5m", "$__range": "6h"}
LEGEND = re.compile(r"\{\{\s*\$?(?:labels\.)?(\w+)\s*\}\}")


def _rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return list(group["rules"])


def _targets() -> Iterator[tuple[str, str, str]]:
    """Yield title, expression and legend of each query of the dashboard."""
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]


# Where an expression is, the expression, and the text with its labels.
USED = [
    *((rule["alert"], rule["expr"], json.dumps(rule["annotations"])) for rule in _rules()),
    *_targets(),
]


def _labels() -> dict[str, set[str]]:
    """Return the labels of each series that /metrics has."""
    metrics = Metrics()
    known: dict[str, set[str]] = {
        family.name: set() for family in metrics.registry.collect() if family.name.startswith("process_")
    }
    known["process_cpu_seconds_total"] = set()
    for each in metrics.documented():
        if each.kind == "histogram":
            known[f"{each.name}_bucket"] = {*each.labels, "le"}
            known |= {f"{each.name}_{part}": {*each.labels} for part in ("sum", "count")}
        else:
            known[each.name] = {*each.labels}
    return known


KNOWN = _labels()
# Values of labels are words of our own source.
SOURCE = "\n".join(
    path.read_text("utf-8") for room in ("bot", "intents") for path in sorted((ROOT / room).rglob("*.py"))
)


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector", "param"):
        below = getattr(node, name, None)
        if below is not None and not isinstance(below, int | float | str):
            yield from _nodes(below)
    for argument in getattr(node, "args", None) or ():
        yield from _nodes(argument)


def problems(expression: str, text: str = "") -> list[str]:
    """Return what an expression names that does not exist, and labels in `text` that its result lacks."""
    for name, value in FILLED.items():
        expression = expression.replace(name, value)
    found: list[str] = []
    grouped: set[str] = set()
    selected: set[str] = set()
    nodes = [*_nodes(promql_parser.parse(expression))]
    for node in nodes:
        if isinstance(node, promql_parser.VectorSelector):
            labels = KNOWN.get(str(node.name))
            found += [f"no metric {node.name}"] if labels is None else []
            selected |= labels or set()
            for matcher in node.matchers.matchers:
                found += [f"{node.name} has no label {matcher.name}"] if matcher.name not in (labels or ()) else []
                values = re.split(r"\|", matcher.value)
                found += [f"no value {value}" for value in values if not _is_said(value)]
    for node in nodes:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            grouped |= {*node.modifier.labels}
    found += [f"nothing selected has the label {label}" for label in grouped - selected - TARGET]
    shown = {*LEGEND.findall(text)}
    kept = grouped if grouped else TARGET
    found += [f"the result has no label {label}" for label in sorted(shown - kept)]
    if "histogram_quantile" in expression and "le" not in grouped:
        found.append("a quantile needs le")
    return found


def _is_said(value: str) -> bool:
    return f'"{value}"' in SOURCE or value in {"2xx", "4xx", "5xx"}


@pytest.mark.parametrize(("place", "expression", "text"), USED, ids=[f"{at}-{use[0]}" for at, use in enumerate(USED)])
def test_each_expression_names_what_exists(place: str, expression: str, text: str) -> None:
    assert problems(expression, text) == [], place


# Alerts about how often something happens; not those about a share.
COUNTING = [each for each in _rules() if "_total" in each["expr"] and "/" not in each["expr"]]


@pytest.mark.parametrize("rule", COUNTING, ids=[each["alert"] for each in COUNTING])
def test_the_first_event_fires_an_alert(rule: dict[str, Any]) -> None:
    """To Prometheus a series that begins with 1 did not increase, so it must be on the page before, at 0."""
    metrics = Metrics()
    metrics.job_kinds(["answer"])
    metrics.delivered("message", acknowledged=True, seconds=0.1)
    shown = [sample for family in metrics.registry.collect() for sample in family.samples]

    for node in _nodes(promql_parser.parse(rule["expr"])):
        if isinstance(node, promql_parser.VectorSelector):
            series = [each.labels for each in shown if each.name == node.name]
            assert series, node.name
            for matcher in node.matchers.matchers:
                assert {*matcher.value.split("|")} <= {labels[matcher.name] for labels in series}


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        ("sum(rate(casebook_answers_total[5m]))", "", "no metric casebook_answers_total"),
        ('casebook_jobs_total{result="failed"}', "", "casebook_jobs_total has no label result"),
        ('casebook_jobs_total{outcome=~"failed|lost_for_good"}', "", "no value lost_for_good"),
        ("sum by (incident) (casebook_jobs_running)", "", "nothing selected has the label incident"),
        ("sum by (kind) (casebook_jobs_running)", "{{outcome}}", "the result has no label outcome"),
        ("sum by (kind) (casebook_jobs_running)", "{{ $labels.cluster }}", "the result has no label cluster"),
        ("histogram_quantile(0.9, rate(casebook_job_seconds_bucket[5m]))", "", "a quantile needs le"),
    ],
)
def test_a_wrong_expression_would_be_found(expression: str, text: str, found: str) -> None:
    assert found in problems(expression, text)


def test_the_chart_ships_the_rules_and_the_dashboard_as_they_are() -> None:
    made = rendered(VARIANTS["everything"])
    rule = kind(made, "PrometheusRule")
    (board,) = (each for each in made if each["metadata"]["name"].endswith("-dashboard"))

    assert rule["spec"] == yaml.safe_load(ALERTS.read_text("utf-8"))
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    assert json.loads(board["data"]["casebook.json"]) == json.loads(DASHBOARD.read_text("utf-8"))
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
    usual = {each["kind"] for each in rendered({})}
    assert not {"PrometheusRule"} & usual


def test_panels_do_not_overlap_and_rules_say_what_to_do() -> None:
    taken: set[tuple[int, int]] = set()
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        taken |= cells
    for rule in _rules():
        assert {*rule["annotations"]} == {"summary", "description"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


def test_rules_are_a_rule_file_of_prometheus() -> None:
    """Only fields that Prometheus knows: it refuses a file with others."""
    (group,) = yaml.safe_load(Path(ALERTS).read_text("utf-8"))["groups"]
    assert {*group} == {"name", "rules"}
    assert all({*rule} <= {"alert", "expr", "for", "labels", "annotations"} for rule in group["rules"])
