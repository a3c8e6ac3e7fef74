"""Silence the alerts of a post in Alertmanager, and end a silence: by the policy, audited, one at a time.

A person confirms the matchers in a dialog. Its metadata names the post and a digest of these matchers, so that what is
sent is what was shown. The silence is claimed in the store before Alertmanager is asked: two people who press at once
make one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import structlog

from bot.alertmanager import AlertmanagerError
from bot.cluster.errors import ClusterError
from bot.jobs import JobRun, StartJob
from bot.policy import SILENCE_ALERTS, Decision
from bot.slack.errors import SlackError, log_refusal
from bot.store import StoreUnavailable
from bot.store.alert_groups import SilenceState, StoredAlertPost, StoredSilence
from bot.workflows.alert_posts import start_post
from bot.workflows.dialogs import ButtonPress, DialogOutcome, DialogRefused, InvalidInput
from bot.workflows.job_payloads import AlertPressJob, SilenceDialogJob, SilenceEndJob, SilenceJob
from bot.workflows.services import Requester, Services, retry_step
from intents.alerts.links import LONGEST_REASON, Matcher, duration_of, matchers_of, namespace_of
from intents.domain import Json, Text
from responses import alert_words, failures
from responses.safety import safe_line
from responses.slack.alert_groups import silence_dialog
from responses.slack.notices import not_done
from responses.slack.presses import Press

_log: Final = structlog.get_logger(__name__)

# Slack waits three seconds for the response to a submission.
_CHECKED_S: Final = 2.0
# A silence changes less than a remedy: it hides, for a while.
_RISK: Final = "low"
_PAUSES_S: Final = (0.5, 1.0)


def _metadata(post: str, matchers: Sequence[Matcher]) -> str:
    return f"{post}:{_digest(repr(tuple(matchers)))}"


def _digest(*parts: str) -> str:
    # Stored text may be redacted: an id that looks like a credential would be the same text as every other one.
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


async def _decision(services: Services, post: StoredAlertPost, requester: Requester, namespace: str) -> Decision:
    """Decide by the policy. `namespace` is the one that the silence is limited to, "" for none."""
    try:
        cluster = (await services.clusters.get(post.scope.cluster)).name if post.scope.cluster else ""
    except ClusterError as error:
        return Decision(allowed=False, says=Text.same(str(error)))
    scope = requester.scope
    decision = scope.may(SILENCE_ALERTS, cluster, namespace, {})
    approval = scope.approval(SILENCE_ALERTS, cluster, namespace, {}, _RISK) if decision.allowed else ""
    if approval:
        words = alert_words.NEEDS_APPROVAL
        return Decision(allowed=False, says=words.filled(approval))
    return decision


async def _refusal(
    services: Services, post: StoredAlertPost | None, requester: Requester, matchers: Sequence[Matcher]
) -> Text | None:
    """Return why this person may not silence the alerts of a post now; None if they may."""
    if services.alertmanager is None:
        return alert_words.NOT_CONFIGURED
    if post is None or post.scope.channel != requester.scope.who.channel:
        return failures.UNKNOWN_BUTTON
    if not post.firing:
        return alert_words.NONE_FIRES
    if post.silence is not None and post.silence.stands(services.clock()):
        return alert_words.ALREADY
    if not matchers:
        return alert_words.TOO_WIDE
    decision = await _decision(services, post, requester, namespace_of(matchers))
    return None if decision.allowed else decision.says


async def check_silence(services: Services, dialog: ButtonPress) -> DialogOutcome:
    """Check a submitted dialog: input, permission, and the matchers that it showed. Raise StoreUnavailable."""
    lasts, why = duration_of(dialog.entered(Press.SILENCE_FOR)), dialog.entered(Press.SILENCE_WHY)
    if lasts is None:
        raise InvalidInput({str(Press.SILENCE_FOR): alert_words.CHOOSE})
    if not why:
        raise InvalidInput({str(Press.SILENCE_WHY): alert_words.TYPE_WHY})
    post = await services.store.alert_groups.post(dialog.value.partition(":")[0])
    if post is None:
        raise DialogRefused(failures.UNKNOWN_BUTTON)
    matchers = matchers_of(post.labels)
    asked = SilenceJob(
        post=post.id, dialog=_digest(dialog.view), minutes=lasts // timedelta(minutes=1),
        why=safe_line(why, limit=LONGEST_REASON), matchers=matchers, **dialog.by_in(post.scope.channel),
    )  # fmt: skip
    try:
        async with asyncio.timeout(_CHECKED_S):
            requester = await services.presser(asked, fresh=True)
            refused = await _refusal(services, post, requester, matchers)
    except (SlackError, TimeoutError) as error:
        _log.warning("requester_lookup_failed", error=str(error))
        raise DialogRefused(failures.BUSY) from error
    if refused is None and dialog.value != _metadata(post.id, matchers):
        refused = alert_words.OTHER_ALERTS
    if refused is not None:
        raise DialogRefused(refused)
    return f"{post.id}.silence.{dialog.view}", asked


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceWorkflow:
    """The jobs `silence_dialog`, `silence` and `silence_end`."""

    services: Services
    start: StartJob

    async def dialog(self, run: JobRun, payload: SilenceDialogJob) -> Json | None:
        """Open the dialog, or tell why not."""
        await run.step("ask", self.ask, payload)
        return None

    async def silence(self, run: JobRun, payload: SilenceJob) -> Json | None:
        """Silence the alerts, and show it in the post."""
        claimed = await retry_step(run, "claim", self.claim, payload, pauses=_PAUSES_S)
        if claimed and claimed["at"]:
            done = await retry_step(run, "create", self.create, payload, str(claimed["at"]), pauses=_PAUSES_S)
            await self._recorded(run, payload, done)
        return None

    async def end(self, run: JobRun, payload: SilenceEndJob) -> Json | None:
        """End the silence of a post, and show it there."""
        allowed = await retry_step(run, "allow", self.allow_end, payload, pauses=_PAUSES_S)
        if allowed and allowed["allowed"]:
            done = await retry_step(run, "end", self.delete, payload, pauses=_PAUSES_S)
            await self._recorded(run, payload, done)
        return None

    async def _recorded(self, run: JobRun, payload: AlertPressJob, done: Json | None) -> None:
        if done:
            await retry_step(run, "record", self.record, payload, done, pauses=_PAUSES_S)
            await retry_step(run, "show", self.show, payload, pauses=_PAUSES_S)

    # --- steps ---

    async def ask(self, payload: SilenceDialogJob) -> None:
        services = self.services
        try:
            post, requester = await self._about(payload)
            matchers = matchers_of(post.labels) if post else ()
            refused = await _refusal(services, post, requester, matchers)
            if refused is None and post is not None:
                view = silence_dialog(matchers, metadata=_metadata(post.id, matchers), language=requester.language)
                await services.slack.open_view(payload.trigger, view)
                return
        except StoreUnavailable:
            refused = failures.BUSY
        except SlackError as error:
            _log.warning("silence_dialog_open_failed", channel=payload.channel, error=str(error))
            refused = error.says
        if refused is not None:
            await self._refuse(payload, refused)

    async def claim(self, payload: SilenceJob) -> Json:
        """Claim the silence before Alertmanager is asked; return since when, "" if another one stands."""
        now = self.services.clock()
        asked = StoredSilence(
            state=SilenceState.ASKED,
            dialog=payload.dialog,
            by=payload.user,
            reason=payload.why,
            until=now + timedelta(minutes=payload.minutes),
            at=now,
            matchers=tuple(map(str, payload.matchers)),
        )
        stands = await self.services.store.alert_groups.silence(payload.post, asked)
        if stands is None or stands.dialog != asked.dialog:
            await self._tell(payload, alert_words.ALREADY)
            return {"at": ""}
        return {"at": now.isoformat()}

    async def create(self, payload: SilenceJob, at: str) -> Json:
        """Ask Alertmanager; return the id of the silence, or why there is none."""
        client, starts = self.services.alertmanager, datetime.fromisoformat(at)
        until = starts + timedelta(minutes=payload.minutes)
        if client is None:
            return {"failed": alert_words.NOT_CONFIGURED.en, "outcome": "not silenced"}
        try:
            id = await client.silence(
                payload.matchers,
                starts=starts,
                ends=until,
                by=await self._name(payload.user),
                comment=payload.why,
                mark=f"casebook {payload.post} {payload.dialog}",
            )
        except AlertmanagerError as error:
            return {"failed": str(error), "outcome": "not silenced"}
        return {"id": id, "outcome": "silenced"}

    async def allow_end(self, payload: AlertPressJob) -> Json:
        """Return whether this person may end the silence; tell them if not."""
        post, requester = await self._about(payload)
        silence, refused = post.silence if post else None, alert_words.NOT_SILENCED
        if post and silence and silence.state is SilenceState.ACTIVE and post.scope.channel == payload.channel:
            decision = await _decision(self.services, post, requester, namespace_of(matchers_of(post.labels)))
            if decision.allowed:
                return {"allowed": True}
            refused = decision.says
        await self._refuse(payload, refused)
        return {"allowed": False}

    async def delete(self, payload: AlertPressJob) -> Json:
        """Ask Alertmanager to end the silence."""
        client, post = self.services.alertmanager, await self.services.store.alert_groups.post(payload.post)
        if client is None or post is None or post.silence is None:
            return {"failed": alert_words.NOT_CONFIGURED.en, "outcome": "not ended"}
        try:
            await client.end(post.silence.id)
        except AlertmanagerError as error:
            return {"failed": str(error), "outcome": "not ended", "id": post.silence.id}
        return {"id": post.silence.id, "outcome": "ended"}

    async def record(self, payload: AlertPressJob, done: Json) -> None:
        """Record what Alertmanager did: in the post, the audit and the metrics; tell the person what it did not."""
        services, outcome = self.services, str(done["outcome"])
        post = await services.store.alert_groups.post(payload.post)
        before = post.silence if post else None
        if before is not None and outcome in _STATES:
            state = _STATES[outcome]
            by = payload.user if outcome == "ended" else ""
            id = str(done.get("id") or before.id)
            await services.store.alert_groups.silence(
                payload.post, replace(before, state=state, id=id, ended_by=by, at=services.clock())
            )
        detail = {key: done[key] for key in ("id", "failed") if done.get(key)}
        if before is not None:
            detail |= {"why": before.reason, "until": before.until.isoformat(), "matchers": [*before.matchers]}
        services.metrics.silenced(outcome)
        if done.get("failed"):
            words = alert_words.END_FAILED if outcome == "not ended" else alert_words.FAILED
            says = words.filled(done["failed"])
            await self._tell(payload, says)
        await self._audit(payload, outcome, detail, key=payload.dialog)

    async def show(self, payload: AlertPressJob) -> None:
        """Update the post."""
        if post := await self.services.store.alert_groups.post(payload.post):
            await start_post(self.start, post.id, post.edits, post.scope.channel)

    # --- shared ---

    async def _about(self, payload: AlertPressJob) -> tuple[StoredAlertPost | None, Requester]:
        post, requester = await asyncio.gather(
            self.services.store.alert_groups.post(payload.post), self.services.presser(payload, fresh=True)
        )
        return post, requester

    async def _name(self, user: str) -> str:
        """Return the name for Alertmanager's list, the id if Slack does not return one."""
        try:
            person = await self.services.slack.person(user)
        except SlackError:
            return user
        return safe_line(person.name) or user

    async def _refuse(self, payload: AlertPressJob, why: Text) -> None:
        await self._audit(payload, "refused", {"why": why.en})
        await self._tell(payload, why)

    async def _tell(self, payload: AlertPressJob, says: Text) -> None:
        with log_refusal(_log.warning, "press_reply_failed", of=SlackError):
            language = await self.services.language_of(payload.user, within=_CHECKED_S)
            await self.services.tell(payload.sender, not_done(says, language=language))

    async def _audit(self, payload: AlertPressJob, outcome: str, detail: Json, *, key: str = "") -> None:
        key = _digest(SILENCE_ALERTS, payload.post, key, outcome) if key else ""
        await self.services.audit(
            payload.sender, action=SILENCE_ALERTS, target=payload.post, outcome=outcome, detail=detail, key=key
        )


_STATES: Final[Mapping[str, SilenceState]] = {
    "silenced": SilenceState.ACTIVE,
    "not silenced": SilenceState.ENDED,
    "ended": SilenceState.ENDED,
}
