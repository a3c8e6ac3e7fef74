"""Check what the chart runs: the program's ports, paths and settings, tokens by reference, stable process names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app.configured_files import WorkspaceFiles
from bot.common.encryption import new_key
from bot.diagnosing import engine_for
from bot.policy import Policy
from bot.settings import Settings, load_settings, serve_problems
from bot.surfaces.slack.http_routes import SLACK_PATHS
from bot.surfaces.slack.installing import INSTALL_PATH
from bot.surfaces.slack.manifest import REDIRECT_PATH
from bot.workflows.services import Configuration
from intents.catalog.loader import Catalog
from tests.deploy.rendering import CHART, VARIANTS, Manifest, Values, kind, rendered, rendered_text

EXAMPLES = CHART.parents[1] / "examples"
MANY = EXAMPLES / "workspaces" / "values.yaml"
TOKENS = {
    "CASEBOOK_SLACK_BOT_TOKEN": "xoxb-1",
    "CASEBOOK_SLACK_APP_TOKEN": "xapp-1",
    "CASEBOOK_SLACK_SIGNING_SECRET": "0123456789",
    "CASEBOOK_SLACK_CLIENT_SECRET": "9876543210",
    "CASEBOOK_ENCRYPTION_KEYS": new_key(),
    "CASEBOOK_DATABASE_URL": "postgresql://a:b@database/casebook",
    "CASEBOOK_PROMETHEUS_TOKEN": "token",
    "CASEBOOK_OTLP_HEADERS": "api-key=1",
}
BY_SOCKET = ("socket", "replicas", "buttons", "installed by socket")
# The most seconds to close after the drain: sockets, requests, cancelled jobs, the engine.
CLOSING = 3 + 2 + 3


def workload(values: Values) -> Manifest:
    return kind(rendered(values), "StatefulSet")


def container(values: Values) -> dict[str, Any]:
    (only,) = workload(values)["spec"]["template"]["spec"]["containers"]
    return only


def environment(values: Values) -> dict[str, dict[str, Any]]:
    """Map each variable to its source; each variable occurs once."""
    listed = container(values)["env"]
    assert len({each["name"] for each in listed}) == len(listed)
    return {each["name"]: each for each in listed}


def settings(values: Values, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Return the settings that the program reads from the container's environment and mounts."""
    config = {f"/etc/casebook/config/{name}": tmp_path / name for name in ("policy.yaml", "channels.yaml")}
    for file in config.values():
        file.touch()
    mounted = {**config, "/etc/casebook/catalog": tmp_path, "/etc/casebook/workspaces": tmp_path}
    for name, each in environment(values).items():
        value = each["value"] if "value" in each else TOKENS.get(name, "casebook-0")
        monkeypatch.setenv(name, str(mounted.get(value, value)))
    return load_settings()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_program_accepts_its_environment(variant: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = settings(VARIANTS[variant], monkeypatch, tmp_path)

    assert serve_problems(made) == ()
    assert bool(made.slack_app_token.get_secret_value()) == (variant in BY_SOCKET)
    assert made.replica == "casebook-0"


def test_values_reach_the_settings_of_their_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = settings(VARIANTS["everything"], monkeypatch, tmp_path)

    assert (made.deadline, made.retention_days, made.lang) == (12.5, 30, "zh")
    assert made.incident_channels == ("inc-*", "war-*")
    assert made.contexts == ("in-cluster", "prod")
    assert made.prometheus_url == "http://prometheus.monitoring:9090"
    assert made.alertmanager_url == "http://alertmanager.monitoring:9093"
    assert made.otlp_endpoint == "http://otel-collector.monitoring:4318"
    assert (made.policy, made.channels) == (tmp_path / "policy.yaml", tmp_path / "channels.yaml")
    assert made.catalog == (tmp_path,)
    assert (made.drain, made.data) == (20, Path("/var/lib/casebook"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_manifest_contains_a_token_or_uses_the_secrets_api(variant: str) -> None:
    manifests = rendered(VARIANTS[variant])

    secret = {name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    for name, each in environment(VARIANTS[variant]).items():
        if name.removeprefix("CASEBOOK_").lower() in secret:
            assert set(each["valueFrom"]) == {"secretKeyRef"}
    assert "Secret" not in {each["kind"] for each in manifests}


def test_each_mode_needs_only_its_own_tokens() -> None:
    assert {name for name in environment({}) if name in TOKENS} == {
        "CASEBOOK_SLACK_BOT_TOKEN",
        "CASEBOOK_SLACK_APP_TOKEN",
    }
    assert {name for name in environment(VARIANTS["http"]) if name in TOKENS} == {
        "CASEBOOK_SLACK_BOT_TOKEN",
        "CASEBOOK_SLACK_SIGNING_SECRET",
    }
    assert {name for name in environment(VARIANTS["installed by socket"]) if name in TOKENS} == {
        "CASEBOOK_SLACK_APP_TOKEN",
        "CASEBOOK_SLACK_CLIENT_SECRET",
        "CASEBOOK_ENCRYPTION_KEYS",
    }


def test_sqlite_is_on_a_volume_of_a_single_process() -> None:
    spec = workload({"persistence": {"size": "5Gi", "storageClass": "fast"}})["spec"]

    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "5Gi"}},
    }
    assert spec["replicas"] == 1
    assert claim["metadata"]["name"] in {each["name"] for each in container({})["volumeMounts"]}


def test_postgresql_needs_no_volume() -> None:
    spec = workload(VARIANTS["replicas"])["spec"]

    assert "volumeClaimTemplates" not in spec
    data = next(each for each in spec["template"]["spec"]["volumes"] if each["name"] == "data")
    assert set(data) == {"name", "emptyDir"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_mounts_and_volumes_match(variant: str) -> None:
    spec = workload(VARIANTS[variant])["spec"]

    volumes = [each["name"] for each in spec["template"]["spec"]["volumes"]]
    claims = [each["metadata"]["name"] for each in spec.get("volumeClaimTemplates", ())]
    assert sorted(volumes + claims) == sorted(each["name"] for each in container(VARIANTS[variant])["volumeMounts"])


def test_a_process_is_named_after_its_pod() -> None:
    """A process finds its unfinished jobs by its name: see `Jobs`."""
    name = environment(VARIANTS["replicas"])["CASEBOOK_REPLICA"]

    assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    spec = workload(VARIANTS["replicas"])["spec"]
    assert (spec["replicas"], spec["updateStrategy"], spec["podManagementPolicy"]) == (
        3,
        {"type": "RollingUpdate"},
        "Parallel",
    )


@pytest.mark.parametrize("drain", [0, 20, 600])
def test_the_grace_period_is_the_drain_time_plus_time_to_close(drain: int) -> None:
    pod = workload({"drainSeconds": drain})["spec"]["template"]["spec"]

    assert environment({"drainSeconds": drain})["CASEBOOK_DRAIN"]["value"] == str(drain)
    assert pod["terminationGracePeriodSeconds"] > drain + CLOSING


@pytest.mark.parametrize("listen", ["0.0.0.0:3000", "[::]:3000"])
def test_ports_and_probes_match_the_listen_address(
    listen: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (port,) = container({})["ports"]

    made = settings({"listen": listen}, monkeypatch, tmp_path)
    assert made.listen == listen
    assert (port["name"], port["containerPort"]) == ("http", int(listen.rpartition(":")[2]))
    probes = {name: container({})[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert probes == {
        "startup": {"path": "/healthz", "port": "http"},
        "liveness": {"path": "/healthz", "port": "http"},
        "readiness": {"path": "/readyz", "port": "http"},
    }


def test_the_service_selects_the_pods_and_the_stateful_set_names_it() -> None:
    manifests = rendered({})
    service, pods = kind(manifests, "Service"), kind(manifests, "StatefulSet")["spec"]

    labels = pods["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert pods["selector"]["matchLabels"].items() <= labels.items()
    assert pods["serviceName"] == service["metadata"]["name"]
    assert service["spec"]["ports"][0]["targetPort"] == "http"


def test_an_ingress_exposes_only_the_paths_that_slack_calls() -> None:
    spec = kind(rendered(VARIANTS["http"]), "Ingress")["spec"]

    (rule,) = spec["rules"]
    assert rule["host"] == "casebook.example.com"
    assert [(each["path"], each["pathType"]) for each in rule["http"]["paths"]] == [
        (path, "Exact") for path in SLACK_PATHS
    ]
    assert spec["tls"] == [{"hosts": ["casebook.example.com"], "secretName": "casebook-tls"}]


def test_pages_of_installations_are_exposed_and_programs_only_if_asked_for() -> None:
    def paths(values: Values) -> list[tuple[str, str]]:
        (rule,) = kind(rendered(values), "Ingress")["spec"]["rules"]
        return [(each["path"], each["pathType"]) for each in rule["http"]["paths"]]

    pages = [(INSTALL_PATH, "Exact"), (REDIRECT_PATH, "Exact")]
    assert paths(VARIANTS["installed by socket"]) == pages
    assert paths(VARIANTS["workspaces"]) == [*((path, "Exact") for path in SLACK_PATHS), *pages, ("/w/", "Prefix")]


def mounted_files(values: Values, directory: Path) -> None:
    """Write the volume of the workspaces' files as the kubelet does."""
    data = {each["metadata"]["name"]: each["data"] for each in rendered(values) if each["kind"] == "ConfigMap"}
    (volume,) = [
        each for each in workload(values)["spec"]["template"]["spec"]["volumes"] if each["name"] == "workspaces"
    ]
    for source in volume["projected"]["sources"]:
        for item in next(iter(source.values()))["items"]:
            file = directory / item["path"]
            file.parent.mkdir(exist_ok=True)
            texts = data[source["configMap"]["name"]] if "configMap" in source else {item["key"]: "a-token-of-alerts\n"}
            file.write_text(texts[item["key"]], encoding="utf-8")


@pytest.mark.parametrize("values", [VARIANTS["workspaces"], yaml.safe_load(MANY.read_text("utf-8"))], ids=["all", "ex"])
def test_each_workspace_reads_its_files(values: Values, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mounted_files(values, tmp_path)
    files, base = WorkspaceFiles(directory=tmp_path), settings(values, monkeypatch, tmp_path)
    catalog = Configuration(engine=engine_for(Catalog(incidents={})), policy=Policy.default())

    given = values["workspaces"]["files"]
    assert {each.name for each in tmp_path.iterdir() if each.is_dir()} == set(given)
    for workspace, texts in given.items():
        if workspace != "default":
            made = files.settings(workspace, base)
            assert made.policy == (tmp_path / workspace / "policy.yaml" if "policy.yaml" in texts else None)
            assert made.alerts_token.get_secret_value() == "a-token-of-alerts"
            assert files.configuration(made, catalog).engine is catalog.engine
    assert files.allows("T0999ZZZZ") == ("default" in given)


def test_the_example_of_several_workspaces_has_the_files_of_its_directories() -> None:
    values = yaml.safe_load(MANY.read_text("utf-8"))["workspaces"]["files"]

    assert values == {
        place.name: {file.name: file.read_text("utf-8") for file in place.iterdir()}
        for place in MANY.parent.iterdir()
        if place.is_dir()
    }


def test_the_network_policy_allows_one_port_in_and_configured_ports_out() -> None:
    def ports(values: Values) -> list[tuple[Any, str]]:
        policy = kind(rendered(values), "NetworkPolicy")["spec"]
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        (ingress,) = policy["ingress"]
        assert ingress["ports"] == [{"port": "http", "protocol": "TCP"}]
        return [(each["port"], each["protocol"]) for rule in policy["egress"] for each in rule["ports"]]

    usual = [(53, "UDP"), (53, "TCP"), (443, "TCP"), (6443, "TCP")]
    assert ports({}) == usual
    assert ports(VARIANTS["replicas"]) == [*usual, (5432, "TCP")]
    assert ports(VARIANTS["everything"]) == [
        *usual,
        (9090, "TCP"),
        (9093, "TCP"),
        (4318, "TCP"),
        (5432, "TCP"),
        (3128, "TCP"),
    ]
    assert "NetworkPolicy" not in {each["kind"] for each in rendered({"networkPolicy": {"enabled": False}})}


def test_replicas_are_spread_and_evicted_one_by_one() -> None:
    manifests = rendered(VARIANTS["replicas"])
    budget, pod = kind(manifests, "PodDisruptionBudget")["spec"], workload(VARIANTS["replicas"])["spec"]["template"]

    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    spread = pod["spec"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    assert all(each["labelSelector"] == budget["selector"] for each in spread)
    assert "PodDisruptionBudget" not in {each["kind"] for each in rendered({})}
    assert "topologySpreadConstraints" not in workload({})["spec"]["template"]["spec"]


def test_config_maps_have_the_given_files_and_a_change_restarts_the_pod() -> None:
    def restarted_by(values: Values) -> str:
        return str(workload(values)["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    example = (EXAMPLES / "policy.yaml").read_text("utf-8")
    given = {
        "policy": example,
        "channels": "  - {cluster: prod}\n\n\n  - {cluster: stage}\n",
        "catalog": {"mine.yaml": "says: |\n  {{ not a template }}\n", "yours.yaml": "id: yours\n"},
    }
    kept = {each["metadata"]["name"]: each["data"] for each in rendered(given) if each["kind"] == "ConfigMap"}

    assert kept == {
        "casebook-config": {"policy.yaml": example, "channels.yaml": given["channels"]},
        "casebook-catalog": given["catalog"],
    }
    for name in given:
        assert restarted_by({**given, name: {} if name == "catalog" else ""}) != restarted_by(given)
    assert "ConfigMap" not in {each["kind"] for each in rendered({})}


def test_a_service_monitor_scrapes_the_service() -> None:
    """Kubernetes has no schema for it, so check every field that is used."""
    manifests = rendered(VARIANTS["everything"])
    monitor, service = kind(manifests, "ServiceMonitor"), kind(manifests, "Service")

    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"] == [{"port": "http", "path": "/metrics", "interval": "30s"}]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert "http" in {each["name"] for each in service["spec"]["ports"]}


def test_releases_of_different_names_share_no_object() -> None:
    def names(release: str, namespace: str) -> set[tuple[str, str, str]]:
        manifests = rendered(VARIANTS["buttons"], release=release, namespace=namespace)
        return {(each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]) for each in manifests}

    assert not names("casebook", "casebook") & names("second", "casebook")
    long = rendered(VARIANTS["buttons"], release="a" * 53)
    assert max(len(each["metadata"]["name"]) for each in long) <= 63
    assert "casebook" not in json.dumps(kind(long, "ServiceAccount")["metadata"]["name"])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "Casebook only reads the cluster"),
        (
            {"slack": {"mode": "http"}},
            "no Ingress exposes it.\nSee ingress",
        ),
        (VARIANTS["workspaces"], "--from-literal=encryption-keys=KEY\n"),
        (
            VARIANTS["workspaces"],
            "E0123ABCD, T0123ABCD, default. Their administrators open\nhttps://casebook.example.com/slack/i",
        ),
        (VARIANTS["http"], "Slack calls https://casebook.example.com/slack/events"),
        ({"remediation": VARIANTS["buttons"]["remediation"]}, "without a policy nobody may press"),
    ],
)
def test_the_notes_say_what_is_left_to_do(values: Values, says: str) -> None:
    notes = rendered_text(values, release="bot", namespace="tools")["NOTES.txt"]

    assert says in notes
    assert "kubectl -n tools exec bot-casebook-0 -- casebook doctor\n" in notes
    assert "\n\n\n" not in notes
    assert rendered_text(VARIANTS["buttons"])["NOTES.txt"].count("nobody may press") == 0
