"""Create the buttons of an answer: remedies that the catalog offers, the policy allows and the API server permits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.cluster.connection import Connection
from bot.kube.access import ActsAs
from bot.remedies.offers import plan_remedies
from bot.remedies.registry import words_of
from bot.remedies.session import Session
from bot.workflows.services import Exchange, Services
from intents.domain import Diagnosis, JudgedHypothesis, ObjectRef, Text
from intents.request import Request as Question
from responses.safety import safe_value
from responses.sentences import leading_hypotheses, open_hypotheses
from responses.sentences import offers as offered
from responses.slack.blocks import Style
from responses.slack.controls import LABEL, RemedyButton, labelled

_STYLES: Final[dict[str, Style]] = {"low": "primary", "disruptive": "", "data-loss": "danger"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyOffers:
    """Plans the remedies of a diagnosis and creates their buttons."""

    services: Services

    async def buttons(
        self, exchange: Exchange, question: Question, diagnosis: Diagnosis, connection: Connection
    ) -> tuple[RemedyButton, ...]:
        """Return a button for each applicable remedy: of the leading hypothesis, the first cause, the general actions.

        `question` is the interpretation of the request.
        """
        offers = (*leading_hypotheses(diagnosis)[:1], *open_hypotheses(diagnosis)[:1], *offered(diagnosis))
        shown = [one for one in {one.key: one for one in offers}.values() if one.remedies]
        planned = [await self._of(one, exchange, question, diagnosis, connection) for one in shown]
        buttons, names = zip(*(each for some in planned for each in some), strict=True) if any(planned) else ((), ())
        return labelled(buttons, names)

    async def _of(
        self,
        judged: JudgedHypothesis,
        exchange: Exchange,
        question: Question,
        diagnosis: Diagnosis,
        connection: Connection,
    ) -> tuple[tuple[RemedyButton, str], ...]:
        """Return the buttons of one hypothesis, each with the name of its object; their plans are stored first."""

        def allowed(action: str, target: ObjectRef) -> bool:
            return exchange.scope.offers(action, connection.name, target.namespace)

        acting = exchange.scope.acts_as(connection.name)
        planned = await plan_remedies(
            diagnosis,
            judged,
            request=question,
            request_id=exchange.id,
            engine=self.services.engine(exchange.scope.who.channel),
            session=Session(
                connection=connection,
                access=exchange.scope.access(connection.name),
                acting_as=acting if isinstance(acting, ActsAs) else None,
            ),
            allowed=allowed,
            now=self.services.clock(),
            # A requester without an identity in the cluster may still ask; others can press.
            reviewed=not isinstance(acting, Text),
        )
        for plan in planned.plans:
            await self.services.store.plans.save(plan.id, exchange.id, {"plan": plan.as_json()}, plan.expires)
        own = {remedy.id: remedy.button or _short(remedy.title) for remedy in judged.remedies}
        return tuple(
            (
                RemedyButton(
                    plan_id=plan.id,
                    label=safe_value(own.get(plan.remedy) or words_of(plan.action).verb),
                    risk=plan.risk,
                    # A remedy that does not fix the cause is labelled so.
                    style="" if judged.capability else _STYLES.get(plan.risk, ""),
                ),
                plan.target.name,
            )
            for plan in planned.plans
        )


def _short(title: Text) -> Text | None:
    """Return the title of a remedy if it fits on a button in both languages."""
    return title if max(len(title.en), len(title.zh)) <= LABEL else None
