"""Posts of alerts that templates garbled, or that list several alerts: what is read from them, and what never is."""

from __future__ import annotations

import time

import pytest

from intents.alerts.alert import identities
from intents.alerts.labels import alerts_in, labels_in
from intents.alerts.objects import object_of
from intents.alerts.states import states_in
from intents.naming import TextNames
from intents.symptoms import read_symptoms
from intents.text_cleanup import unformatted

HEAD = "[FIRING:1] KubePodCrashLooping\nalertname: KubePodCrashLooping\nnamespace: shop\n"
LISTED = "- alertname = KubePodCrashLooping\n- namespace = shop\n- pod = {}\n"


def objects_in(text: str) -> list[tuple[str, str, str, bool]]:
    """Return the objects of a text as Slack stores it."""
    found = TextNames(read_symptoms(unformatted(text))).objects()
    return [(one.kind, one.namespace, one.value, one.certain) for one in found]


def named_in(text: str) -> list[str]:
    return [labels.get("pod", "") for labels in alerts_in(text.splitlines())]


@pytest.mark.parametrize(
    "line",
    [
        "pod: web\\-0", "*pod*: _web-0_", "pod: `web-0`.", "• *pod:* `web-0`", "pod = &quot;web-0&quot;,", "POD: WEB-0",
        "pod: <https://grafana.example/d/pods?var-pod=web-0|web-0>", "pod: [web-0](https://grafana.example/d/pods)",
        "pod: &amp;lt;web-0&amp;gt;", "kubernetes.pod.name: web-0", "Pod: web-0 (app)", "pod=web-0, container=app",
        "k8s_pod_name: 'web-0'", "pod: web-0;", '"pod": "web-0",', "*Cluster:* prod | *Pod:* web-0",
        "节点: a\n容器组：web-0", "*Severity:* warning *Pod:* web-0 *Team:* a", "container: app, pod: web-0",
        "Pod: shop/web-0",
    ],
)  # fmt: skip
def test_a_garbled_name_is_read(line: str) -> None:
    assert ("pod", "shop", "web-0", True) in objects_in(HEAD + line)


@pytest.mark.parametrize(
    "line", ["pod: web-7d9f8b5c4-", "pod: web-7d9f8…", "pod: web-7d9f8...", "pod: web-7d9f8-\nx2x9k"]
)
def test_a_name_that_was_cut_is_no_certain_object(line: str) -> None:
    [(kind, namespace, name, certain)] = objects_in(HEAD + line)

    assert (kind, namespace, certain) == ("pod", "shop", False)
    assert name.startswith("web-7d9f8")


def test_a_namespace_that_was_cut_is_none() -> None:
    assert labels_in(["alertname: X", "namespace: sh…", "pod: web-0"]) == {"alertname": "X", "pod": "web-0"}


@pytest.mark.parametrize(
    "line",
    [
        "pod: <no value>", "pod: &lt;no value&gt;", "pod: {{ $labels.pod }}", "pod: %!s(<nil>)", "pod: null",
        "pod: n/a", "pod: $labels.pod", "pod: [no value]", "pod: -", "pod: {{.Labels.pod}}", "pod: undefined", "pod: ",
    ],
)  # fmt: skip
def test_what_a_template_left_is_no_object(line: str) -> None:
    assert objects_in(HEAD + line) == []


@pytest.mark.parametrize(
    "text",
    [
        "FIRING: KubePodCrashLooping\nNamespace: shop\nPod: web-0", "FIRING[1] X\nnamespace=shop pod=web-0",
        "🔔 Alert:\n- Labels: map[alertname:KubePodCrashLooping namespace:shop pod:web-0]\n- Values: map[A:1]",
        "FIRING: KubePodCrashLooping shop (app web-0 warning)",
        "*Alert:* PodRestarts\nalertname: X\nnamespace=shop pod=web-0",
        "【告警】KubePodCrashLooping\n命名空间：shop\n容器组：web-0",
        "Triggered: A pod restarts on {kube_namespace:shop,pod_name:web-0}",
    ],
)  # fmt: skip
def test_an_alert_is_read_from_a_template_of_the_users_own(text: str) -> None:
    assert ("pod", "shop", "web-0") in [found[:3] for found in objects_in(text)]
    assert states_in(text).over == ""


def test_each_alert_of_a_list_has_its_own_labels() -> None:
    text = "[FIRING:2] KubePodCrashLooping\n" + LISTED.format("web-0") + "- container = app\n" + LISTED.format("web-1")

    assert named_in(text) == ["web-0", "web-1"]
    assert "container" not in alerts_in(text.splitlines())[1]


def test_a_link_does_not_make_another_alert_of_the_labels_beside_it() -> None:
    link = "https://g.example/alerting/silence/new?matcher=alertname%3DKubePodCrashLooping&matcher=pod%3Dweb-0"

    assert named_in(f"{LISTED.format('web-0')}Silence: {link}\n{LISTED.format('web-1')}") == ["web-0", "web-1"]


