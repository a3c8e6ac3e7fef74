"""Every alert of the common mixins, as it is sent and posted: its object or the part of the cluster is read."""

from __future__ import annotations

import pytest

from intents.alerts.labels import labels_in, titled_objects
from intents.alerts.objects import LABELS_OF, SUBJECT_OF, object_of
from intents.kinds import CLUSTER_SCOPED
from intents.named_objects import Focus
from intents.naming import TextNames
from intents.symptoms import read_symptoms
from tests.alert_table import TableAlert, alert_table, of_grafana, templated, titled

TABLE = [pytest.param(one, id=one.id) for one in alert_table()]
JOB = next(one for one in alert_table() if one.about.startswith("Job/"))


def place_of(focus: Focus | None) -> str:
    return "" if focus is None else "/".join(filter(None, (focus.kind, focus.namespace, focus.name)))


@pytest.mark.parametrize("alert", TABLE)
def test_the_object_is_read_from_labels_and_posts(alert: TableAlert) -> None:
    posts = [labels_in(post(alert.labels).splitlines()) for post in (templated, of_grafana)]

    assert [place_of(object_of(labels)) for labels in (alert.labels, *posts)] == [alert.named] * 3
    assert [labels["alertname"] for labels in posts] == [alert.name] * 2
    assert SUBJECT_OF.get(alert.name, "") == alert.subject
    # A title without the names of labels does not tell the address of a machine from that of its exporter.
    if alert.about and alert.about == alert.named:
        found = titled_objects(titled(alert.labels).splitlines())
        assert alert.named in map(place_of, found)
        assert all(one.namespace or one.kind in CLUSTER_SCOPED for one in found)


def test_the_table_has_every_alert() -> None:
    assert {one.name for one in alert_table()} == {*LABELS_OF, *SUBJECT_OF}
    assert not LABELS_OF.keys() & SUBJECT_OF.keys()


def test_the_job_that_scrapes_is_no_job_of_kubernetes() -> None:
    objects = TextNames(read_symptoms(of_grafana(JOB.labels))).objects()

    assert [(one.kind, one.namespace, one.value) for one in objects] == [("job", "shop", "report-29541600")]


def test_a_text_without_an_alert_has_no_labels() -> None:
    assert labels_in(["namespace: shop", "pod: web-0", "severity: high"]) == {}


def test_the_page_says_what_every_alert_is_about(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "alerts.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    told = {name: row[:2] for row in rows for name in row[-1].split(", ")}

    assert {one.name for one in alert_table()} <= told.keys()
    assert [
        one.name for one in alert_table() if (one.subject or one.about.partition("/")[0]) not in told[one.name]
    ] == []
