"""Answer who asks for an action in words: with the object as it is and the button of that action, never by acting.

Only what an action declares itself to be asked for by is offered, for its kinds, where the policy offers it, unless the
action refuses it; otherwise the answer says why not, or what can be done instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.cluster.owners import owners_of
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.standing import standing_of
from bot.kube.objects import ref
from bot.kube.rollouts import REPLICATED, replicas_of
from bot.kube.settling import lasting_problem
from bot.remedies.action import Action, actions
from bot.remedies.requested import plan_requested
from bot.workflows.authorisation import acts, session_of
from bot.workflows.kept_answer import ActionOffer
from bot.workflows.services import Exchange, Services
from intents.catalog.actions import ArgumentType
from intents.domain import InputType, Json, ObjectRef, Question, Text
from intents.talk.doings import asked_actions, number_in
from responses.safety import safe_value
from responses.slack.controls import RemedyButton
from responses.words import COLON, ENUMERATION

_OTHER_CHANGES: Final = re.compile(
    r"(?i)^\W*(?:please |pls |can you )?(?:exec|ssh|port-forward|edit|apply|patch|set|remove|delete|create|upgrade)\b"
)
_WHICH: Final = Text(
    en="Which object? Name it, such as: restart deployment NAMESPACE/NAME",
    zh="请说明对象，例如：重启 deployment NAMESPACE/NAME",
)
_NO_SUCH: Final = Text(en="nothing here is called {}", zh="这里没有名为 {} 的对象")
_NO_ACTION: Final = Text(
    en="Casebook has no such action for a {}, so there is no button",
    zh="Casebook 没有适用于 {} 的这种操作，因此没有按钮",
)
_INSTEAD: Final = Text(en="It can offer: {}", zh="可以提供：{}")
_WITHHELD: Final = Text(en="No button for “{}”: {}", zh="没有“{}”的按钮：{}")
_READY: Final = Text(en="{} of {} pods ready", zh="{}/{} 个 Pod 就绪")
_WELL: Final = Text(en="its status shows no trouble", zh="其状态没有异常")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An action with what a person has said of its arguments; the rest it asks at the press."""

    action: Action
    args: Mapping[str, Any]
    asks: tuple[Question, ...]

    @property
    def name(self) -> str:
        return self.action.declaration.name

    @property
    def label(self) -> Text:
        """Return the words of the button: the verb, and the numbers that were said."""
        said = (Text.same(str(value)) for value in self.args.values() if isinstance(value, int))
        return Text.joined((self.action.words.verb, *said), COLON)


async def offered(
    services: Services,
    exchange: Exchange,
    *,
    text: str,
    about: ObjectRef | None,
    unknown: tuple[str, ...],
    connection: Connection,
    snapshot: Snapshot,
) -> ActionOffer:
    """Return the answer to a request for an action; its plan, if any, is stored. Raise StoreUnavailable."""
    offer = ActionOffer(language=exchange.language, cluster=connection.name, says=_WHICH)
    if about is None or about.kind == "Cluster":
        names = ", ".join(unknown[:3])
        why = (_NO_SUCH.filled(names),) if names else ()
        return safe_value(replace(offer, why=why))
    try:
        obj = await snapshot.get(about.kind, about.name, namespace=about.namespace)
    except ClusterError as error:
        return safe_value(replace(offer, says=error.gap(str(about)).says))
    wanted = _wanted(text, about)
    if wanted is None and (above := await workload_above(snapshot, about)) != about:
        return await offered(
            services, exchange, text=text, about=above, unknown=(), connection=connection, snapshot=snapshot
        )
    offer = replace(offer, says=safe_value(_state_line(obj, about.kind, snapshot.now)))
    if wanted is None:
        return replace(offer, why=tuple(_instead(about)))
    return await _with_button(services, exchange, offer, wanted, about, connection)


async def workload_above(snapshot: Snapshot, about: ObjectRef) -> ObjectRef:
    """Return what made a pod, and decides how many there are; any other object is returned as it is."""
    if about.kind != "Pod":
        return about
    try:
        pod = await snapshot.get("Pod", about.name, namespace=about.namespace)
        owners = await owners_of(snapshot, pod)
    except ClusterError:
        return about
    return owners.refs[-1] if owners.refs else about


async def _with_button(
    services: Services,
    exchange: Exchange,
    offer: ActionOffer,
    wanted: _Wanted,
    about: ObjectRef,
    connection: Connection,
) -> ActionOffer:
    scope, cluster = exchange.scope, connection.name
    if not scope.offers(wanted.name, cluster, about.namespace):
        return _withheld(offer, wanted, scope.may(wanted.name, cluster, about.namespace).says)
    plan = await plan_requested(
        wanted.name,
        about,
        args=wanted.args,
        asks=wanted.asks,
        request_id=exchange.id,
        session=session_of(scope, connection),
        now=services.clock(),
        reviewed=acts(scope, connection),
    )
    if isinstance(plan, Text):
        return _withheld(offer, wanted, plan)
    await services.store.plans.save(plan.id, exchange.id, {"plan": plan.as_json()}, plan.expires)
    return replace(offer, button=RemedyButton(plan_id=plan.id, label=wanted.label, risk=plan.risk))


def _wanted(text: str, about: ObjectRef) -> _Wanted | None:
    """Return the first action that a text asks for and that is for the object's kind."""
    for name in asked_actions(text, _spoken()):
        action = actions()[name]
        if about.kind not in action.writes:
            continue
        args: dict[str, Any] = {}
        asks: list[Question] = []
        for key, argument in action.declaration.args.items():
            if argument.type is not ArgumentType.NUMBER:
                continue
            number = number_in(text)
            if number is not None:
                args[key] = number
            elif argument.required:
                args[key] = f"{{input.{key}}}"
                label = Text(en=argument.says, zh=action.words.verb.zh)
                asks.append(Question(id=key, label=label, expects=InputType.NUMBER))
        return _Wanted(action=action, args=args, asks=tuple(asks))
    return None


def _instead(about: ObjectRef) -> Iterator[Text]:
    """Yield that there is no such action for the object, and what there is."""
    yield _NO_ACTION.filled(about.kind)
    verbs = [actions()[name].words.verb for name in _spoken() if about.kind in actions()[name].writes]
    if verbs:
        yield _INSTEAD.filled(Text.joined(verbs, ENUMERATION))


def asks_for_action(text: str) -> bool:
    """Return whether a text has the words of an action, or of a change that Casebook does not make."""
    return bool(asked_actions(text, _spoken())) or _OTHER_CHANGES.search(text) is not None


def _spoken() -> Mapping[str, tuple[str, ...]]:
    """Return the words of the actions that can be asked for by themselves."""
    return {name: action.words.asked_by for name, action in actions().items() if action.words.asked_by}


def _withheld(offer: ActionOffer, wanted: _Wanted, why: Text) -> ActionOffer:
    verb = wanted.action.words.verb
    says = _WITHHELD.filled(verb, why)
    return replace(offer, why=(safe_value(says),))


def _state_line(obj: Json, kind: str, now: datetime) -> Text:
    """Return the object and its state: what holds it, its ready pods, or what its status says is wrong."""
    about = str(ref(obj, kind))
    if standing := standing_of(obj, kind, now):
        return standing[0]
    problem = lasting_problem(obj, kind, now)
    if kind in REPLICATED:
        counts = replicas_of(obj)
        says = _READY.filled(counts.ready, counts.desired)
    else:
        says = Text.same(problem) if problem else _WELL
    return Text.joined((Text.same(about), says), COLON)
