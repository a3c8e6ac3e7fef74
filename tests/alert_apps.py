"""Posts of alerts as apps send them to Slack: the message before and after the alert is over.

Shapes: Alertmanager's and Grafana's default templates, Monzo's template for Alertmanager, Robusta's Slack sender, and
the apps of PagerDuty, Opsgenie and Datadog. All are about the pod shop/web-0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

Post = dict[str, Any]

LABELS: Final = {
    "alertname": "KubePodCrashLooping", "container": "app", "endpoint": "http", "instance": "10.1.2.3:8080",
    "job": "kube-state-metrics", "namespace": "shop", "pod": "web-0", "severity": "warning",
}  # fmt: skip
RED, GREEN = "#a30200", "#2eb886"


def section(text: str) -> Post:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": False}}


def _default_title(state: str) -> str:
    common = " ".join(value for name, value in LABELS.items() if name not in ("alertname", "namespace"))
    return f"[{state}] KubePodCrashLooping shop ({common})"


def alertmanager(over: bool) -> Post:
    """Return the default: a title whose values have no names, and nothing else."""
    title, link = _default_title("RESOLVED" if over else "FIRING:1"), "https://am.example/#/alerts?receiver=slack"
    one = {"title": title, "title_link": link, "fallback": f"{title} | {link}", "color": "good" if over else "danger"}
    return {"attachments": [{"id": 1, "mrkdwn_in": ["fallback", "pretext", "text"], **one}]}


def monzo(over: bool) -> Post:
    """Return a template that has the labels only in the address of its silence."""
    pairs = ", ".join(f'{name}="{value}"' for name, value in LABELS.items())
    quoted = quote(pairs, safe='"')
    silence = f"https://am.example/#/silences/new?filter=%7B{quoted}%7D"
    title = f"{':green_heart: [RESOLVED' if over else ':fire: [FIRING:1'}] KubePodCrashLooping"
    actions = [{"id": "1", "type": "button", "text": "Silence :no_bell:", "url": silence, "style": "default"}]
    one = {"title": title, "text": "The pod restarts.", "actions": actions, "color": GREEN if over else RED}
    return {"attachments": [{"callback_id": "bot", "fallback": f"{title} | https://am.example", **one}]}


def grafana(over: bool) -> Post:
    """Return a group of which the other alert, about web-1, is over in any case."""
    ended = _of_grafana({**LABELS, "pod": "web-1"})
    text = f"**Resolved**\n{ended}" if over else f"**Firing**\n{_of_grafana(LABELS)}\n\n**Resolved**\n{ended}"
    text = text.replace("**Resolved**\n", f"**Resolved**\n{_of_grafana(LABELS)}") if over else text
    title = f"[{'RESOLVED' if over else 'FIRING:1, RESOLVED:1'}] KubePodCrashLooping shop "
    one = {"title": title, "text": text, "fallback": title, "footer": "Grafana v11.2.0"}
    color = "#36a64f" if over else "#D63232"
    return {"attachments": [{"color": color, "title_link": "https://grafana.example/alerting/list", **one}]}


def _of_grafana(labels: Mapping[str, str]) -> str:
    listed = "\n".join(f" - {name} = {value}" for name, value in labels.items())
    matchers = "&amp;".join(f"matcher={quote(f'{name}={value}', safe='')}" for name, value in labels.items())
    silence = f"<https://grafana.example/alerting/silence/new?alertmanager=grafana&amp;{matchers}&amp;orgId=1>"
    annotations = "Annotations:\n - summary = A pod restarts.\nSource: <https://grafana.example/alerting/a1/view>"
    return f"\nValue: A=1, C=1\nLabels:\n{listed}\n{annotations}\nSilence: {silence}\n"


def robusta(over: bool) -> Post:
    """Return a message whose text is the title, with the labels in the blocks of an attachment."""
    title = "Pod is crash-looping"
    state = ":white_check_mark: `resolved`" if over else ":fire: `firing`"
    rows = "\n".join(f"● {name} `{value}`" for name, value in LABELS.items())
    menu = [
        {"type": "button", "action_id": "link_0", "text": {"type": "plain_text", "text": "Silence"}, "url": "https://x"}
    ]
    blocks = [
        section(f"{state} :large_yellow_circle: `low` <https://platform.robusta.example/f/1|*{title}*>"),
        {"type": "actions", "elements": menu},
        section("*Source:* `prod`"),
        section(":rotating_light: *Alert:* A container restarts."),
        {"type": "divider"},
    ]
    attached = {"color": "#00B302" if over else "#EF311F", "blocks": [section(f"*Alert labels*\n{rows}")]}
    text = f"[RESOLVED] {title}" if over else title
    return {"text": text, "blocks": blocks, "attachments": [{**attached, "fallback": "[no preview available]"}]}


def pagerduty(over: bool) -> Post:
    """Return an incident whose title is that of Alertmanager, which fires in the title for ever."""
    state, link = "Resolved" if over else "Triggered", "https://acme.pagerduty.com/incidents/Q1UEOA2CBT90GM"
    title = _default_title("FIRING:1")
    fields = [
        {"title": "Service", "value": "<https://acme.pagerduty.com/services/P2|web>", "short": True},
        {"title": "Assigned", "value": "<https://acme.pagerduty.com/users/P1|Bo>", "short": True},
    ]
    actions = [{"id": "1", "name": "resolve", "text": "Resolve", "type": "button", "value": "resolve"}]
    one = {"text": f"*{state}* <{link}|#1234>: {title}", "fields": fields, "actions": actions}
    return {"attachments": [{"color": "good" if over else RED, "fallback": f"{state} #1234: {title}", **one}]}


def opsgenie(over: bool) -> Post:
    title, link = "#12: [Prometheus]: KubePodCrashLooping", "https://acme.app.opsgenie.com/alert/detail/ab12/details"
    if over:
        return {"text": f'Alert closed: <{link}|#12> "[Prometheus]: KubePodCrashLooping"'}
    tags = ", ".join(f"{name}:{value}" for name, value in LABELS.items())
    fields = [{"title": "Priority", "value": "P3", "short": True}, {"title": "Tags", "value": tags, "short": False}]
    one = {"title": title, "title_link": link, "fields": fields, "fallback": f"New alert: {title}", "color": RED}
    return {"text": f"New alert: <{link}|{title}>", "attachments": [one]}


def datadog(over: bool) -> Post:
    state = "Recovered" if over else "Triggered"
    title = f"[{state} on {{kube_namespace:shop,pod_name:web-0}}] A pod restarts"
    one = {"title": title, "title_link": "https://app.datadoghq.com/monitors/1", "text": "It restarts too often."}
    return {"attachments": [{"color": GREEN if over else RED, "fallback": title, **one}]}


def block_kit(over: bool) -> Post:
    """Return a template of the user's own, of rich text and fields."""
    state = ("white_check_mark", " Resolved") if over else ("fire", " [FIRING] KubePodCrashLooping")
    title = [{"type": "emoji", "name": state[0]}, {"type": "text", "text": state[1], "style": {"bold": True}}]
    fields = [{"type": "mrkdwn", "text": "*Namespace:*\nshop"}, {"type": "mrkdwn", "text": "*Pod:*\n`web-0`"}]
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": title}]}
    blocks = [
        rich,
        {"type": "section", "fields": [*fields, {"type": "mrkdwn", "text": "*Alert:*\nKubePodCrashLooping"}]},
    ]
    return {"text": "KubePodCrashLooping", "blocks": blocks}


APPS: Final[tuple[Callable[[bool], Post], ...]] = (
    alertmanager, monzo, grafana, robusta, pagerduty, opsgenie, datadog, block_kit,
)  # fmt: skip
