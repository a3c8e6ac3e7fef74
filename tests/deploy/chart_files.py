"""What of deploy/ is taken from the code or rendered: `make readme` writes it, test_generated.py compares it."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from bot.remedies.registry import actions
from bot.roles.manifests import Account, to_act, to_read
from bot.roles.needs import MARKING, Need, reads, writes
from bot.settings import PREFIX, Settings
from intents.catalog.loader import builtin_directory, load
from intents.field_descriptions import describe
from tests.deploy.rendering import CHART, VARIANTS, rendered_text

MANIFESTS: Final = CHART.parents[1] / "manifests"
RULES: Final = CHART / "files" / "rules.yaml"
SCHEMA: Final = CHART / "values.schema.json"

# Settings that the chart makes of other values: of what it mounts, of Secrets, of what its templates rely on.
BY_THE_CHART: Final = frozenset(
    {
        "catalog", "channels", "context", "contexts", "data", "database_url", "drain", "listen", "policy",
        "prometheus_token", "prometheus_url", "replica", "slack_app_token", "slack_bot_token", "slack_signing_secret",
    }
)  # fmt: skip
# What a namespace is called here matters to nobody: the rules are taken from the role, without it.
_ANY: Final = "any"
_PLAIN: Final = ("socket", "http", "replicas")
_ORDER: Final = (
    "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ConfigMap", "NetworkPolicy",
    "Service", "PodDisruptionBudget", "StatefulSet", "Ingress",
)  # fmt: skip


def write() -> None:
    """In this order: the manifests are rendered from the two others as they are on disk."""
    for path, text in GENERATED.items():
        path.write_text(text(), "utf-8")


def _rules() -> str:
    """What the templates choose from: rules as texts, so that who needs them stands above them in the cluster too."""
    catalog = load([builtin_directory()]).catalog
    marking = {need for need in writes(tuple(actions())) if need.by == MARKING}
    blocks = [
        "# Written by `make readme` from what probes and actions declare.\n",
        _block("read", _text(to_read(Account(), reads(catalog, tuple(actions()))), "ClusterRole")),
        "# The Event about what was written.\n",
        _block("events", _text(to_act(Account(), marking, namespaces=(_ANY,)), "Role")),
        "actions:\n",
    ]
    for name in sorted(actions()):
        written = to_act(Account(), _own(name), namespaces=(_ANY,))
        parts = {"namespaced": _text(written, "Role"), "cluster": _text(written, "ClusterRole")}
        blocks.append(f"  {name}:\n")
        blocks += [_block(part, text, indent=4) for part, text in parts.items() if text]
    return "".join(blocks)


def _own(action: str) -> Iterable[Need]:
    return {need for need in writes((action,)) if need.by != MARKING}


def _text(manifests: Iterable[str], kind: str) -> str:
    """The rules of the one role of this kind; empty where there is none."""
    (text,) = [each.partition("rules:\n")[2] for each in manifests if f"\nkind: {kind}\n" in f"\n{each}"] or [""]
    return textwrap.dedent(text)


def _block(key: str, text: str, *, indent: int = 0) -> str:
    return textwrap.indent(f"{key}: |\n{textwrap.indent(text, '  ')}", " " * indent)


def _schema() -> str:
    """The schema as it is, with `action` and `settings` as the code has them now."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    schema["definitions"]["action"] = {"enum": sorted(actions())}
    schema["definitions"]["settings"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": dict(_settings()),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _settings() -> Iterator[tuple[str, Mapping[str, Any]]]:
    describe(Settings)
    whole = Settings.model_json_schema()
    for name, found in whole["properties"].items():
        setting = name.removeprefix(PREFIX).lower()
        if setting not in BY_THE_CHART:
            yield setting, _property(found, whole["$defs"])


def _property(found: Mapping[str, Any], defined: Mapping[str, Any]) -> Mapping[str, Any]:
    """As JSON Schema says it in one place, without what only pydantic reads; absent instead of null."""
    (kind,) = [each for each in found.get("anyOf", [found]) if each.get("type") != "null"]
    if "$ref" in kind:
        kind = {"enum": defined[kind["$ref"].rpartition("/")[2]]["enum"]}
    kept = {key: value for key, value in {**found, **kind}.items() if key not in ("anyOf", "$ref", "title", "default")}
    return {"description": kept.pop("description"), **kept}


def _plain(variant: str) -> str:
    """A variant as one file to apply, beginning with its namespace, in the order in which things need each other."""
    texts = rendered_text(VARIANTS[variant])
    documents = [
        document.strip("\n") + "\n"
        for file, text in sorted(texts.items())
        if file.endswith(".yaml")
        for document in re.split(r"^---\n", text, flags=re.MULTILINE)
        if document.strip()
    ]
    documents.sort(key=lambda document: _ORDER.index(_kind(document)))
    return "---\n".join([_head(variant), *documents])


def _kind(document: str) -> str:
    return next(line.removeprefix("kind: ") for line in document.splitlines() if line.startswith("kind: "))


def _head(variant: str) -> str:
    return (
        f"# The chart casebook rendered by `make readme`, variant {variant}: see deploy/README.md for what to change.\n"
        "apiVersion: v1\n"
        "kind: Namespace\n"
        "metadata:\n"
        "  name: casebook\n"
        "  labels:\n"
        "    pod-security.kubernetes.io/enforce: restricted\n"
    )


# Every generated file → what makes its text.
GENERATED: Final[Mapping[Path, Callable[[], str]]] = {
    RULES: _rules,
    SCHEMA: _schema,
    **{MANIFESTS / f"{name}.yaml": partial(_plain, name) for name in _PLAIN},
}
