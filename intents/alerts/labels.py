"""Read the labels of alerts from a text: a monitoring system's post, or what a person copied from it.

Names and values that a template garbled are cleaned; what is no name of an object is refused.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Final

from intents.alerts.links import labels_of_link, shown_links
from intents.alerts.objects import KINDS, LABELS_OF, object_of
from intents.kinds import CLUSTER_SCOPED
from intents.named_objects import Focus

# Possessive: ":-:-:-" would be read in exponentially many ways.
EMOJI: Final = r"(?::[\w+-]+:|[^\w\s\[【(<\"']|\s)*+"
LABEL: Final = r"\[(?:resolved|ok|recovered|closed|已恢复|恢复)[^\]]*\]|【[^】]*(?:恢复|解除|已恢复)】"
# As PagerDuty and Opsgenie write it: "Resolved #1234: …", "*Resolved* <…|#1234>", "Alert #12 closed", "Alert closed: ".
_NUMBERED: Final = (
    r"(?:alert |incident )?(?:resolved|closed)(?: alert| incident)? ?\W{0,5}#\d"
    r"|(?:alert|incident) \W{0,3}#\d+\W{0,3} (?:is |was |has been )?(?:resolved|closed)"
    r"|(?:alert|incident) (?:closed|resolved): |closed alert: "
)
# Robusta ("`resolved`", "Prometheus resolved"), Datadog ("Recovered: …"), templates ("RESOLVED: …", "RESOLVED[2] …").
_OF_APPS: Final = r"resolved`|prometheus (?:alert )?resolved\b|recovered: |(?-i:RESOLVED)(?::|\[\d)"
_LABELLED: Final = re.compile(rf"(?i)^{EMOJI}(?:{LABEL}|{_NUMBERED}|{_OF_APPS})")


def is_labelled_cleared(line: str) -> bool:
    """Return whether the first line of a text has the label of an alert that is over, such as [RESOLVED]."""
    return _LABELLED.match(line.strip()) is not None


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


_ALERT_NAME: Final = "alertname"
# Every message is looked at: most have no label with the name of an alert, and no title of one.
_NAMES: Final = re.compile(r"(?i)alert[ _.-]?name|(?:alert|告警(?:名称|规则)?|规则名称)\W{0,9}[:=：]")
# "- pod = web-0", "• *pod:* `web-0`", "pod: web-0", "pod=web-0", "\"pod\": \"web-0\"," and 命名空间：shop
_LINE: Final = re.compile(
    r"^[\s\-–•\u25cf·*_>|`'\"]*([A-Za-z_\u4e00-\u9fff][A-Za-z0-9_.\u4e00-\u9fff -]{0,62}?)[*_`'\"]*"
    r"\s*[:=：]\s*[*_`]*\s*(\S.{0,400}?)\s*$"
)
# "*Namespace:* shop | *Pod:* web-0": several such pairs in one line.
_BETWEEN: Final = re.compile(r"\s{1,9}\|\s{1,9}|[,;]\s{1,9}|\s{1,9}(?=\*[A-Za-z_])")
# Robusta's table: a bullet, pod and `web-0`. The text may have ' in place of `.
_ROW: Final = re.compile(r"^[\s\-•\u25cf*]*([a-z_][a-z0-9_]{0,62})\s+[`']([^\s`']{1,253})[`']\s*$")
# {pod="web-0", namespace="shop"} and pod=web-0, namespace=shop
_PAIR: Final = re.compile(r"\b([a-z_][a-z0-9_]{0,62})=(?:\"([^\"]{0,253})\"|([^\s,;(){}\"`]{1,253}))")
# Tags: "alertname:KubePodCrashLooping, pod:web-0", and Datadog's "[Triggered on {pod_name:web-0,kube_namespace:shop}]".
_TAGS: Final = re.compile(
    r"(?i)(?:^[\s*_•-]*(?:tags|labels)[*_]*\s*[:=]\s*(?P<listed>.{3,2000})|\{(?P<scope>[^{}]{3,2000})\})"
)
_SCOPE: Final = re.compile(r"\s*(?:on )?\{[^{}]*\}\s*")
_TAG: Final = re.compile(r"(?:^|[\s,|\[`'])([a-z_][a-z0-9_.]{0,62}):([^\s,;|\[\]`':=]{1,253})(?=$|[\s,;|\]`'])")
# The state at the head of a title, as apps write it, and what the title says.
_STATED: Final = re.compile(
    r"(?i)(?:\[(?:firing|alerting|triggered|resolved|recovered)\b[^\]]*\]"
    rf"|^{EMOJI}(?:(?:re-)?triggered: |recovered: |(?-i:FIRING|RESOLVED)(?::|\[\d{{1,4}}\]))"
    r"|【[^】]*(?:告警|触发|报警|恢复)[^】]*】)\s*(.{3,600})"
)
# Alertmanager's default title: values of labels without their names, in an order that depends on its settings.
_TITLE: Final = re.compile(r"(?i)(?:\[(?:firing|alerting)\b[^\]]*\]|(?-i:FIRING)(?::|\[\d{1,4}\]))\s+(.{3,600})")
_WORD: Final = re.compile(r"[^\s()\[\],\"]+")
# An alert's name as rules are named: KubePodCrashLooping.
_RULE: Final = re.compile(r"(?<![\w./-])[A-Za-z][A-Za-z0-9]{2,120}+(?![\w/-])")
_CAMEL: Final = re.compile(r"[a-z][A-Z]")
_PORT: Final = re.compile(r":\d+$")
# In alerts about machines and aggregated APIs, labels that name a target elsewhere name the object.
_KINDS: Final = {**KINDS, "instance": "Node", "name": "APIService"}
_MOST_VALUES: Final = 4
_LONGEST: Final = 400
_LONGEST_LINE: Final = 4_000
_MOST_ALERTS: Final = 50
_TITLES: Final = 3
# Values of labels that say how an alert was measured, not what it is about.
_NOISE: Final = re.compile(
    r"(?i)\S*kube-state-metrics\S*|kube-rbac-proxy\S*|kubelet|node-exporter|https?(?:-\w+)*|metrics|\S+:\d+|\S+/\S+"
    r"|warning|critical|info|none|page|[0-9a-f]{8}-[0-9a-f-]{27}|.*(?-i:[A-Z]).*"
)
# PagerDuty and others write "Service: …" for what they call a service.
_APPS_SERVICE: Final = "service of the app"
# Labels that name objects, so that a value which cannot be a name is none.
_OF_OBJECTS: Final = frozenset({*KINDS, "namespace", "exported_namespace", "instance", "nodename", "container"})

# Of a cut name the cluster may tell the object, but not of a place.
_NEVER_CUT: Final = frozenset({"namespace", "exported_namespace", "container"})


def labels_in(lines: Iterable[str]) -> Mapping[str, str]:
    """Return the labels of the first alert of a text that names an object, else of the first; {} if there is none."""
    alerts = alerts_in(lines)
    return next(filter(object_of, alerts), alerts[0] if alerts else {})


def alerts_in(lines: Iterable[str]) -> tuple[Mapping[str, str], ...]:
    """Return the labels of each alert that a text lists."""
    texts = [plain_line(line) for line in list(lines)[:_LONGEST]]
    if not (any(map(_NAMES.search, texts)) or any(map(_STATED.search, texts[:_TITLES]))):
        return ()
    alerts: list[dict[str, str]] = []
    before: dict[str, str] = {}
    for group in _groups(texts):
        if _ALERT_NAME in group and len(alerts) < _MOST_ALERTS:
            # What stands above the first alert is about all of them.
            alerts.append({**group, **{key: value for key, value in before.items() if not alerts and key not in group}})
        else:
            for key, value in group.items():
                (alerts[-1] if alerts else before).setdefault(key, value)
    if not alerts and _OF_OBJECTS & before.keys() and (name := _titled_name(texts)):
        alerts.append({_ALERT_NAME: name, **before})
    return tuple(map(_without_app, _joined(alerts)))


def titled_objects(lines: Iterable[str]) -> tuple[Focus, ...]:
    """Return what the title of an alert may be about: the cluster tells which of them exists.

    Without the names of labels it is open which value is the namespace.
    """
    for line in list(lines)[:_TITLES]:
        if match := _TITLE.search(shown_links(plain_line(line))[0]):
            found = _titled(match[1])
            if found:
                return found
    return ()


def _titled(title: str) -> tuple[Focus, ...]:
    grouped, _, common = title.partition("(")
    words = _WORD.findall(title)
    labels = next((LABELS_OF[word] for word in words if word in LABELS_OF), ())
    kind = next((each for label, each in _KINDS.items() if label in labels), "")
    if not kind:
        return ()
    if "instance" in labels:
        words = [_PORT.sub("", word) for word in words]
    values = _values(words)
    if kind in CLUSTER_SCOPED:
        return tuple(Focus(kind=kind, name=value) for value in values)
    # Values of the labels by which alerts are grouped come first: mostly the namespace is among them.
    group = _values(_WORD.findall(grouped)) if common else []
    pairs = [(home, value) for home in group for value in values if home != value] or permutations(values, 2)
    alone = [Focus(kind=kind, name=group[0])] if len(group) == 1 else []
    return (*(Focus(kind=kind, namespace=home, name=value) for home, value in pairs), *alone)


def _values(words: Sequence[str]) -> list[str]:
    return [word for word in words if not _NOISE.fullmatch(word) and object_name(word)][:_MOST_VALUES]


def is_alert(text: str) -> bool:
    """Return whether a text is the post of an alert, whether it stands or is over."""
    lines = text.splitlines()
    return bool(labels_in(lines) or titled_objects(lines))


def is_over(text: str) -> bool:
    """Return whether a text is the post of an alert that is over."""
    return is_labelled_cleared(next(filter(None, text.splitlines()), ""))


def _groups(texts: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the labels of each line, and those of a link after the line that shows it."""
    for text in texts:
        line, links = shown_links(text[:_LONGEST_LINE])
        for pairs in (_pairs(line), *(labels_of_link(link).items() for link in links)):
            group: dict[str, str] = {}
            for name, raw in pairs:
                key = label_name(name)
                value = plain_value(raw)
                if key in _OF_OBJECTS:
                    value = object_name(value)
                if key in _NEVER_CUT and value.endswith(CUT):
                    continue
                if value and key:
                    group.setdefault(key, value)
            if group:
                yield group


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    paired = _PAIR.findall(line)
    tagged = [pair for match in _TAGS.finditer(line) for pair in _TAG.findall(match["listed"] or match["scope"] or "")]
    if len(paired) > 1 or (paired and "{" in line):
        yield from ((key, quoted or plain) for key, quoted, plain in paired)
    elif tagged:
        yield from tagged
    elif match := _ROW.match(line):
        yield match[1], match[2]
    elif match := _LINE.match(line):
        pieces = _BETWEEN.split(line)
        several = [each for piece in pieces if (each := _LINE.match(piece))]
        for each in several if len(several) == len(pieces) else [match]:
            yield from _line(each[1], each[2])
    else:
        yield from ((key, quoted or plain) for key, quoted, plain in paired)


