"""Objects, findings and judgements made by hand: what a page says must not depend on a catalog entry's wording."""

from types import MappingProxyType

from intents.domain import (
    Finding,
    Gap,
    GapReason,
    Hypothesis,
    Judged,
    ObjectRef,
    Outcome,
    Permission,
    Severity,
    SignatureMatch,
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
