"""Write a row of every repository, and read them all again: what a later version must still read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.store import (
    AuditEntry,
    ChannelAnswer,
    ChannelState,
    FactRow,
    LearnedEntry,
    Mark,
    Mute,
    NewRequest,
    RecordedMessage,
    RequestState,
    Store,
    StoredAnswer,
    StoredReport,
    Surface,
    WatchPost,
)
from bot.store.alert_groups import AlertScope, ArrivedAlert
from bot.store.outbox import AcceptedJob
from intents.alerts.alert import Alert, AlertStatus
from intents.feedback import Correction, UnknownPaste

NOW: Final = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_SCOPE: Final = AlertScope(channel="C1", cluster="prod")


async def write(store: Store) -> None:
    """Write the rows."""
    await _write_answer(store)
    await _write_remedy(store)
    await _write_chronicle(store)
    await _write_alerts(store)
    await _write_watch(store)
    await store.directory.save("user", {"U1": {"name": "alex"}}, at=NOW)
    await store.notices.note("C1:cannot-post", NOW)
    await store.replicas.beat("pod-a", "1", NOW)
    await store.accepted_jobs.add(AcceptedJob(id="Ev1.answer", kind="answer", payload={"request": "Ev1"}, at=NOW))
    await store.learned.save(
        LearnedEntry(
            id="ledger-full",
            version=1,
            yaml="id: ledger-full\n",
            channel="C1",
            channel_name="shop",
            author="U1",
            by="alex",
            at=NOW,
        )
    )


async def read(store: Store) -> Mapping[str, Any]:
    """Return the rows, read through the repositories."""
    (post,) = await store.watch_posts.lasting("prod")
    (behind,) = await store.alert_groups.behind(_SCOPE)
    return {
        "request": await store.requests.get("Ev1"),
        "outbox": await store.outbox.get("Ev1.placeholder"),
        "answer": await store.answers.get("Ev1"),
        "topic": await store.topics.joined("C1", "image-pull-failed", "Ev1"),
        "channel answers": await store.channel_answers.of("C1"),
        "mutes": await store.mutes.list("C1", NOW),
        "report": await store.reports.last("C1/prod"),
        "opinions": await store.feedback.has("Ev1", "U1", "wrong"),
        "feedback": await store.feedback_reader.records(NOW),
        "plan": await store.plans.get("p1"),
        "claims": await store.plans.claimed_since(NOW),
        "audit": await store.audit.entries(since=NOW, limit=10),
        "chronicle": await store.chronicles.read("C2"),
        "alerts": await store.alert_groups.post(behind[0]),
        "standing": await store.standing_alerts.of("C1", {"KubePodCrashLooping/web-0"}),
        "watch post": post,
        "thresholds": await store.watch_thresholds.of("C1"),
        "lease taken": not await store.watch_leases.take("prod", "pod-b", NOW),
        "users": await store.directory.load("user", since=NOW),
        "notice": await store.notices.last("C1:cannot-post"),
        "replicas": await store.replicas.gone(NOW + _HOUR, _HOUR / 2),
        "jobs": await store.accepted_jobs.list(before=NOW + _HOUR, limit=10),
        "learned": await store.learned.versions("ledger-full"),
    }


async def _write_answer(store: Store) -> None:
    request = NewRequest(
        id="Ev1",
        origin=Surface.MENTION,
        team="T1",
        channel="C1",
        thread_ts="1.5",
        user="U1",
        source_ts="1.5",
        text="error: web",
        created=NOW,
    )
    await store.requests.add(request)
    await store.requests.set_state("Ev1", RequestState.ANSWERED)
    await store.outbox.begin("Ev1.placeholder", "C1", "1.5", NOW)
    await store.outbox.done("Ev1.placeholder", "1.6")
    answer = StoredAnswer(
        request_id="Ev1",
        revision=1,
        channel="C1",
        ts="1.6",
        incident="image-pull-failed",
        verdict="confirmed",
        message={"text": "CONFIRMED"},
        saved=NOW,
    )
    await store.answers.save(answer)
    await store.topics.join("C1", "image-pull-failed", "Ev1", now=NOW, window=_HOUR)
    await store.channel_answers.set(ChannelAnswer(channel="C1", wanted="errors", by="U1", at=NOW))
    await store.channel_answers.set(ChannelAnswer(channel="C1", about="trouble pod.oom", by="U1", at=NOW))
    await store.mutes.add(Mute(channel="C1", muted="Pod shop/web-0", by="U1", at=NOW, until=None, reason="moved"))
    await store.reports.save("C1/prod", StoredReport(at=NOW, findings={"Pod shop/web-0": "image-pull-failed"}))
    await store.feedback.add("Ev1", "U1", "wrong", NOW)
    await store.corrections.save(
        Correction(request="Ev1", user="U1", channel="C1", incident="image-pull-failed", verdict="confirmed", at=NOW)
    )
    await store.unknown_pastes.add(
        UnknownPaste(request="Ev2", channel="C1", template="gate <*>", example="gate 7", at=NOW)
    )


async def _write_remedy(store: Store) -> None:
    await store.plans.save("p1", "Ev1", {"plan": {"action": "restart-pod"}}, NOW + _HOUR)
    await store.plans.claim("p1", "U1", "t1", NOW, action="restart-pod", subject="Pod shop/web-0")
    await store.audit.append(
        AuditEntry(at=NOW, actor="U1", action="restart-pod", target="Pod shop/web-0", outcome="applied", key="p1")
    )


async def _write_chronicle(store: Store) -> None:
    await store.chronicles.open("C2", team="T1", name="inc-checkout", at=NOW)
    await store.chronicles.set_state("C2", ChannelState.RESOLVED, NOW + _HOUR)
    fact = FactRow(key="2.1/said", at=NOW, ts="2.1", incident="image-pull-failed", document={"says": "web is down"})
    await store.chronicles.record("C2", RecordedMessage(ts="2.1", facts=(fact,)))
    await store.chronicles.mark("C2", Mark(ts="2.1", user="U1", what="wrong", at=NOW))
    await store.chronicles.caught_up("C2", "U1", NOW)


async def _write_alerts(store: Store) -> None:
    labels = {"alertname": "KubePodCrashLooping", "pod": "web-0"}
    alert = Alert(status=AlertStatus.FIRING, labels=labels, summary="web-0 crashes", fingerprint="f1", starts=NOW)
    await store.alert_groups.record(
        [ArrivedAlert(scope=_SCOPE, alert=alert)],
        NOW,
        lambda scope, number: AcceptedJob(id=f"{scope.key}.{number}", kind="alerts", payload={}, at=NOW),
    )
    await store.alert_groups.place(
        _SCOPE, lambda _: "Pod shop/web-0", ["f1"], {"says": "web-0"}, NOW, grown=lambda old, _: old
    )
    await store.standing_alerts.add("C1", {"KubePodCrashLooping/web-0"}, "Ev1", NOW)


async def _write_watch(store: Store) -> None:
    await store.watch_leases.take("prod", "pod-a", NOW)
    await store.watch_posts.open(
        WatchPost(
            key="w1",
            cause="Pod shop/web-0",
            channel="C1",
            cluster="prod",
            document={"says": "web-0"},
            objects=[("Pod", "shop", "web-0")],
            since=NOW,
            opened=NOW,
        ),
        budget=5,
    )
    await store.watch_thresholds.set("C1", "quota-exceeded", _HOUR, by="U1", at=NOW)
