"""Clean the names and values of labels that a template of an alert garbled, and refuse what is no name of an object."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final

CUT: Final = "…"
# Labels of other systems, by Prometheus' names for the same.
_ALIASES: Final[Mapping[str, str]] = {
    "kube_namespace": "namespace", "kubernetes_namespace": "namespace", "k8s_namespace": "namespace",
    "k8s_namespace_name": "namespace", "pod_namespace": "namespace",
    "kubernetes_pod_name": "pod", "kubernetes_pod": "pod", "k8s_pod_name": "pod", "k8s_pod": "pod", "kube_pod": "pod",
    "kube_deployment": "deployment", "k8s_deployment_name": "deployment", "kube_stateful_set": "statefulset",
    "k8s_statefulset_name": "statefulset", "kube_daemon_set": "daemonset", "k8s_daemonset_name": "daemonset",
    "kube_replica_set": "replicaset", "kube_job": "job_name", "kube_cronjob": "cronjob", "kube_service": "service",
    "kube_node": "node", "kubernetes_node": "node", "k8s_node_name": "node", "node_name": "node",
    "kube_container_name": "container", "container_name": "container", "alert_name": "alertname",
    "告警名称": "alertname", "告警规则": "alertname", "规则名称": "alertname", "告警": "alert",
    "命名空间": "namespace", "名称空间": "namespace", "容器组": "pod", "pod名称": "pod", "节点": "node",
    "实例": "instance",
}  # fmt: skip
_ESCAPED: Final = re.compile(r"\\+(?=[-_*`~.\[\](){}#+!|>:=\"'])")
_SLACK_LINK: Final = re.compile(r"<(?:https?://|mailto:)[^<>|\n]{0,4000}\|([^<>\n]{0,1000})>")
_MARKDOWN_LINK: Final = re.compile(r"\[([^\[\]\n]{1,300})\]\(https?://[^()\s]{1,4000}\)")
# What templates leave where they have no value.
_MISSING: Final = re.compile(r"(?i)<no value>|<nil>|%!\w?\(|\{\{|\}\}|\$labels|\[no value\]")
_NONE: Final = frozenset({"null", "nil", "none", "n/a", "na", "unknown", "undefined", "-", "--", "missing"})
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?(?::\d{1,5})?")
_WRAPS: Final = "`'\"*_<>()[] "
_AFTER_WRAP: Final = re.compile(r"(?<=[`'\"*_>])[.,;:!]+$")
_DOTS: Final = ("…", "...", "..")


def plain_line(line: str) -> str:
    """Return a line without what Markdown and HTML add to it: escapes, entities, links."""
    if "&" in line:
        line = html.unescape(line)
    if "\\" in line:
        line = _ESCAPED.sub("", line)
    if "://" in line:
        line = _MARKDOWN_LINK.sub(r"\1", _SLACK_LINK.sub(r"\1", line))
    return line


def label_name(name: str) -> str:
    """Return the name of a label as Prometheus has it."""
    plain = name.lower().replace(" ", "_").replace(".", "_").replace("-", "_")
    return _ALIASES.get(plain, plain)


def plain_value(value: str) -> str:
    """Return a label's value without quotes and emphasis; "" if the template had none."""
    if _MISSING.search(value):
        return ""
    stripped = _AFTER_WRAP.sub("", value.strip()).strip(_WRAPS).rstrip(",;").strip(_WRAPS)
    return "" if is_missing(stripped) else stripped


def is_missing(value: str) -> bool:
    """Return whether a value says that there is none."""
    return value.lower() in _NONE


def object_name(value: str) -> str:
    """Return a value as the name of an object, one that was cut off with "…" at its end; "" if it cannot be one.

    Kubernetes has no name in upper case: templates write some so.
    """
    is_cut = value.endswith((*_DOTS, "-"))
    name = value.rstrip(".…-,;:!?") if is_cut else value.rstrip(".,;:!?")
    if name.isupper():
        name = name.lower()
    if not _NAME.fullmatch(name):
        return ""
    return f"{name}{CUT}" if is_cut else name
