"""The path of a button, as a durable job walks it: every value goes through JSON between two stages."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bot.cluster.connection import Connection
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine
from bot.playground.kubernetes import SimulatedCluster
from bot.remedies import execution
from bot.remedies.action import actions
from bot.remedies.contract import LIFETIME, About, Applied, EffectStatus, Plan, Preview, Refusal
from bot.remedies.offers import Offers, plan_remedies
from bot.remedies.session import Session
from bot.remedies.verification import Pace, Verified, verify
from intents.domain import Diagnosis, JudgedHypothesis, ObjectRef, Text
from intents.request import Request

PULLS_AGAIN = ("image-pull-failed", "the registry did not answer, and does again; a restart skips the back-off")
STILL_UNREACHABLE = ("image-pull-failed", "the registry still does not answer; a restart changes nothing")
HEALED = ("apiservice-unavailable", "the pods behind it hang, and a restart heals them")
HANG_AGAIN = ("apiservice-unavailable", "the pods behind it hang, and hang again after a restart")

# A write wakes the simulated controllers at once, so nothing needs to be waited for.
TABLES = {"Pod": ("", "pods"), "Deployment": ("apps", "deployments"), "ReplicaSet": ("apps", "replicasets")}

HASTY = Pace(every=0.02, well=0.0, failing=0.0)

POD = "checkout-6f4d8b7c5-kz9wp"
PODS = "/api/v1/namespaces/front/pods"
ADAPTER = "/apis/apps/v1/namespaces/monitoring/deployments/prometheus-adapter"


def through_journal(value: Any) -> Any:
    """Return the result of a step as the next step receives it."""
    return type(value).from_json(json.loads(json.dumps(value.as_json())))


@dataclass
class Scene:
    """One case of the catalog in a cluster, and what was diagnosed in it."""

    cluster: SimulatedCluster
    connection: Connection
    engine: Engine
    request: Request
    diagnosis: Diagnosis
    judged: JudgedHypothesis
    kept: Plan = field(init=False)

    def session(self, **options: Any) -> Session:
        return Session(connection=self.connection, **options)

    async def planned(self, **options: Any) -> Offers:
        return await plan_remedies(
            self.diagnosis,
            self.judged,
            **{
                "request": self.request,
                "request_id": "request-1",
                "engine": self.engine,
                "session": self.session(),
                "allowed": lambda _action, _target: True,
                **options,
            },
        )

    async def plan(self) -> Plan:
        """Return the first button."""
        self.kept = through_journal((await self.planned()).plans[0])
        return self.kept

    async def made(self, action: str, target: ObjectRef, **args: Any) -> Plan:
        """Return a plan of this action for an object, which no entry offers in this case."""
        async with Snapshot(self.connection) as snapshot:
            obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
            found = replace(target, uid=obj["metadata"]["uid"] if obj else "")
            basis = await actions()[action].basis(snapshot, found)
        now = datetime.now(UTC)
        return through_journal(
            Plan(
                id=f"plan-{action}",
                request_id="request-1",
                incident=self.judged.incident,
                remedy=action,
                action=action,
                cluster=self.connection.name,
                target=found,
                args=args,
                basis=basis,
                about=About(focus=self.diagnosis.focus),
                title=Text.same(action),
                created=now,
                expires=now + LIFETIME,
            )
        )

    async def of_now(self, plan: Plan) -> Plan:
        """Return the same plan as if it had been made now."""
        async with Snapshot(self.connection) as snapshot:
            return replace(plan, basis=await actions()[plan.action].basis(snapshot, plan.target))

    async def check(self, plan: Plan, **options: Any) -> Refusal | None:
        return await execution.check(plan, engine=self.engine, session=self.session(), **options)

    async def preview(self, plan: Plan) -> Preview:
        preview = through_journal(await execution.preview(plan, session=self.session()))
        assert isinstance(preview, Preview), preview
        return preview

    async def refused_preview(self, plan: Plan) -> Refusal:
        refusal = through_journal(await execution.preview(plan, session=self.session()))
        assert isinstance(refusal, Refusal), refusal
        return refusal

    async def apply(self, plan: Plan, preview: Preview, **options: Any) -> Applied | Refusal:
        options = {"looks": (0.0, 0.0), "session": self.session(), **options}
        applied: Applied | Refusal = through_journal(await execution.apply(plan, preview, **options))
        return applied

    async def applied(self, plan: Plan, preview: Preview) -> Applied:
        applied = await self.apply(plan, preview)
        assert isinstance(applied, Applied), applied
        return applied

    async def verify(self, plan: Plan, applied: Applied, *, deadline: float = 0.2, **options: Any) -> Verified:
        options = {"pace": HASTY, **options}
        return await verify(plan, applied, engine=self.engine, session=self.session(), deadline=deadline, **options)

    async def effect_of(self, plan: Plan, applied: Applied) -> EffectStatus:
        """Return the progress of a write's effect."""
        async with Snapshot(self.connection) as snapshot:
            return await actions()[plan.action].check_effect(snapshot, plan, applied)

    def stored(self, group: str, plural: str, name: str, namespace: str = "") -> dict[str, Any]:
        """Return an object as the API server holds it."""
        found = self.cluster.store.get(table=(group, plural), namespace=namespace, name=name)
        assert found is not None, f"{plural} {name} is gone"
        return found

    def is_gone(self, group: str, plural: str, name: str, namespace: str = "") -> bool:
        return self.cluster.store.get(table=(group, plural), namespace=namespace, name=name) is None

    # --- what the API server holds, not what we believe ---

    def pods(self, namespace: str = "front") -> dict[str, str]:
        """uid by name."""
        found = self.cluster.store.objects(table=("", "pods"), namespace=namespace)
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in found}

    def deployment(self, namespace: str = "monitoring", name: str = "prometheus-adapter") -> dict[str, Any]:
        found = self.cluster.store.get(table=("apps", "deployments"), namespace=namespace, name=name)
        assert found is not None
        return found

    def restarted_at(self) -> str:
        metadata = self.deployment()["spec"]["template"].get("metadata") or {}
        return str((metadata.get("annotations") or {}).get("kubectl.kubernetes.io/restartedAt", ""))

    def writes(self) -> list[tuple[str, str]]:
        """Return method and path of each write that was sent."""
        return [(sent.method, sent.path) for sent in self.cluster.requests if sent.writes]

    def change(self, kind: str, namespace: str, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
        """Somebody else changes an object, as it is stored."""
        table = {"Pod": ("", "pods"), "Deployment": ("apps", "deployments"), "ReplicaSet": ("apps", "replicasets")}[
            kind
        ]
        stored = self.cluster.store.get(table=table, namespace=namespace, name=name)
        changed = json.loads(json.dumps(stored))
        edit(changed)
        self.cluster.store.put(table=table, namespace=namespace, name=name, obj=changed)


Enter = Callable[..., AbstractAsyncContextManager[Scene]]
