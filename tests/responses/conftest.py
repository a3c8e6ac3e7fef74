"""Diagnoses to render, made by hand: what a page says must not depend on a catalog entry's wording."""

from collections.abc import Callable
from io import StringIO
from types import MappingProxyType

import pytest
from rich.console import Console, RenderableType

from intents.domain import (
    Diagnosis,
    Finding,
    Focus,
    Gap,
    GapReason,
    Hypothesis,
    Judged,
    Link,
    ObjectRef,
    Observation,
    Outcome,
    Permission,
    Remedy,
    Severity,
    SignatureMatch,
    Step,
    Table,
    Text,
    Verdict,
)

POD = ObjectRef(kind="Pod", namespace="shop", name="api-0", uid="u-1")
LEASES = Gap(
    what="leases in kube-system",
    reason=GapReason.FORBIDDEN,
    permission=Permission(verb="get", group="coordination.k8s.io", resource="leases"),
)


def hypothesis(incident: str, *, score: float = 0.9) -> Hypothesis:
    match = SignatureMatch(
        signature="back-off pulling image <image>",
        line=3,
        quote='Back-off pulling image "shop/api:v2"',
        score=score,
        captures=MappingProxyType({"image": "shop/api:v2"}),
    )
    return Hypothesis(incident=incident, score=score, matches=(match,))


def judged(incident: str, verdict: Verdict, *findings: Finding, effect_of: str = "") -> Judged:
    return Judged(
        hypothesis=hypothesis(incident),
        verdict=verdict,
        title=Text(en=f"Title of {incident}", zh=f"{incident} 的标题"),
        severity=Severity.WARNING,
        root_cause=Text(en="The tag does not exist in the registry.", zh="镜像仓库中没有这个标签。"),
        impact=Text(en="The pod does not start.", zh="Pod 无法启动。"),
        subject=POD,
        findings=findings,
        effect_of=effect_of,
    )


SUPPORTS = Finding(
    rule="waiting",
    outcome=Outcome.SUPPORTS,
    says=Text(en="api-0 waits in ImagePullBackOff", zh="api-0 处于 ImagePullBackOff"),
    decisive=True,
    subject=POD,
    quote="manifest unknown: tag v2",
    reproduce="kubectl -n shop get pod api-0 -o yaml",
    table=Table(columns=("pod", "age_s", "node"), rows=(("api-0", "5m", "worker-a"), ("api-1", "6m", "worker-a"))),
)
REFUTES = Finding(rule="quota", outcome=Outcome.REFUTES, says=Text(en="no quota is used up", zh="配额没有用尽"))
UNREAD = Finding(rule="lease", outcome=Outcome.GAP, says=Text.same("could not check"), gaps=(LEASES,))


@pytest.fixture
def diagnosis() -> Diagnosis:
    first = judged("image-pull-failed", Verdict.CONFIRMED, SUPPORTS, UNREAD)
    told = Judged(
        **{
            name: getattr(first, name)
            for name in first.__dataclass_fields__
            if name not in {"remedies", "runbook", "links"}
        },
        remedies=(
            Remedy(
                id="undo",
                action="rollout-undo",
                title=Text(en="Go back to the revision before", zh="回滚到上一版本"),
                target=ObjectRef(kind="Deployment", namespace="shop", name="api"),
                risk="disruptive",
                warning=Text(en="Pods are replaced.", zh="Pod 会被替换。"),
            ),
        ),
        runbook=(Step(says=Text(en="Look at the tag.", zh="查看标签。"), run="skopeo list-tags docker://shop/api"),),
        links=(Link(title="Images", url="https://kubernetes.io/docs/concepts/containers/images/"),),
    )
    return Diagnosis(
        focus=Focus(kind="Pod", namespace="shop", name="api-0"),
        cluster="prod",
        owners=(
            ObjectRef(kind="ReplicaSet", namespace="shop", name="api-7d9f"),
            ObjectRef(kind="Deployment", namespace="shop", name="api"),
        ),
        hypotheses=(
            told,
            judged("probe-fails", Verdict.LIKELY, SUPPORTS, effect_of="image-pull-failed"),
            judged("quota-exceeded", Verdict.RULED_OUT, REFUTES),
        ),
        gaps=(LEASES, Gap(what="the log of api-0", reason=GapReason.TIMED_OUT, detail="no answer in time")),
        unexplained=(Observation(subject=POD, quote="Liveness probe failed"),),
        api_calls=7,
    )


@pytest.fixture
def written() -> Callable[..., str]:
    """A page as plain text of a width."""

    def write(page: RenderableType, *, width: int = 100) -> str:
        console = Console(file=StringIO(), width=width, markup=False, highlight=False, emoji=False)
        with console.capture() as captured:
            console.print(page, crop=False)
        return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"

    return write
