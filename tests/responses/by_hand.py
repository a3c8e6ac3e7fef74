"""Objects, findings and hypotheses made by hand, so that tests of a page do not depend on catalog texts."""

from dataclasses import replace
from types import MappingProxyType

from intents.domain import (
    Finding,
    FindingOutcome,
    Gap,
    GapReason,
    Hypothesis,
    HypothesisKey,
    JudgedHypothesis,
    ObjectRef,
    Permission,
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


def judged(incident: str, verdict: Verdict, *findings: Finding, effect_of: str = "") -> JudgedHypothesis:
    return JudgedHypothesis(
        hypothesis=hypothesis(incident),
        verdict=verdict,
        title=Text(en=f"Title of {incident}", zh=f"{incident} 的标题"),
        severity=Severity.WARNING,
        root_cause=Text(en="The tag does not exist in the registry.", zh="镜像仓库中没有这个标签。"),
        impact=Text(en="The pod does not start.", zh="Pod 无法启动。"),
        subject=POD,
        findings=findings,
        cause=HypothesisKey(effect_of, replace(POD, uid="")) if effect_of else None,
    )


def offered(*findings: Finding, verdict: Verdict = Verdict.OFFERED) -> JudgedHypothesis:
    """Return a capability: what can be done about the pod whatever the cause is."""
    one = judged("look-inside", verdict, *findings)
    return replace(
        one,
        title=Text(en="Look inside the pod", zh="进入 Pod 排查"),
        root_cause=Text(en="This is not a cause but something you can do.", zh="这不是原因，而是一种排查手段。"),
        impact=Text(en="It fixes nothing.", zh="它不会修复任何问题。"),
        capability=True,
        runbook=(Step(says=Text(en="Go in.", zh="进入容器。"), run="kubectl -n shop exec -it api-0 -- sh"),),
    )


SUPPORTS = Finding(
    rule="waiting",
    outcome=FindingOutcome.SUPPORTS,
    says=Text(en="api-0 waits in ImagePullBackOff", zh="api-0 处于 ImagePullBackOff"),
    decisive=True,
    subject=POD,
    quote="manifest unknown: tag v2",
    reproduce="kubectl -n shop get pod api-0 -o yaml",
    table=Table(columns=("pod", "age_s", "node"), rows=(("api-0", "5m", "worker-a"), ("api-1", "6m", "worker-a"))),
)
KEEPS_FAILING = Finding(
    rule="keeps-failing",
    outcome=FindingOutcome.SUPPORTS,
    says=Text(en="api-0 keeps failing", zh="api-0 反复失败"),
    decisive=True,
    subject=POD,
)
REFUTES = Finding(rule="quota", outcome=FindingOutcome.REFUTES, says=Text(en="no quota is used up", zh="配额没有用尽"))
UNREAD = Finding(rule="lease", outcome=FindingOutcome.GAP, says=Text.same("could not check"), gaps=(LEASES,))
