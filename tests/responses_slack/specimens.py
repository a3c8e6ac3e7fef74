"""One of every kind of message and dialog that Casebook sends, made from values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from intents.catalog.learned import Collisions, SavedIncident, entry_yaml, signature_of
from intents.chronicle.facts import FactKind
from intents.chronicle.news import resolution_of
from intents.chronicle.nudges import nudge_of
from intents.cluster_choice import ChoiceReason, UnknownCluster
from intents.domain import (
    Diagnosis,
    Existence,
    ExternalManager,
    Finding,
    FindingOutcome,
    Focus,
    Gap,
    GapReason,
    Language,
    Link,
    NamedObject,
    NearestEntry,
    ObjectRef,
    Observation,
    Question,
    Step,
    Table,
    Text,
    Verdict,
)
from intents.overview import Impact, Overview, OverviewChange, OverviewFinding
from responses import failures
from responses.follow_ups import changes
from responses.overview import scrubbed_change, scrubbed_overview
from responses.postmortem import postmortem
from responses.safety import scrubbed
from responses.shown import shown
from responses.slack import limits, notices
from responses.slack.as_text import split_in_half, text_only
from responses.slack.channel_answers import kind_words
from responses.slack.choices import Picker, which_cluster, which_object, with_picker
from responses.slack.chronicle.announcements import (
    NEEDED_SCOPES,
    dismissed,
    looks_like,
    missing_scopes_message,
    nudge_message,
    reopened,
    resolved,
    timeline_message,
)
from responses.slack.chronicle.mark_dialog import correction_dialog, label_of, mark_dialog, with_correct_button
from responses.slack.chronicle.readers import ReaderMessages
from responses.slack.chronicle.resolve_dialog import resolve_button, resolve_dialog
from responses.slack.chronicle.summary import summary_message
from responses.slack.controls import AnswerView, RemedyButton
from responses.slack.details import details_view
from responses.slack.diagnosis import answer_message, placeholder_message
from responses.slack.help import help_message, misused
from responses.slack.learned import LearnedShown, SavedCheck, all_learned, save_dialog, saved_message
from responses.slack.message import Message, View, visible_length
from responses.slack.overview import change_message, overview_message
from responses.slack.remedy_dialogs import (
    Confirmation,
    ValuesForm,
    confirmation_dialog,
    loading_dialog,
    refusal_dialog,
    source_warning_dialog,
    values_dialog,
)
from responses.slack.remedy_states import (
    AuditLine,
    RemedyShown,
    RemedyState,
    answered_above,
    audit_message,
    changed_since,
)
from responses.slack.validation import validate_message, validate_view
from tests.responses import chronicles
from tests.responses.by_hand import KEEPS_FAILING, LEASES, POD, REFUTES, SUPPORTS, UNREAD, judged, offered
from tests.responses_slack.alert_specimens import alert_specimens
from tests.responses_slack.channel_specimens import channel_specimens
from tests.responses_slack.feedback_specimens import feedback_specimens
from tests.responses_slack.home_specimens import home_specimens
from tests.responses_slack.pings import pings
from tests.responses_slack.request_specimens import request_specimens
from tests.responses_slack.rules import broken_rules
from tests.responses_slack.watch_specimens import watch_specimens

DEPLOYMENT = ObjectRef(kind="Deployment", namespace="shop", name="api")
NOON = datetime(2026, 3, 2, 12, 0, 7, tzinfo=UTC)
SLOW = Gap(what="the log of api-0", reason=GapReason.TIMED_OUT, detail="no answer in time")
GUESTS = Text(en="guests get answers based on the pasted text only", zh="访客只能得到基于文本本身的回答")
NO_CLUSTER = Gap(what="the cluster", reason=GapReason.NO_CLUSTER, detail="none is reachable")

ALONE = Finding(
    rule="events",
    outcome=FindingOutcome.SUPPORTS,
    says=Text(en="the kubelet tried 12 times", zh="kubelet 已尝试 12 次"),
    subject=POD,
    quote="Failed to pull image",
    reproduce="kubectl -n shop describe pod api-0",
    table=Table(columns=("pod", "times"), rows=(("api-0", "12"),)),
)
NEUTRAL = Finding(
    rule="owner",
    outcome=FindingOutcome.NEUTRAL,
    says=Text(en="it belongs to Deployment api", zh="它属于 Deployment api"),
    subject=DEPLOYMENT,
)
NOBODY = Finding(rule="pod", outcome=FindingOutcome.GAP, says=Text.same("could not check"), gaps=(NO_CLUSTER,))

TOLD = replace(
    judged("image-pull-failed", Verdict.CONFIRMED, NEUTRAL, ALONE, SUPPORTS, UNREAD),
    runbook=(
        Step(says=Text(en="Look at the tag.", zh="查看标签。"), run="skopeo list-tags docker://shop/api"),
        Step(
            says=Text(en="Go back to the revision before.", zh="回滚到上一版本。"),
            run="kubectl -n shop rollout undo deployment api",
            warning=Text(en="Pods are replaced.", zh="Pod 会被替换。"),
        ),
        Step(says=Text(en="Push the tag again.", zh="重新推送标签。")),
        Step(says=Text(en="Ask who deletes tags.", zh="查明谁会删除标签。")),
    ),
    links=(Link(title="Images", url="https://kubernetes.io/docs/concepts/containers/images/"),),
)
DIAGNOSIS = Diagnosis(
    focus=Focus(kind="Pod", namespace="shop", name="api-0"),
    cluster="prod",
    owners=(ObjectRef(kind="ReplicaSet", namespace="shop", name="api-7d9f"), DEPLOYMENT),
    hypotheses=(
        TOLD,
        judged("probe-fails", Verdict.LIKELY, SUPPORTS, effect_of="image-pull-failed"),
        judged("node-full", Verdict.POSSIBLE),
        judged("registry-down", Verdict.POSSIBLE),
        judged("quota-exceeded", Verdict.RULED_OUT, REFUTES),
    ),
    gaps=(LEASES, SLOW),
    unexplained=(Observation(subject=POD, quote="Liveness probe failed"),),
    api_calls=7,
)
OFFER = offered(KEEPS_FAILING)
NEAREST = NearestEntry(
    incident="image-pull-failed", title=Text(en="An image", zh="镜像"), score=0.31, decided_by="ErrImagePull"
)
BUTTONS = (
    RemedyButton(plan_id="plan-1", label=Text(en="Restart pod", zh="重启 Pod"), style="primary"),
    RemedyButton(plan_id="plan-2", label=Text(en="Roll back", zh="回滚"), risk="disruptive", style="danger"),
)
DIFF = """\
--- live
+++ after
@@ -1,3 +1,3 @@
 spec:
