"""One webhook's timeout is changed, no other's; what that means for writes is told, and who will set it back."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.remedies.contract import EffectState, Reason, Refusal
from bot.remedies.undo import plan_to_undo
from intents.domain import ObjectRef
from tests.end_to_end.every_action import own_incident as own
from tests.end_to_end.every_action.scenario import LATER, Scenario, one_patch
from tests.remedies import every_kind
from tests.remedies.scene import HEALED, Enter, Scene, through_journal
from tests.remedies.trial import trials

GUARD = ObjectRef(kind="ValidatingWebhookConfiguration", name="guard")
INJECT = ObjectRef(kind="MutatingWebhookConfiguration", name="guard")
PODS = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "*"}


def webhook(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "name": name,
        "clientConfig": {"service": {"namespace": "guard", "name": "guard", "path": "/v", "port": 443}},
        "rules": [PODS],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 10,
        **spec,
    }


def configuration(*webhooks: dict[str, Any], kind: str = GUARD.kind, **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "guard", **metadata}, "webhooks": list(webhooks)}


TWO = (webhook("a.guard.io"), webhook("b.guard.io"))


def world(obj: dict[str, Any]) -> dict[str, Any]:
    return {"objects": [copy.deepcopy(obj)]}


def stored(scene: Scene, target: ObjectRef = GUARD) -> dict[str, Any]:
    return scene.stored("admissionregistration.k8s.io", f"{target.kind.lower()}s", "guard")


def put(scene: Scene, obj: dict[str, Any]) -> None:
    table = ("admissionregistration.k8s.io", f"{GUARD.kind.lower()}s")
    scene.cluster.store.put(table=table, namespace="", name="guard", obj=obj)


@pytest.mark.parametrize("target", [GUARD, INJECT], ids=["validating", "mutating"])
@pytest.mark.parametrize("value", [5, "5"], ids=["number", "typed"])
async def test_only_the_one_that_is_meant_is_changed_and_it_is_taken_back(
    enter: Enter, target: ObjectRef, value: Any
) -> None:
    async with enter(HEALED, world(configuration(*TWO, kind=target.kind))) as scene:
        before = copy.deepcopy(stored(scene, target)["webhooks"])
        plan = await scene.made("set-webhook-timeout", target, webhook="b.guard.io", timeout_s=value)
        preview = await scene.preview(plan)
        assert scene.writes() == []
        applied = await scene.applied(plan, preview)

        assert "-  timeoutSeconds: 10" in preview.diff
        assert "+  timeoutSeconds: 5" in preview.diff
        assert stored(scene, target)["webhooks"] == [before[0], before[1] | {"timeoutSeconds": 5}]
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert len(scene.writes()) == 1

        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        undo = through_journal(undo)
        await scene.applied(undo, await scene.preview(undo))
        assert stored(scene, target)["webhooks"] == before


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"webhook": "b.guard.io", "timeout_s": 0}, "0 is not a timeout; expected 1 to 30 whole seconds"),
        ({"webhook": "b.guard.io", "timeout_s": "31"}, "'31' is not a timeout"),
        ({"webhook": "b.guard.io", "timeout_s": "soon"}, "is not a timeout"),
        ({"webhook": "b.guard.io", "timeout_s": "2.5"}, "is not a timeout"),
        ({"webhook": "b.guard.io", "timeout_s": "10"}, "the timeout of b.guard.io is already 10 s"),
        ({"webhook": "c.guard.io", "timeout_s": 5}, "has no webhook 'c.guard.io'; it has a.guard.io, b.guard.io"),
    ],
)
async def test_what_is_no_timeout_or_so_already_is_refused(enter: Enter, args: dict[str, Any], says: str) -> None:
    async with enter(HEALED, world(configuration(*TWO))) as scene:
        refusal = await scene.refused_preview(await scene.made("set-webhook-timeout", GUARD, **args))

        assert refusal.reason is Reason.UNSAFE
        assert says in refusal.says.en
        assert refusal.says.zh
        assert scene.writes() == []


async def test_a_list_that_was_reordered_since_the_preview_is_not_written_to(enter: Enter) -> None:
    async with enter(HEALED, world(configuration(*TWO))) as scene:
        plan = await scene.made("set-webhook-timeout", GUARD, webhook="b.guard.io", timeout_s=5)
        preview = await scene.preview(plan)
        turned = copy.deepcopy(stored(scene))
        turned["webhooks"].reverse()
        put(scene, turned)
        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.writes() == []


@pytest.mark.parametrize(
    ("policy", "timeout_s", "says"),
    [
        ("Fail", 5, "refused, only sooner; no more requests pass"),
        ("Fail", 20, "refused, but later; slow responses then count"),
        ("Ignore", 5, "pass unchecked, and sooner"),
        ("Ignore", 20, "pass unchecked, but later"),
    ],
)
async def test_what_it_means_for_writes_is_told(enter: Enter, policy: str, timeout_s: int, says: str) -> None:
    async with enter(HEALED, world(configuration(webhook("a.guard.io", failurePolicy=policy)))) as scene:
        plan = await scene.made("set-webhook-timeout", GUARD, webhook="a.guard.io", timeout_s=timeout_s)
        preview = await scene.preview(plan)

        effects = [each.en for each in preview.outlook.effects]
        assert effects[0] == f"Writes of pods wait at most {timeout_s} s for a.guard.io, 10 s until now"
        assert says in effects[1]


async def test_little_time_for_everyday_writes_is_warned_of(enter: Enter) -> None:
    async with enter(HEALED, world(configuration(*TWO))) as scene:
        plan = await scene.made("set-webhook-timeout", GUARD, webhook="a.guard.io", timeout_s=1)
        warnings = [each.en for each in (await scene.preview(plan)).outlook.warnings]

        assert "are refused from now on" in warnings[0]
        assert warnings[1].startswith("1 s is short")


def owning(manager: str, fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "manager": manager,
            "operation": "Update",
            "apiVersion": "admissionregistration.k8s.io/v1",
            "time": "2026-11-01T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:webhooks": {'k:{"name":"a.guard.io"}': fields}},
        }
    ]


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"labels": {"webhook.kyverno.io/managed-by": "kyverno"}}, "Kyverno writes guard and may revert this"),
        (
            {"managedFields": owning("guard-operator", {"f:timeoutSeconds": {}})},
            "guard-operator writes guard and may revert this",
        ),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "Helm applies this object from a source"),
        ({"managedFields": owning("kubectl-edit", {"f:timeoutSeconds": {}})}, ""),
        # cert-manager's injector owns the certificate alone.
        ({"managedFields": owning("cert-manager-cainjector", {"f:clientConfig": {"f:caBundle": {}}})}, ""),
    ],
    ids=["kyverno", "operator", "helm", "by hand", "injector"],
)
async def test_who_will_set_it_back_is_warned_of(enter: Enter, metadata: dict[str, Any], says: str) -> None:
    async with enter(HEALED, world(configuration(webhook("a.guard.io"), **metadata))) as scene:
        plan = await scene.made("set-webhook-timeout", GUARD, webhook="a.guard.io", timeout_s=8)
        outlook = (await scene.preview(plan)).outlook

        found = [each.en for each in outlook.warnings if "revert this" in each.en]
        found += [outlook.custodian.says.en] if outlook.custodian else []
        assert bool(found) == bool(says)
        assert says in "".join(found)


async def test_what_was_set_back_is_told(enter: Enter) -> None:
    async with enter(HEALED, world(configuration(*TWO))) as scene:
        plan = await scene.made("set-webhook-timeout", GUARD, webhook="a.guard.io", timeout_s=5)
        applied = await scene.applied(plan, await scene.preview(plan))
        back = copy.deepcopy(stored(scene))
        back["webhooks"][0]["timeoutSeconds"] = 10
        put(scene, back)

        settled = await scene.effect_of(plan, applied)
        assert settled.state is EffectState.FAILING
        assert "a.guard.io was reverted since (10 s)" in settled.says.en


# --- for the tests of every action ---

_TOO_PATIENT = "every write waits for the admission webhook of shop-rules"
_RULES = "ValidatingWebhookConfiguration"
_HOOK = {
    "failurePolicy": "Ignore", "sideEffects": "None", "admissionReviewVersions": ["v1"],
    "clientConfig": {"service": {"name": "rules", "namespace": "shop"}},
    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
}  # fmt: skip
_HOOKS = [
    _HOOK | {"name": "pods.acme.io", "timeoutSeconds": 10},
    _HOOK | {"name": "claims.acme.io", "timeoutSeconds": 30},
]
TRIALS = trials("set-webhook-timeout", every_kind.WEBHOOKS, webhook="a.guard.io", timeout_s=5)
SCENARIOS = (
    Scenario(
        action="set-webhook-timeout", text=_TOO_PATIENT, answers={"seconds": "3"}, ends=LATER,
        button="Wait less for claims.acme.io",
        entry=own.entry(
            "webhook-too-patient", _TOO_PATIENT, signature=_TOO_PATIENT, kind=_RULES,
            fields={"hook": "webhooks[1].name", "timeout": "webhooks[1].timeoutSeconds"}, when='row.timeout == "30"',
            remedy={
                "action": "set-webhook-timeout", "title": "Wait less for {row.hook}", "risk": "disruptive",
                "shows_later": {"en": "Write again.", "zh": "请再次写入。"},
                "asks": [{"id": "seconds", "label": {"en": "Seconds", "zh": "秒"}, "default": "5", "is": "number"}],
                "args": {"webhook": "{row.hook}", "timeout_s": "{input.seconds}"},
            },
        ),
        world=own.objects({"kind": _RULES, "metadata": {"name": "shop-rules"}, "webhooks": _HOOKS}),
        **one_patch("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/shop-rules"),
    ),
)  # fmt: skip