def _line(key: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the label that a line of its own has: a sentence is no value of a label, but it may be an alert's name."""
    name = label_name(key)
    plain = plain_value(value)
    if key[0].isupper() and name == "service":
        yield _APPS_SERVICE, value
    elif name == "alert":
        # The name of an alert, or its description.
        if _rule_in(plain) == plain:
            yield _ALERT_NAME, plain
    elif name == _ALERT_NAME or " " not in plain:
        yield name, value


def _without_app(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return labels with the service of the alerting app as that of Kubernetes only if the alert has such a label."""
    own = {key: value for key, value in labels.items() if key != _APPS_SERVICE}
    if _APPS_SERVICE in labels and "service" in LABELS_OF.get(own[_ALERT_NAME], ()):
        own.setdefault("service", labels[_APPS_SERVICE])
    return own


def _titled_name(texts: Sequence[str]) -> str:
    """Return the name of an alert in its title, "" if no title says that something fires or is over."""
    for text in texts[:_TITLES]:
        if match := _STATED.search(text):
            title = _SCOPE.sub(" ", shown_links(match[1])[0])
            return _rule_in(title) or title.strip(" *_`'")
    return ""


def _rule_in(text: str) -> str:
    return next((word for word in _RULE.findall(text) if _CAMEL.search(word)), "")


def _joined(alerts: Sequence[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Join what a post says twice about one alert: a list of labels and the link that filters by them."""
    last: dict[str, str] = {}
    for labels in alerts:
        if last and all(last.get(key, value) == value for key, value in labels.items()):
            last.update(labels)
            continue
        if last:
            yield last
        last = labels
    if last:
        yield last