-  replicas: 0
+  replicas: 2
"""
DIALOG = Confirmation(
    plan_id="plan-2",
    title=Text(en="Roll back", zh="回滚"),
    submit=Text(en="Roll back", zh="回滚"),
    cluster="prod",
    target=DEPLOYMENT,
    purpose=Text(en="Roll Deployment api back", zh="回滚 Deployment api"),
    what=Text(en="Takes the revision before.", zh="使用上一版本。"),
    risk="disruptive",
    undoable_minutes=30,
    diff=DIFF,
    effects=(
        Text(en="2 of 2 pods are replaced, one after the other.", zh="将逐个替换 2 个 Pod。"),
        Text(en="PodDisruptionBudget api allows it.", zh="PodDisruptionBudget api 允许。"),
    ),
    warning=Text(en="Argo CD would take it back.", zh="Argo CD 会将其还原。"),
)
PRESSED = RemedyShown(
    plan_id="plan-1",
    title=BUTTONS[0].label,
    state=RemedyState.FIXED,
    who="U1",
    approver="U2",
    at=NOON,
    says=Text(en="api-0 is Ready since 12:00:05", zh="api-0 自 12:00:05 起就绪"),
)
ASKED = ValuesForm(
    plan_id="plan-3",
    title=Text(en="Scale", zh="扩缩容"),
    cluster="prod",
    target=DEPLOYMENT,
    purpose=Text(en="Scale Deployment api", zh="扩缩 Deployment api"),
    what=Text(en="Sets the number of pods.", zh="设置 Pod 数量。"),
    questions=(
        Question(id="replicas", label=Text(en="Replicas", zh="副本数"), default="2"),
        Question(id="note", label=Text(en="Note", zh="备注")),
    ),
)
ARGO = ExternalManager(
    name="Argo CD application shop",
    says=Text(en="Argo CD takes it back within 3 minutes", zh="Argo CD 会在 3 分钟内将其还原"),
    sources=(Link(title="shop.git", url="https://git.example.com/shop"),),
)
DOWN = OverviewFinding(
    asked=ObjectRef(kind="Pod", namespace="shop", name="api-0"),
    at_fault=ObjectRef(kind="ConfigMap", namespace="shop", name="settings"),
    says=Text(en="ConfigMap shop/settings does not exist", zh="ConfigMap shop/settings 不存在"),
    verdict=Verdict.CONFIRMED,
    impact=Impact(
        pods=40, workloads=2, services=1, examples=(ObjectRef(kind="Service", namespace="shop", name="api"),)
    ),
    since=NOON - timedelta(hours=2),
)
UNWELL = OverviewFinding(
    asked=ObjectRef(kind="Widget.example.com", namespace="shop", name="w"),
    at_fault=ObjectRef(kind="Widget", namespace="shop", name="w"),
    says=Text.same("Ready=False: NoPaint"),
)
OVERVIEW = Overview(
    namespace="shop",
    cluster="prod",
    observed_at=NOON,
    findings=(DOWN, UNWELL, replace(UNWELL, unread=True)),
    looked_at={"pods": 61, "services": 3},
    gaps=DIAGNOSIS.gaps,
)
REPORT = OverviewChange(
    namespaces=("staging",),
    cluster="prod",
    observed_at=OVERVIEW.observed_at,
    new=OVERVIEW.findings[:1],
    gone=("Container app of staging/tool-1 keeps failing: exit code 3",),
    before=2,
    since=OVERVIEW.observed_at,
)
SAVED = SavedIncident(
    title="Ledger was written twice",
    line="payment-gateway: ledger checksum mismatch for batch 4711: expected 0xdeadbeef got 0xcafe (pod shop/ledger-0)",
    root_cause="The nightly import ran twice. {It} wrote the batch of the day before.",
    done="Stop the second import.\nDelete the batch and start the import again.",
    channel="payments",
    by="Alex",
)
_KIND = kind_words("evidence", Text(en="The container runs out of memory", zh="容器内存不足"))
Said = Message | View


def specimens(language: Language) -> Iterator[tuple[str, Said]]:
    """Yield (name, message or dialog) of every kind."""
    yield from _waiting(language)
    yield "overview", overview_message(scrubbed_overview(OVERVIEW), language=language)
    report = change_message(scrubbed_change(REPORT), language=language)
    yield "report", report
    yield from watch_specimens(report, language)
    yield from home_specimens(scrubbed_overview(OVERVIEW), language)
    yield from request_specimens(language)
    yield from _answers(language)
    yield from _views(language)
    yield from _notes(language)
    yield from _chronicle(language)
    yield from _learned(language)
    yield from channel_specimens(language)
    yield from feedback_specimens(language)
    whole = _answer(DIAGNOSIS, language)
    yield "as-text", text_only(whole)
    yield from zip(("first-half", "second-half"), split_in_half(whole), strict=True)


def _waiting(language: Language) -> Iterator[tuple[str, Said]]:
    yield "placeholder", placeholder_message(language=language)
    yield (
        "placeholder-with-findings",
        placeholder_message(
            language=language, done=3, total=12, found=DIAGNOSIS.hypotheses[:4], about="pod shop/api-0"
        ),
    )


def _answer(diagnosis: Diagnosis, language: Language, **options: Any) -> Message:
    given = {"request_id": "T1.C1.1772449207.000100", "seconds": 0.84, "of_text": True, "details_value": "r-1"}
    return answer_message(AnswerView(diagnosis=scrubbed(diagnosis), language=language, **{**given, **options}))


def _answers(language: Language) -> Iterator[tuple[str, Said]]:
    def say(diagnosis: Diagnosis, **options: Any) -> Message:
        return _answer(diagnosis, language, **options)

    alone = replace(TOLD, verdict=Verdict.POSSIBLE, findings=(NOBODY,))
    of_text = Diagnosis(focus=Focus(), hypotheses=(alone,), gaps=(NO_CLUSTER,))
    yield "answer", say(DIAGNOSIS, buttons=BUTTONS)
    yield "answer-asked-for", say(DIAGNOSIS, buttons=BUTTONS, feedback=True)
    yield "answer-seen-often", say(DIAGNOSIS, count=20, last_seen=NOON, not_it_by=("U1", "U2"), muted_by="U3")
    unasked = {"unasked": _KIND, "kind": "evidence container-oom-killed"}
    yield "answer-unasked-lowered", say(DIAGNOSIS, lowered_by="U1", **unasked)
    yield "answer-of-text-alone", say(of_text, text_only_reason=GUESTS, controls=False)
    yield "answer-likely-for-want-of-permission", say(replace(DIAGNOSIS, hypotheses=DIAGNOSIS.hypotheses[1:2]))
    yield "answer-all-ruled-out", say(replace(DIAGNOSIS, hypotheses=DIAGNOSIS.hypotheses[4:]))
    yield "answer-nothing-wrong", say(replace(DIAGNOSIS, hypotheses=(), unexplained=()), of_text=False)
    yield "answer-unknown", say(Diagnosis(focus=Focus(), nearest=(NEAREST,)), observed=("Error: flux capacitor",))
    brief = Diagnosis(focus=Focus(), cluster="prod", hypotheses=(judged("image-pull-failed", Verdict.CONFIRMED),))
    for state in RemedyState:
        yield (
            f"answer-remedy-{state.name.lower().replace('_', '-')}",
            say(brief, buttons=BUTTONS, remedy_states=(_shown(state),)),
        )
    yield "answer-after-presses", say(DIAGNOSIS, buttons=BUTTONS, **_pressed())
    beside = replace(DIAGNOSIS, hypotheses=(*DIAGNOSIS.hypotheses[:2], OFFER))
    yield "answer-with-offer", say(beside, buttons=BUTTONS)
    yield "answer-offer-alone", say(replace(DIAGNOSIS, hypotheses=(OFFER,), unexplained=()), buttons=BUTTONS[:1])
    long = replace(TOLD, root_cause=Text(en="It is long. " * 300, zh="很长。" * 900))
    several = Picker(names=("prod", "prod-eu", "staging"))
    yield (
        "answer-which-cluster",
        say(of_text, text_only_reason=failures.SEVERAL_CLUSTERS, controls=False, pick=several),
    )
    chosen, why = replace(several, asked="prod"), failures.reason_for(ChoiceReason.PRESSED)
    yield "answer-another-cluster", say(DIAGNOSIS, because=why, pick=chosen)
    yield "answer-too-long", say(replace(DIAGNOSIS, hypotheses=(long, *DIAGNOSIS.hypotheses[1:])))


def _shown(state: RemedyState) -> RemedyShown:
    return replace(PRESSED, state=state, approver="")


def _pressed() -> dict[str, Any]:
    """Return the options of an answer that was asked again, with pressed remedies and a reader who disagrees."""
    pressed = (RemedyState.WORSE, RemedyState.FAILED, RemedyState.FIXED, RemedyState.AWAITING)
    shown = [replace(_shown(state), plan_id=f"plan-{number}") for number, state in enumerate(pressed, 10)]
    shown[2] = replace(shown[2], undo="plan-undo", approver="U2")
    return {
        "remedy_states": shown,
        "not_it_by": ("U1", "U2", "U3", "U4"),
        "corrections": {f"U{number}": Text(en="“the *switch*”", zh="“交换机”") for number in range(4, 9)},
        "muted_by": "U3",
        "count": 20,
        "last_seen": NOON,
    }


def _views(language: Language) -> Iterator[tuple[str, Said]]:
    yield "details", details_view(scrubbed(DIAGNOSIS), language=language)
    yield "details-with-offer", details_view(scrubbed(replace(DIAGNOSIS, hypotheses=(TOLD, OFFER))), language=language)
    yield "dialog-loading", loading_dialog(language)
    yield "dialog", confirmation_dialog(DIALOG, language=language)
    typed = replace(
        DIALOG, risk="data-loss", diff="", typed_name_required="shop/api-0", warning=None, target=POD, effects=()
    )
    yield "dialog-with-typed-name", confirmation_dialog(typed, language=language)
    yield "dialog-asks-for-approval", confirmation_dialog(replace(DIALOG, needs_approval=True), language=language)
    yield "dialog-approves", confirmation_dialog(replace(typed, asked_by="U1"), language=language)
    yield "dialog-asks-for-values", values_dialog(ASKED, language=language)
    yield "dialog-asks-again", source_warning_dialog("plan-2:f-1", ARGO, language=language)
    for name, reason in {
        "not-allowed": failures.NOT_ALLOWED_HERE,
        "expired": failures.PLAN_EXPIRED,
        "repeated": failures.ALREADY_PRESSED,
    }.items():
        yield f"refusal-{name}", refusal_dialog(reason, language=language)


def _notes(language: Language) -> Iterator[tuple[str, Said]]:
    several = Picker(names=("prod", "prod-eu", "staging"), asked="prod")
    title = TOLD.title
    missing = NamedObject(target=POD, existence=Existence.MISSING)
    yield "failed", notices.failed(failures.target_not_found(missing), language=language)
    similar = (replace(POD, name="api-1"), replace(POD, namespace="store"))
    says = failures.target_not_found(replace(missing, candidates=similar))
    yield "which-object", which_object(says, similar, cluster="prod", language=language)
    yield "told", notices.notice(failures.NOT_ALLOWED_HERE, language=language)
    yield "press-without-effect", notices.not_done(failures.ALREADY_PRESSED, language=language)
    says = failures.why_unclear("pod shop/api-0", found=("prod", "prod-eu"), unasked=("staging",))
    which: dict[str, Any] = {"request_id": "r-1", "language": language}
    yield "which-cluster", which_cluster(says, Picker(names=("prod", "prod-eu", "staging")), **which)
    many = Picker(names=tuple(f"prod-{number}" for number in range(120)))
    yield "which-of-many-clusters", which_cluster(failures.why_unclear("", found=(), unasked=()), many, **which)
    unreachable = notices.failed(failures.unreachable("prod", GapReason.UNREACHABLE), language=language)
    yield "failed-one-of-several", with_picker(unreachable, several, **which)
    yield (
        "no-such-cluster",
        notices.failed(failures.unknown_cluster(UnknownCluster(named="prdo", closest="prod"), ()), language=language),
    )
    yield (
        "repeated",
        notices.answered_before("https://example.slack.com/archives/C1/p1772449207000100", 20, language=language),
    )
    link = "https://example.slack.com/archives/C1/p1772449207000100"
    yield "answered-above", answered_above(link, language=language)
    dated = replace(DIAGNOSIS, observed_at=NOON)
    gone = replace(TOLD, findings=tuple(one for one in TOLD.findings if one.rule != "waiting"))
    news = changes(shown(scrubbed(replace(dated, hypotheses=(gone,)))), shown(scrubbed(dated)), language)
    yield "changed-since", changed_since(news, sign="🔴", link=link, language=language)
    mute = notices.MuteShown(muted="node-disk-pressure-taint", title=title, by="U1", until=NOON, reason="fixed in 2.4")
    place = replace(mute, muted="Namespace staging", title=Text.same("Namespace staging"))
    yield "muted", notices.muted(mute, language=language)
    yield "unmuted", notices.unmuted(title, language=language)
    yield (
        "all-muted",
        notices.all_muted([mute, place], language=language),
    )
    yield from alert_specimens(title.in_(language), _answer(DIAGNOSIS, language, controls=False), language)
    yield "none-muted", notices.all_muted([], language=language)
    yield "record", audit_message(AuditLine(shown=PRESSED, cluster="prod", target=POD), language=language)
    yield "help", help_message(language=language)
    says = Text(en='there is no kind "pdo"', zh="没有“pdo”这种类型")
    yield "misused", misused(says, "pod shop/api-0", language=language)


def _chronicle(language: Language) -> Iterator[tuple[str, Said]]:
    told: dict[str, Any] = {"language": language, "permalink": chronicles.permalink, "names": chronicles.NAMES}
    named: dict[str, Any] = {"name": chronicles.NAME, "now": chronicles.summary().now}
    over, moments = chronicles.summary(chronicles.OVER, minute=80), chronicles.moments(chronicles.OVER)
    draft = postmortem(over, moments, **told)
    yield "chronicle-summary", with_correct_button(summary_message(chronicles.summary(), **told), language)
    yield "chronicle-summary-of-nothing", summary_message(chronicles.summary(()), **told)
    yield "chronicle-summary-when-over", summary_message(over, **told)
    yield "chronicle-timeline", timeline_message(chronicles.moments(), **named, **told)
    yield "chronicle-timeline-of-nothing", timeline_message((), **named, **told)
    open_facts = (
        chronicles.said(2, FactKind.ROLE, "I'll take IC", chronicles.ALICE, role="commander", of=chronicles.ALICE),
        chronicles.said(9, FactKind.STATUS, "found it: v2 was never pushed", chronicles.BOB, state="identified"),
        chronicles.said(14, FactKind.QUESTION, "is the ledger affected too?", chronicles.DANA),
        chronicles.said(18, FactKind.ACTION, "somebody restarts the ledger", chronicles.CHEN, state="planned"),
    )
    quiet = chronicles.summary(open_facts, minute=40)
    reminder = nudge_of(quiet, active=quiet.now, nudged=())
    assert reminder
    yield "chronicle-nudge", nudge_message(reminder, now=quiet.now, **told)
    readers = ReaderMessages(summary=chronicles.summary(), **told)
    yield "chronicle-news", readers.missed(chronicles.news())
    yield "chronicle-news-of-all", readers.missed(chronicles.news(None))
    yield "chronicle-no-news", readers.missed(chronicles.news(20))
    yield "chronicle-happened", readers.happened(chronicles.news(7))
    yield "chronicle-welcome", readers.welcome(chronicles.FACTS)
    later = replace(readers, summary=chronicles.summary(minute=52))
    yield "chronicle-for-commander", later.for_commander()
    yield "chronicle-for-status-page", readers.for_status_page(chronicles.FACTS, chronicles.NAMES)
    nothing = replace(readers, summary=chronicles.summary(()))
    yield "chronicle-for-commander-of-nothing", nothing.for_commander()
    yield "chronicle-for-status-page-of-nothing", nothing.for_status_page((), {})
    yield "chronicle-welcome-to-nothing", nothing.welcome(())
    yield "chronicle-resolved", resolved(over, draft=draft, **told)
    yield "chronicle-archived", resolved(chronicles.summary(chronicles.FACTS[:2]), archived=True, **told)
    asks = resolution_of(chronicles.summary())
    dialog: dict[str, Any] = {
        "channel": "C1",
        "language": language,
        "permalink": chronicles.permalink,
        "names": chronicles.NAMES,
    }
    yield "chronicle-resolve-dialog", resolve_dialog(chronicles.summary(), asks, **dialog)
    yield "chronicle-resolve-button", resolve_button(language)
    yield "chronicle-mark-dialog", mark_dialog("it is the registry", metadata="C1|1772449207.000100", language=language)
    correctable = [fact for fact in chronicles.FACTS if fact.key.startswith("m:") and label_of(fact)]
    yield "chronicle-correction-dialog", correction_dialog(correctable, channel="C1", language=language)
    ago, address = timedelta(minutes=20), "https://example.slack.com/archives/C1/p1772449207000100"
    title = chronicles.PULL_FAILED
    yield "chronicle-looks-like", looks_like(title, where="#inc-41", address=address, ago=ago, language=language)
    yield "chronicle-permissions", missing_scopes_message(NEEDED_SCOPES, language=language)
    yield "chronicle-dismissed", dismissed("U1", language=language)
    yield "chronicle-reopened", reopened("U1", language=language)


def _learned(language: Language) -> Iterator[tuple[str, Said]]:
    def dialog(check: SavedCheck | None = None, *, edits: bool = False) -> View:
        return save_dialog(SAVED, metadata="C1|1772449207.000100||0|", language=language, edits=edits, check=check)

    signature = signature_of(SAVED.line)
    titles = {TOLD.incident: TOLD.title}
    collides = Collisions(
        examples=((TOLD.incident, "ledger checksum mismatch in the image"),) * 7,
        ordinary=("the checksum of the ledger does not match",),
        known=(TOLD.incident,),
    )
    yield "save-dialog", dialog()
    yield "save-dialog-to-edit", dialog(edits=True)
    yield "save-dialog-checked", dialog(SavedCheck(signature=signature, collisions=Collisions(), titles={}))
    yield (
        "save-dialog-collides",
        dialog(SavedCheck(signature=signature, collisions=collides, titles=titles, changed=True)),
    )
    id = "learned-ledger-was-written-twice-1a2b3c"
    yield "saved", saved_message(SAVED.title, id, 1, entry_yaml(SAVED, id=id), language=language)
    shown = LearnedShown(id=id, title=SAVED.title, channel="payments", by="Alex", version=2, shared=False)
    yield "learned", all_learned([shown, replace(shown, shared=True)], language=language)
    yield "learned-many", all_learned([shown] * 30, language=language)
    yield "learned-none", all_learned([], language=language)


def payload_of(said: Said) -> dict[str, Any]:
    """Return the payload as it is sent."""
    return {"text": said.text, "blocks": list(said.blocks)} if isinstance(said, Message) else said


def is_fit_to_send(said: Said) -> None:
    """Check that Slack takes it, that it keeps our budget, mentions nobody, and that each press has an effect."""
    payload = payload_of(said)
    assert pings(payload) == ()
    assert broken_rules(payload) == ()
    if not isinstance(said, Message):
        assert validate_view(payload) == ()
        return
    assert validate_message(payload) == ()
    assert visible_length(payload["blocks"]) <= limits.BUDGET_VISIBLE
    assert len(payload["blocks"]) <= limits.BUDGET_BLOCKS
    assert len(payload["text"].encode()) <= limits.BUDGET_TEXT_BYTES


def every_string(value: Any, change: Callable[[str], str]) -> Any:
    """Return `value` with every string in it changed, except enums: to plant hostile text everywhere."""
    if type(value) is str:
        return change(value)
    if isinstance(value, tuple):
        return tuple(every_string(item, change) for item in value)
    if hasattr(value, "items"):
        return {key: every_string(item, change) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return type(value)(**{name: every_string(getattr(value, name), change) for name in value.__dataclass_fields__})
    return value
