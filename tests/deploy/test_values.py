"""Check the chart's values: known ones are accepted, unknown ones are rejected by name, tokens above all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from helm_python import lint
from helm_python.errors import HelmError

from bot.settings import Settings
from tests.deploy.chart_files import BY_THE_CHART
from tests.deploy.rendering import CHART, VARIANTS, Values, kind, rendered

DATABASE = {"urlSecret": {"name": "casebook-database"}}
HTTP = {"mode": "http"}
MANY = {"clientId": "1.2", "files": {"default": {"settings.yaml": "lang: en"}}}
HOST = {"enabled": True, "host": "casebook.example.com"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_helm_lint_finds_nothing(variant: str) -> None:
    report = lint(CHART, dict(VARIANTS[variant]), strict=True, namespace="casebook", kube_version="v1.33.0")

    problems = [each for each in report["messages"] if each["severity"] > 1]
    assert (problems, report["errors"]) == ([], [])


@pytest.mark.parametrize(
    "values",
    [
        {"image": {"repository": "registry.example.com:5000/team/casebook", "tag": "0.1.0-rc.1"}},
        {"replicas": 20, "database": DATABASE},
        {"slack": HTTP, "ingress": HOST},
        {"slack": {"secret": {"name": "mine", "botToken": "SLACK_BOT_TOKEN"}}},
        {"settings": {"deadline": 0.5, "lang": "en", "incident_channels": ["-"], "audit_channel": "C0123ABCD"}},
        {"catalog": {"my-entry.yaml": "id: my-entry"}},
        {"remediation": {"actions": ["restart-pod"], "namespaces": ["shop"]}},
        {"remediation": {"actions": ["drain"], "everyNamespace": True}},
        {"global": {"anything": 1}},
    ],
    ids=str,
)
def test_accepted(values: Values) -> None:
    assert rendered(values)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"replica": 2}, "replica"),
        ({"replicas": 0}, "/replicas"),
        ({"replicas": "2"}, "/replicas"),
        # Only one process can use a SQLite file.
        ({"replicas": 2}, "/database/urlSecret/name"),
        ({"slack": {"mode": "rtm"}}, "/slack/mode"),
        ({"slack": {"botToken": "xoxb-1"}}, "botToken"),
        ({"slack": {"secret": {"name": ""}}}, "/slack/secret/name"),
        ({"slack": {"secret": {"value": "xoxb-1"}}}, "value"),
        ({"database": {"url": "postgresql://a:b@c/d"}}, "url"),
        ({"prometheus": {"token": "abc"}}, "token"),
        ({"settings": {"deadlin": 8}}, "deadlin"),
        ({"settings": {"deadline": 0}}, "/settings/deadline"),
        ({"settings": {"log_level": "loud"}}, "/settings/log_level"),
        ({"settings": {"slack_bot_token": "xoxb-1"}}, "slack_bot_token"),
        ({"settings": {"replica": "one"}}, "replica"),
        ({"catalog": {"../entry.yaml": "id: entry"}}, "../entry.yaml"),
        ({"catalog": {"entry.yml": "id: entry"}}, "entry.yml"),
        ({"remediation": {"actions": ["restart-pods"], "namespaces": ["shop"]}}, "/remediation/actions/0"),
        # Namespaces are required, or everyNamespace explicitly.
        ({"remediation": {"actions": ["restart-pod"]}}, "/remediation/namespaces"),
        ({"remediation": {"actions": ["restart-pod"], "namespaces": ["*"]}}, "/remediation/namespaces/0"),
        (
            {"remediation": {"actions": ["restart-pod"], "namespaces": ["shop"], "everyNamespace": True}},
            "/remediation/namespaces",
        ),
        ({"workspaces": {"clientId": "1.2"}}, "/workspaces"),
        ({"workspaces": {"files": MANY["files"]}}, "/workspaces/files"),
        ({"workspaces": {"clientId": "client"}}, "/workspaces/clientId"),
        *(
            ({"workspaces": {**MANY, "files": {id: {"policy.yaml": "a: b"}}}}, f"'{id}'")
            for id in ("..", "C0123ABCD", "t0")
        ),
        ({"workspaces": {**MANY, "files": {"T0123ABCD": {}}}}, "/workspaces/files/T0123ABCD"),
        ({"workspaces": {**MANY, "files": {"T0123ABCD": {"alerts-token": "abc"}}}}, "alerts-token"),
        ({"workspaces": MANY, "policy": "reading: []"}, "/policy"),
        ({"workspaces": MANY, "api": {"tokens": "[]"}}, "/api/tokens"),
        # In Socket Mode Slack calls no address.
        ({"ingress": HOST}, "/slack/mode"),
        ({"slack": HTTP, "ingress": {"enabled": True}}, "/ingress/host"),
        ({"slack": HTTP, "ingress": {"enabled": True, "host": "https://casebook.example.com"}}, "/ingress/host"),
        ({"listen": "0.0.0.0:8080"}, "/listen"),
        ({"networkPolicy": {"tlsPorts": []}}, "/networkPolicy/tlsPorts"),
        ({"persistence": {"size": "1"}}, "/persistence/size"),
        ({"proxy": {"CASEBOOK_SLACK_BOT_TOKEN": "xoxb-1"}}, "CASEBOOK_SLACK_BOT_TOKEN"),
        ({"env": [{"name": "A", "value": "b"}]}, "env"),
        ({"prometheus": {"url": "http://reader:secret@prometheus:9090"}}, "/prometheus/url"),
        ({"otlp": {"endpoint": "http://reader:secret@collector:4318"}}, "/otlp/endpoint"),
        ({"otlp": {"headers": "api-key=abc"}}, "headers"),
        # The Service and the NetworkPolicy select the pods by these labels.
        ({"podLabels": {"app.kubernetes.io/name": "other"}}, "app.kubernetes.io/name"),
        # Text after a line break would become a separate YAML field.
        ({"priorityClassName": "high\n      hostNetwork: true"}, "/priorityClassName"),
        ({"image": {"repository": 'a"\n          command: [sh]\n          x: "'}}, "/image/repository"),
        ({"persistence": {"storageClass": "fast\n"}}, "/persistence/storageClass"),
        ({"slack": HTTP, "ingress": {**HOST, "className": "web\n"}}, "/ingress/className"),
        ({"slack": HTTP, "ingress": {**HOST, "tlsSecret": "a: b"}}, "/ingress/tlsSecret"),
        ({"policy": "reading: []\u2028acting: []"}, "policy contains a control character or a line separator"),
        ({"channels": "- a\x85"}, "channels contains a control character"),
        ({"catalog": {"mine.yaml": "id: \x0b"}}, "catalog: mine.yaml contains a control character"),
    ],
    ids=str,
)
def test_rejected_by_name(values: Values, names: str) -> None:
    with pytest.raises(HelmError) as refused:
        rendered(values)

    assert names in str(refused.value)


def test_a_context_may_have_an_at_sign_before_its_prometheus() -> None:
    assert rendered({"prometheus": {"url": "admin@prod=http://prom:9090, admin@dev=https://prom.dev"}})


@pytest.mark.parametrize("odd", ["123", "1e3", "0x10", "true", "on", "null"])
def test_names_are_strings_even_if_yaml_would_read_another_type(odd: str) -> None:
    """Otherwise the Role for a namespace called null would be created in the release's namespace."""
    values = {
        "imagePullSecrets": [odd],
        "slack": {"secret": {"name": odd, "botToken": odd, "appToken": odd}},
        "clusters": {"kubeconfigSecret": {"name": odd, "key": odd}},
        "persistence": {"storageClass": odd},
        "priorityClassName": odd,
        "remediation": {"actions": ["restart-pod"], "namespaces": [odd]},
    }
    made = rendered(values, release=odd, namespace=odd)

    roles = [each for each in made if each["kind"] in ("Role", "RoleBinding")]
    assert [each["metadata"]["namespace"] for each in roles] == [odd, odd]
    assert {each["metadata"].get("namespace", odd) for each in made} == {odd}
    assert {each["metadata"]["labels"]["app.kubernetes.io/instance"] for each in made} == {odd}
    assert {type(leaf) for leaf in named(made)} == {str}


def named(value: Any) -> Iterator[Any]:
    """Yield every value of a key that holds a name, a namespace or a key."""
    if isinstance(value, list):
        for each in value:
            yield from named(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in ("name", "namespace", "key", "secretName", "storageClassName", "priorityClassName"):
                yield inner
            yield from named(inner)


def test_a_release_name_with_dots_gives_a_valid_service_name() -> None:
    assert kind(rendered({}, release="team.one"), "Service")["metadata"]["name"] == "team-one-casebook"


def test_every_setting_can_be_set_through_the_chart_in_one_way() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text("utf-8"))
    settings = set(schema["definitions"]["settings"]["properties"])

    assert settings | BY_THE_CHART == set(Settings.model_fields)
    assert not settings & BY_THE_CHART
    # Files are mounted and secrets referenced; neither can be given as text.
    assert not [name for name in settings if schema["definitions"]["settings"]["properties"][name].get("format")]


def test_every_value_has_a_default_and_is_in_the_schema() -> None:
    schema: dict[str, Any] = yaml.safe_load((CHART / "values.schema.json").read_text("utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))

    assert set(values) | {"global"} == set(schema["properties"])
