"""Test which incident a text matches, why, and the names in it, with entries that show one rule each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from intents.catalog.schema import Incident
from intents.domain import Hypothesis
from intents.matcher import Matcher, MatchResult
from intents.scores import THRESHOLD
from intents.symptoms import read_symptoms


def incident(id_: str, *signatures: str | dict[str, Any], other: Sequence[str] = ()) -> Incident:
    """Return an entry with these signatures and an arbitrary rule."""
    return Incident.model_validate(
        {
            "id": id_,
            "status": "stable",
            "strongest": "confirmed",
            "title": id_,
            "severity": "info",
            "signatures": signatures,
            "root_cause": "x",
            "impact": "x",
            "runbook": [{"says": "x"}],
            "examples": {"match": ["x", "y", "z"], "other": other or ["x", "y"]},
        }
    )


LEASE = incident(
    "lease",
    "failed to renew lease <namespace>/<lease>: timed out waiting for the condition",
    "leader election lost",
    {"text": "client rate limiter Wait returned an error", "hint": True},
)
ROOT = incident(
    "root",
    'container has runAsNonRoot and image will run as root (pod: "<pod>_<namespace>(<_>)", container: <container>)',
)
PRESSURE = incident(
    "pressure",
    "node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }",
    other=["1 node(s) had untolerated taint {node.kubernetes.io/pid-pressure: }", "x"],
)
POLICY = incident("policy", {"all": ["externalTrafficPolicy", "NodePort"]})
SLOW = incident("slow", 'Successfully pulled image "<image>" in <minutes>')
INVALID = incident("invalid", 'Pod "<pod>" is invalid: <field>: Invalid value: "<value>": <rule>')
CHINESE = incident("chinese", "镜像拉取失败")
SANDBOX = incident("sandbox", 'failed to get sandbox image "<image>": failed to pull image')
PULL = incident("pull", "failed to pull image")
ALL = (LEASE, ROOT, PRESSURE, POLICY, SLOW, INVALID, CHINESE, SANDBOX, PULL)

RENEWAL = (
    "E0228 07:30:43.370448 1 leaderelection.go:285] "
    "failed to renew lease acto/tidb-scheduler: timed out waiting for the condition"
)
AS_ROOT = (
    "Warning  Failed  9s  kubelet  Error: container has runAsNonRoot and image will run as root "
    '(pod: "etl-x7c9m_jobs(0d7b6c1e-3f4a)", container: etl)'
)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(ALL)


def matched(matcher: Matcher, text: str) -> MatchResult:
    return matcher.match(read_symptoms(text))


def first(matcher: Matcher, text: str) -> Hypothesis:
    hypotheses = matched(matcher, text).hypotheses
    assert hypotheses, f"nothing matched {text!r}"
    return hypotheses[0]


def test_match_is_explained(matcher: Matcher) -> None:
    """Check the matched line, its signature, score, text and captures."""
    hypothesis = first(matcher, f"hi all\n\n> {RENEWAL}\nany idea?")

    (match,) = hypothesis.matches
    assert hypothesis.incident == "lease"
    assert match.line == 3
    assert match.quote == RENEWAL
    assert match.signature == "failed to renew lease <namespace>/<lease>: timed out waiting for the condition"
    assert match.captures == {"namespace": "acto", "lease": "tidb-scheduler"}
    assert THRESHOLD < match.score <= hypothesis.score <= 1
    assert hypothesis.when is not None
    assert (hypothesis.when.at.month, hypothesis.when.year_known) == (2, False)


@pytest.mark.parametrize(
    ("text", "captures"),
    [
        (AS_ROOT, {"pod": "etl-x7c9m", "namespace": "jobs", "container": "etl"}),
        (
            'Pod \\"web-0\\" is invalid: spec.x.namespace: Invalid value: \\"ACTOKEY\\": a lowercase RFC 1123 label',
            {
                "pod": "web-0",
                "field": "spec.x.namespace",
                "value": "ACTOKEY",
                "rule": "a lowercase RFC 1123 label",
            },
        ),
    ],
)
def test_placeholders_capture_the_text(matcher: Matcher, text: str, captures: dict[str, str]) -> None:
    assert first(matcher, text).matches[0].captures == captures


@pytest.mark.parametrize(
    "text",
    [
        RENEWAL[:130],
        RENEWAL.replace("waiting", "wating"),
        RENEWAL.replace("timed out waiting", "timed\nout waiting"),
        RENEWAL.replace("condition", "condi\ntion"),
        RENEWAL.upper(),
        RENEWAL.replace(": timed", " ...timed"),
        '{"severity":"ERROR","message":"failed to renew lease a/b: timed out waiting for the condition"}',
        'msg="failed to renew lease a/b: timed out waiting for the condition" component=scheduler',
        "  reason: failed to renew lease a/b:\n    timed out waiting for the condition",
        "调度器一直重启，日志：failed to renew lease a/b: timed out waiting for the condition，怎么办？",
        "leader\u200b election lost",
        "leaderelection lost",
    ],
)
def test_message_matches_despite_variation(matcher: Matcher, text: str) -> None:
    """Try texts that are truncated, misspelt, broken, in capitals, in JSON, logfmt, YAML or Chinese."""
    assert first(matcher, text).incident == "lease"


@pytest.mark.parametrize(
    "text",
    [
        "successfully acquired lease acto/tidb-scheduler",
        "attempting to acquire leader lease acto/tidb-scheduler...",
        "the leader election of the team is lost in discussions about who leads",
        "timed out waiting for the condition",
        "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/memory-pressure: }.",
        "0/3 nodes are available: 3 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.",
        "Error: container has runAsNonRoot and image has non-numeric user (memcache), cannot verify user is non-root",
        'Normal  Pulled  5s  kubelet  Successfully pulled image "nginx:1.27" in 1.204s (1.204s including waiting)',
        "is NodePort better than a LoadBalancer?",
        "please release the leash",
        "client rate limiter Wait returned an error: context deadline exceeded",
    ],
)
def test_similar_message_does_not_match(matcher: Matcher, text: str) -> None:
    assert matched(matcher, text).hypotheses == ()


def test_near_miss_of_the_entry_sets_the_threshold() -> None:
    """Check that a near miss requires the words that distinguish the two."""
    signature = "the widget <name> with all of its gadgets was refused three times by the upstream gateway"
    near = signature.replace("<name>", "w-1").replace("gateway", "proxy")

    before = Matcher([incident("a", signature)])
    after = Matcher([incident("a", signature, other=[near, "x"])])

    assert first(before, near).incident == "a"
    assert matched(after, near).hypotheses == ()
    assert first(after, near.replace("proxy", "gateway")).incident == "a"


def test_all_signature_matches_nearby_lines_in_any_order(matcher: Matcher) -> None:
    assert first(matcher, "svc is a NodePort\nand it sets externalTrafficPolicy: Local").incident == "policy"
    assert first(matcher, "externalTrafficPolicy: Local with NodePort").incident == "policy"


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("the waypoint stalls since its quota shrank", True),
        ("quota of the gateway, see below\n\nwaypoint hangs", True),
        ("the sidecar stalls since its quota shrank", True),
        ("the waypoint stalls", False),
        ("waypoint and sidecar, and quota", False),
    ],
)
def test_one_alternative_must_match(text: str, matches: bool) -> None:
    matcher = Matcher([incident("stalled", {"all": [["waypoint", "sidecar"], ["stalls", "hangs"], "quota"]})])

    assert bool(matched(matcher, text).hypotheses) is matches


def test_alternative_found_in_a_near_miss_scores_lower() -> None:
    signature = {"all": [["waypoint", "sidecar"], ["stalls", "hangs"], "quota"]}
    matcher = Matcher([incident("stalled", signature, other=["a sidecar hangs for want of quota", "y"])])

    harmless = first_score(matcher, "sidecar hangs, quota again")
    assert harmless < first_score(matcher, "sidecar stalls, quota again")
    assert harmless < first_score(matcher, "waypoint hangs, quota again")


def first_score(matcher: Matcher, text: str) -> float:
    matching = matched(matcher, text)
    return max((one.score for one in (*matching.hypotheses, *matching.nearest)), default=0.0)


def test_all_signature_does_not_match_distant_lines(matcher: Matcher) -> None:
    between = "\n".join(f"line {chr(97 + n)} of a log" for n in range(25))

    assert matched(matcher, f"externalTrafficPolicy\n{between}\nNodePort").hypotheses == ()


def test_strict_placeholder_must_match(matcher: Matcher) -> None:
    """Check that `<minutes>` needs a minute or more: the event with a healthy duration does not match."""
    assert (
        first(matcher, 'Successfully pulled image "a:1" in 11m12.669101707s').matches[0].captures["minutes"]
        == "11m12.669101707s"
    )
    assert matched(matcher, 'Successfully pulled image "a:1" in 12.669101707s').hypotheses == ()


def test_hint_raises_the_score_but_never_matches_alone(matcher: Matcher) -> None:
    hint = "Failed to update lock: client rate limiter Wait returned an error: x"

    alone, with_hint = first(matcher, "leader election lost"), first(matcher, f"{hint}\nleader election lost")

    assert matched(matcher, hint).hypotheses == ()
    assert with_hint.score > alone.score
    assert len(with_hint.matches) == 2


def test_additional_signatures_raise_the_score(matcher: Matcher) -> None:
    assert first(matcher, f"leader election lost\n{RENEWAL}").score > first(matcher, "leader election lost").score


def test_fuller_match_ranks_first(matcher: Matcher) -> None:
    hypotheses = matched(
        matcher, 'failed to get sandbox image "pause:3.8": failed to pull image "pause:3.8"'
    ).hypotheses

    assert [hypothesis.incident for hypothesis in hypotheses] == ["sandbox", "pull"]


def test_equal_matches_are_both_ranked() -> None:
    twins = Matcher([incident("a", "the frobnicator is stuck"), incident("b", "the frobnicator is stuck")])

    hypotheses = twins.match(read_symptoms("the frobnicator is stuck")).hypotheses

    assert [hypothesis.incident for hypothesis in hypotheses] == ["a", "b"]
    assert hypotheses[0].score == hypotheses[1].score


def test_names_come_from_the_match_then_its_line_then_unambiguous_text(matcher: Matcher) -> None:
    text = f'kubectl -n other describe pod etl-x7c9m\nnode "worker-1" is fine\n{AS_ROOT}\nimage "a:1"\nimage "b:2"'

    named = first(matcher, text).named

    assert named["namespace"] == "jobs"
    assert named["container"] == "etl"
    assert named["node"] == "worker-1"
    assert "image" not in named


def test_chinese_matches_by_character(matcher: Matcher) -> None:
    assert first(matcher, "今天的镜像拉取失败了，谁能看看？").incident == "chinese"


def test_one_line_in_a_long_log_matches(matcher: Matcher) -> None:
    words = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split()  # noqa: SIM905
    lines = [
        f"2024-01-01T00:00:00Z INFO {words[n % 10]} {words[n // 10 % 10]} {words[n // 100 % 10]} done"
        for n in range(1000)
    ]
    lines[500] = RENEWAL

    assert first(matcher, "\n".join(lines)).matches[0].line == 501


def test_nearest_entries_are_listed_below_the_threshold(matcher: Matcher) -> None:
    matching = matched(matcher, "failed to renew lease a/b: timed out waiting for another one to come")

    assert matching.hypotheses == ()
    assert [hypothesis.incident for hypothesis in matching.nearest] == ["lease"]
    assert matching.nearest[0].score < THRESHOLD


def test_matches_are_limited(matcher: Matcher) -> None:
    text = f"{RENEWAL}\n{AS_ROOT}\nfailed to pull image\n镜像拉取失败"

    assert len(matcher.match(read_symptoms(text), limit=2).hypotheses) == 2
    assert matcher.match(()).hypotheses == ()


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("failed to pull image alpine", True),
        ("$ docker-compose up\nfailed to pull image alpine", False),
        ("failed to pull image alpine\n\nthat is docker compose, on my laptop", False),
        ("docker compose is history\none\ntwo\nthree\nfour\nfailed to pull image alpine", True),
        ("composed by docker: failed to pull image alpine", True),
    ],
)
def test_excluded_text_nearby_prevents_a_match(text: str, matches: bool) -> None:
    pull = incident("pull", "failed to pull image").model_copy(update={"unless": ("docker compose",)})

    assert bool(matched(Matcher([pull]), text).hypotheses) is matches


def test_signature_without_words_is_rejected() -> None:
    with pytest.raises(ValueError, match="has no words"):
        Matcher([incident("empty", "<name>: <value>")])
