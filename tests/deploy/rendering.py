"""Render the chart with Helm's own engine, loaded as a library, without a cluster or network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from helm_python import Chart

CHART: Final = Path(__file__).parents[2] / "deploy" / "helm" / "casebook"
RELEASE: Final = "casebook"

Values = Mapping[str, Any]
Manifest = dict[str, Any]

_POSTGRESQL: Final = {"urlSecret": {"name": "casebook-database"}}

# The documented variants, which together cover every branch of the templates.
VARIANTS: Final[Mapping[str, Values]] = {
    "socket": {},
    "http": {
        "slack": {"mode": "http"},
        "ingress": {"enabled": True, "host": "casebook.example.com", "tlsSecret": "casebook-tls"},
    },
    "replicas": {"replicas": 3, "database": _POSTGRESQL},
    "buttons": {
        "remediation": {"actions": ["restart-pod", "rollout-restart", "cordon"], "namespaces": ["shop", "bank"]},
        "policy": "reading:\n  - {channels: [C0123ABCD], clusters: ['*'], namespaces: ['*']}\n",
    },
    "workspaces": {
        "replicas": 2,
        "database": _POSTGRESQL,
        "slack": {"mode": "http"},
        "ingress": {"enabled": True, "host": "casebook.example.com"},
        "workspaces": {
            "clientId": "1111.2222",
            "files": {
                "T0123ABCD": {"policy.yaml": "reading: []\n", "settings.yaml": "lang: zh\n"},
                "E0123ABCD": {"channels.yaml": "- {channels: [C0123ABCD], cluster: prod}\n"},
                "default": {"settings.yaml": "lang: en\n"},
            },
            "alertsTokensSecret": "casebook-alerts",
            "exposed": True,
        },
    },
    "installed by socket": {
        "ingress": {"enabled": True, "host": "casebook.example.com"},
        "workspaces": {"clientId": "1111.2222", "files": {"T0123ABCD": {"policy.yaml": "reading: []\n"}}},
    },
    "everything": {
        "image": {"repository": "registry.example.com/casebook", "tag": "1.2.3"},
        "imagePullSecrets": ["registry"],
        "replicas": 2,
        "slack": {"mode": "http"},
        "ingress": {
            "enabled": True,
            "host": "a.example.com",
            "className": "web",
            "annotations": {"example.com/a": "b"},
        },
        "settings": {"deadline": 12.5, "retention_days": 30, "incident_channels": ["inc-*", "war-*"], "lang": "zh"},
        "policy": "acting: []",
        "channels": "- {channels: [C0123ABCD], cluster: prod, namespace: shop}",
        "catalog": {"mine.yaml": "id: mine\nsignatures:\n  - |\n    two\n    lines\n", "yours.yaml": "id: yours\n"},
        "clusters": {"contexts": ["in-cluster", "prod"], "kubeconfigSecret": {"name": "kubeconfigs"}},
        "prometheus": {"url": "http://prometheus.monitoring:9090", "tokenSecret": {"name": "prometheus"}},
        "alertmanager": {"url": "http://alertmanager.monitoring:9093", "tokenSecret": {"name": "alertmanager"}},
        "otlp": {"endpoint": "http://otel-collector.monitoring:4318", "headersSecret": {"name": "collector"}},
        "database": _POSTGRESQL,
        "remediation": {"actions": ["drain", "scale"], "everyNamespace": True},
        "serviceAccount": {"annotations": {"example.com/role": "reader"}},
        "service": {"annotations": {"example.com/a": "b"}},
        "networkPolicy": {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
            "egress": [{"ports": [{"port": 3128, "protocol": "TCP"}]}],
        },
        "metrics": {
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
            "dashboard": {"enabled": True},
        },
        "proxy": {"HTTPS_PROXY": "http://proxy.example.com:3128", "NO_PROXY": "10.0.0.0/8"},
        "podAnnotations": {"example.com/a": "b"},
        "podLabels": {"example.com/team": "sre"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "infra", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "system-cluster-critical",
    },
}


def rendered_text(values: Values, *, release: str = RELEASE, namespace: str = "casebook") -> dict[str, str]:
    """Return each template's file name and rendered text. Raise HelmValuesError if the schema rejects the values."""
    return dict(_rendered(json.dumps(values), release, namespace))


def rendered(values: Values, *, release: str = RELEASE, namespace: str = "casebook") -> list[Manifest]:
    texts = rendered_text(values, release=release, namespace=namespace)
    return [
        each
        for file, text in sorted(texts.items())
        if file.endswith(".yaml")
        for each in parsed(text)
        if each is not None
    ]


def parsed(text: str) -> Iterator[Any]:
    """Parse a text's documents. Uses libyaml, because each chart is read many times."""
    return yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def kind(manifests: list[Manifest], name: str) -> Manifest:
    """Return the only manifest of this kind."""
    (found,) = [each for each in manifests if each["kind"] == name]
    return found


@cache
def _rendered(values: str, release: str, namespace: str) -> tuple[tuple[str, str], ...]:
    chart = _chart()
    given = json.loads(values)
    # The engine alone does not do this; `helm install` and `helm template` do.
    chart.validate_schema(given)
    texts = chart.render(given, name=release, namespace=namespace)
    return tuple((Path(file).name, text) for file, text in texts.items())


@cache
def _chart() -> Chart:
    return Chart.load(CHART)
