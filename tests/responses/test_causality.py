"""Test the wording of causes, effects and timeline moments."""

from datetime import UTC, datetime, timedelta

import pytest

from intents.domain import ChainRole, Diagnosis, Focus, Language, ObjectRef, Text, TimelineEvent, Verdict
from responses import causality
from responses.as_json import diagnosis_json
from responses.safety import scrubbed
from tests.responses.by_hand import judged

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
POD = ObjectRef(kind="Pod", namespace="pay", name="api-0")


def moment(says: str = "exitCode 1", **given) -> TimelineEvent:
    return TimelineEvent(**{"at": NOW, "subject": POD, "says": Text.same(says), "incident": "effect", **given})


@pytest.mark.parametrize(
    ("line", "gist"),
    [
        ('E0302 02:40:56.371190       1 server.go:242] "Leaderelection lost"', '"Leaderelection lost"'),
        (
            '{"level":"warn","ts":"2026-03-02T02:51:07Z","msg":"slow fdatasync","took":"1.9s"}',
            "slow fdatasync, took 1.9s",
        ),
        ('[2026/03/02 02:57:43.903 +00:00] [INFO] [util.rs:566] ["PD failed"] [err="x"]', 'PD failed [err="x"]'),
        ("2026-03-02T02:40:56Z manager exits", "manager exits"),
        ("manager: exitCode 255", "manager: exitCode 255"),
        ("x" * 200, "x" * 139 + "…"),
    ],
)
def test_log_line_is_shown_without_timestamp_and_source_location(line: str, gist: str) -> None:
    assert causality.gist(line) == gist


def test_moment_shows_its_date_if_it_is_another_day() -> None:
    assert causality.moment_time(moment(), NOW) == "03:00:00"
    assert causality.moment_time(moment(at=NOW - timedelta(days=1)), NOW) == "03-01 03:00:00"
    assert causality.moment_time(moment(), None) == "03:00:00"


def test_moment_shows_its_count_and_whether_it_is_ongoing() -> None:
    assert causality.moment_text(moment(count=3), Language.EN) == "Pod pay/api-0 ×3: exitCode 1"
    assert causality.moment_text(moment(lasts=True), Language.ZH) == "Pod pay/api-0: exitCode 1，持续至今"


def test_causes_and_effects_name_each_other_in_either_order() -> None:
    root, middle = judged("root", Verdict.LIKELY), judged("middle", Verdict.CONFIRMED, effect_of="root")
    last = judged("last", Verdict.CONFIRMED, effect_of="middle")
    diagnosis = Diagnosis(focus=Focus(), hypotheses=(middle, root, last))

    assert causality.explanation(middle, diagnosis, Language.EN) == "likely caused by “Title of root”, see below"
    assert causality.explanation(last, diagnosis, Language.EN) == "explained by “Title of middle” above"
    assert [one.incident for one in causality.effects(root, diagnosis)] == ["middle", "last"]
    assert causality.effects(last, diagnosis) == ()


def test_circular_effects_terminate() -> None:
    one, two = judged("one", Verdict.LIKELY, effect_of="two"), judged("two", Verdict.LIKELY, effect_of="one")

    assert [each.incident for each in causality.effects(one, Diagnosis(focus=Focus(), hypotheses=(one, two)))] == [
        "two"
    ]


def test_json_lists_the_moments() -> None:
    diagnosis = Diagnosis(focus=Focus(), timeline=(moment(part=ChainRole.CAUSE, count=2),))

    assert '"part": "cause"' in diagnosis_json(scrubbed(diagnosis), language=Language.EN)