@pytest.mark.parametrize(
    "link",
    [
        "https://g.example/alerting/silence/new?alertmanager=grafana&matcher=alertname%3DX&matcher=namespace%3Dshop"
        "&matcher=pod%3Dweb-0&orgId=1",
        "https://am.example/#/silences/new?filter=%7Bnamespace%3D%22shop%22%2C%20pod%3D%22web-0%22%2C%20alertname%3D%22X%22%7D",
        "https://am.example/#/alerts?filter={alertname=%22X%22,namespace=%22shop%22,pod=%22web-0%22}",
        "https://platform.robusta.example/silences/create?alertname=X&namespace=shop&pod=web-0",
    ],
)
def test_labels_are_read_from_a_link(link: str) -> None:
    about = object_of(labels_in([f"Silence: {link}"]))

    assert about is not None
    assert (about.kind, about.namespace, about.name) == ("Pod", "shop", "web-0")


@pytest.mark.parametrize(
    "link",
    [
        "https://g.example/d/a?var-namespace=shop&matcher=pod%3D~web.*",
        "https://p.example/graph?g0.expr=kube_pod_info%7Bnamespace%3D%22shop%22%2Cpod%3D%22web-0%22%7D",
        "https://am.example/#/alerts?filter=%7Bnamespace%21%3D%22shop%22%7D",
        "https://am.example/?filter=%",
        "https://[am.example/?filter=a",
    ],
)
def test_other_links_have_no_labels(link: str) -> None:
    assert labels_in([f"alertname: X {link}", f"Graph: {link}"]).keys() <= {"alertname"}


@pytest.mark.parametrize(
    "text",
    [
        "**Firing**\n{0}\n\n**Resolved**\n{1}", "*Alerts Firing:*\n{0}\n*Alerts Resolved:*\n{1}",
        ":white_check_mark: Resolved (1)\n{1}\n:fire: Firing (1)\n{0}", "[RESOLVED] One\n{1}\n[FIRING:1] Other\n{0}",
        "[FIRING:1, RESOLVED:1] Both\nAlerts Firing:\n{0}\nAlerts Resolved:\n{1}",
        "  1 firing:\n  [firing] X\n{0}\n  1 resolved:\n  [resolved] X\n{1}",
        "**🚨 Firing Alerts 🚨**\n**Alert Name:** KubePodCrashLooping\n{0}\n**✅ Resolved Alerts**\n{1}",
        "{0}*Status:* firing\n\n{1}*Status:* :white_check_mark: `resolved`",
    ],
)  # fmt: skip
def test_a_post_that_lists_both_is_divided(text: str) -> None:
    states = states_in(text.format(LISTED.format("web-0"), LISTED.format("web-1")))

    assert named_in(states.standing) == ["web-0"]
    assert named_in(states.over) == ["web-1"]


@pytest.mark.parametrize(
    "text",
    [
        "Alertmanager\n[RESOLVED] X\n{0}", ":white_check_mark: *Resolved*\n{0}", "Status: Resolved\n{0}",
        "#1 X\nStatus: resolved :white_check_mark: (on the source)\nFiring: 0\nResolved: 1\n{0}",
        "#12: [FIRING:1] X\n*Status:* Closed\n{0}", "*Resolved* #12: [FIRING:1] X\n{0}", "Alert closed: #12\n{0}",
        ":large_green_circle: `resolved` X\n{0}", "✅ *Prometheus resolved* X\n{0}", "Recovered: X\n{0}",
        "RESOLVED: KubePodCrashLooping\n{0}", "RESOLVED[2] KubePodCrashLooping - Team a\n{0}",
        "**Resolved**\n{0}", "【恢复】X\n{0}", "告警状态：已恢复\n{0}",
    ],
)  # fmt: skip
def test_a_post_that_is_over_says_nothing_that_stands(text: str) -> None:
    states = states_in(text.format(LISTED.format("web-0")))

    assert states.standing == ""
    assert set(identities(LISTED.format("web-0"))) & set(identities(states.over, over=True)) or "#12" in states.over


@pytest.mark.parametrize(
    "text",
    [
        "Deploy of web\nStatus: OK", "a pull request\nState: closed", "a\nb\nc\nd\n[RESOLVED] the ticket below",
        "#1 X\nStatus: firing :warning: (on the source)\nFiring: 1\nResolved: 0\n- alertname: X\n- pod: web-0",
        "[FIRING:1] X\nIt could not be resolved", "Deploy of web\n[OK] built\nBack-off pulling image",
        "Changes\nResolved #12\nerror: no such host", "the resolved version is 1.2\nerror: no such host",
    ],
)  # fmt: skip
def test_another_post_stands(text: str) -> None:
    assert states_in(text).standing == text
    assert states_in(text).over == ""


@pytest.mark.parametrize(
    "piece", [":-", "[firing", "a:b,", "{a:", "alert= ", "-*_ ", "【", "<http://a|", "Aa", "a:  ", " ", "\\", "`'"]
)
def test_a_hostile_post_takes_no_time(piece: str) -> None:
    text = f"alert {piece * 2000}\n{piece * 40} alert"
    began = time.process_time()

    for line in (text, f"{piece * 2000}x"):
        states_in(line)
        identities(line, over=True)

    assert time.process_time() - began < 0.5
