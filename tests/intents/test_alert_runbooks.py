"""The runbook that an alert names: in an annotation, in a line, behind the label of a link."""

import pytest

from intents.alerts.links import hidden_runbook, runbook_in, web_address

PAGE = "https://wiki.example/alerts/7"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (f"runbook_url: {PAGE}", PAGE),
        (f"[FIRING:1] KubePodNotReady\n• *Runbook:* {PAGE}.\nmore", PAGE),
        (f"runbook = {PAGE}", PAGE),
        (f'"runbook_url": "{PAGE}",', PAGE),
        (f"处理手册：{PAGE}", PAGE),
        ("See https://runbooks.example/KubePodNotReady for help", "https://runbooks.example/KubePodNotReady"),
        (f"See the runbook. The dashboard is {PAGE}", ""),
        (f"dashboard: {PAGE}", ""),
        ("runbook: TODO", ""),
        ("runbook: https://wiki.example@evil.example/x", ""),
    ],
)
def test_the_address_behind_the_word_is_the_runbook(text: str, address: str) -> None:
    assert runbook_in(text) == address


@pytest.mark.parametrize(
    ("markup", "address"),
    [
        (f"<https://grafana.example/d|Dashboard> <{PAGE}|:notebook: Runbook>", PAGE),
        (f"*Runbook:* <{PAGE}|link> *Dashboard:* <https://grafana.example/d|link>", PAGE),
        ("<https://grafana.example/d|Dashboard>", ""),
        (f"runbook {PAGE}", ""),
    ],
)
def test_the_label_of_a_link_or_the_word_before_it_tells_the_runbook(markup: str, address: str) -> None:
    assert hidden_runbook(markup) == address


@pytest.mark.parametrize(
    "value",
    ["", "javascript:alert(1)", "file:///etc/passwd", "https://", "https://a b.example", "https://user@a.example/",
     "https://a.example/<x>", "https://[bad/", "https://a.example/" + "x" * 400, "https://a.example/\u202ex"],
)  # fmt: skip
def test_only_the_plain_address_of_a_web_page_is_shown(value: str) -> None:
    assert web_address(value) == ""
