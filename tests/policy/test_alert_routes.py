"""Routes of alerts: a strict file from labels to channels and clusters."""

from pathlib import Path

import pytest

from bot.policy import FileError
from bot.policy.alert_routes import AlertMode, load_alert_routes

EXAMPLE = Path(__file__).parents[2] / "deploy/examples/alert-routes.yaml"


@pytest.mark.parametrize(
    ("labels", "channel", "cluster", "mode"),
    [
        ({"namespace": "shop-eu", "severity": "critical"}, "C0SHOP", "prod", AlertMode.PROVEN),
        ({"severity": "critical", "cluster": "staging-eu"}, "C0ONCALL", "staging", AlertMode.ALL),
        ({"severity": "critical", "cluster": "elsewhere"}, "C0ONCALL", "", AlertMode.ALL),
        ({"severity": "critical"}, "C0ONCALL", "", AlertMode.ALL),
        ({"severity": "info"}, "C0ALERTS", "prod", AlertMode.ALL),
        ({}, "C0ALERTS", "prod", AlertMode.ALL),
    ],
)
def test_first_matching_route_counts(labels: dict[str, str], channel: str, cluster: str, mode: AlertMode) -> None:
    route = load_alert_routes(EXAMPLE).of(labels)

    assert route is not None
    assert (route.channel, route.cluster_of(labels), route.mode) == (channel, cluster, mode)


def test_unknown_clusters_are_reported() -> None:
    routes = load_alert_routes(EXAMPLE)

    assert routes.unmatched(["prod"]) == ("no cluster is called 'staging': [1]",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {channel: general}", "1: [0].channel:"),
        ("- {channel: C0ALERTS}\n- {match: {a: b}}", "2: [1].channel: is missing"),
        ("- {channel: C0ALERTS, mode: loud}", "1: [0].mode:"),
        ("- {channel: C0ALERTS, severity: x}", "unknown key; known are channel, match"),
        ("channel: C0ALERTS", "expected a list of routes"),
    ],
)
def test_problem_is_named_with_line_and_field(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(FileError, match="routes") as caught:
        load_alert_routes(file)
    assert says in str(caught.value)
