"""A remedy under somebody's own name: whose right is missing is what they are told."""

from __future__ import annotations

from bot.kube.access import ActsAs
from bot.remedies import execution
from bot.remedies.contract import Preview, Reason, Refusal
from tests.remedies.scene import PULLS_AGAIN, Enter

ALICE = ActsAs("alice@example.com", ("sre",))
IMPERSONATES = {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]}


async def test_who_may_not_is_named_and_not_casebook(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()
        scene.cluster.allow_only([IMPERSONATES])
        assert isinstance(await execution.preview(plan, session=scene.session(acting_as=ALICE)), Preview)
        scene.cluster.allow_only([], user=ALICE.user)

        refusal = await execution.preview(plan, session=scene.session(acting_as=ALICE))

        assert isinstance(refusal, Refusal), refusal
        assert refusal.reason is Reason.FORBIDDEN
        assert refusal.says.en.startswith("alice@example.com may not ")
        assert refusal.says.zh.startswith("alice@example.com 无权")
        assert scene.writes() == []


async def test_that_casebook_may_not_act_as_them_names_the_verb(enter: Enter) -> None:
    async with enter(PULLS_AGAIN) as scene:
        plan = await scene.plan()

        refusal = await execution.preview(plan, session=scene.session(acting_as=ALICE))

        assert isinstance(refusal, Refusal), refusal
        assert refusal.reason is Reason.FORBIDDEN
        assert "it needs impersonate on users and groups. Ask a cluster administrator to grant it" in refusal.says.en
        assert scene.writes() == []
