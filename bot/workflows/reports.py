"""Post scheduled reports: what is new in watched namespaces, and what people called wrong or no entry explains.

A report without news posts nothing. The channel's policy decides what may be read, as for a message of an integration.

Counts and ids of entries are for everybody. Texts of a channel are shown only if everybody in the workspace may read
that channel, or if it is the report's own: the text of a private channel never appears in another one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from bot.cluster.errors import ClusterError
from bot.diagnosing import TargetNotFound
from bot.jobs import JobRun
from bot.slack.errors import SlackUnavailable, log_refusal
from bot.store import StoredReport
from bot.workflows.job_payloads import FeedbackReportJob, ReportJob
from bot.workflows.message_poster import post_once
from bot.workflows.services import Requester, Services, retry_step
from intents.catalog.learned import is_learned
from intents.domain import Gap, Json, Text
from intents.feedback import FeedbackSummary, summary_of
from intents.overview import Overview, OverviewChange, OverviewFinding, recurring_id, without_muted
from responses import failures
from responses.overview import scrubbed_change
from responses.safety import safe_value
from responses.slack.feedback import feedback_message
from responses.slack.message import Message
from responses.slack.notices import failed
from responses.slack.overview import change_message

_log: Final = structlog.get_logger(__name__)

_PAUSES_S: Final = (60.0, 300.0, 600.0)
_KEPT: Final = 200


async def post_report(services: Services, run: JobRun, payload: ReportJob) -> Json | None:
    """Run the job `report`."""
    for pause in (*_PAUSES_S, None):
        done = await retry_step(run, "report", _report, services, payload, run.id)
        if not (done and done["failed"]):
            return None
        if pause is None or done["final"]:
            await retry_step(run, "tell", _tell, services, payload, str(done["failed"]), run.id)
            return None
        await run.sleep(pause)
    return None


async def _report(services: Services, payload: ReportJob, id: str) -> Json:
    """Look, post what changed, and remember it. Return why that `failed` ("" if not), and if it will again."""
    channel = payload.channel
    key, namespaces = payload.key, payload.namespaces
    requester = await services.presser(payload)
    try:
        found = [await _look(services, each, payload.cluster, requester, channel) for each in namespaces or [""]]
    except (ClusterError, TargetNotFound) as error:
        _log.warning("report_failed", job=id, error=str(error))
        return {"failed": str(error), "final": isinstance(error, TargetNotFound)}
    last = await services.store.reports.last(key)
    change = changed(found, last, namespaces)
    if change.new or change.gone:
        safe = await asyncio.to_thread(scrubbed_change, change)
        await _post(services, change_message(safe, language=requester.language), channel, id)
    await services.store.reports.save(key, stored(found, last, services.clock()))
    return {"failed": "", "final": True}


async def _look(services: Services, namespace: str, cluster: str, requester: Requester, channel: str) -> Overview:
    started = time.monotonic()
    connection = await services.clusters.get(cluster)
    found = await services.overview(namespace, connection, requester.access(connection.name))
    services.metrics.overviewed(found, intent="report", seconds=time.monotonic() - started)
    mutes = await services.store.mutes.list(channel, services.clock())
    return without_muted(found, [mute.muted for mute in mutes])


async def _tell(services: Services, payload: ReportJob, why: str, id: str) -> None:
    """Say that a report could not be made, at most once a day."""
    channel = payload.channel
    key = f"report/{payload.key}"
    if await services.once(key):
        says = failures.report_failed(Text.same(why))
        await _post(services, failed(says, language=services.usual_language), channel, id)


async def _post(services: Services, message: Message, channel: str, id: str) -> None:
    """Post once. Raise SlackUnavailable; a channel that cannot be posted to is logged."""
    with log_refusal(_log.error, "report_not_posted", channel=channel, job=id):
        await post_once(services, message, to=channel, key=id)


def changed(found: Sequence[Overview], last: StoredReport | None, namespaces: Sequence[str]) -> OverviewChange:
    """Return what is new or gone since the last report. What could not be read in full is never gone."""
    before: Mapping[str, str] = last.findings if last else {}
    now = _by_id(found)
    gaps = _gaps(found)
    return OverviewChange(
        namespaces=tuple(namespaces),
        cluster=found[0].cluster,
        observed_at=found[0].observed_at,
        new=tuple(finding for id, finding in now.items() if id not in before),
        gone=() if gaps else tuple(says for id, says in before.items() if id not in now),
        before=sum(id in before for id in now),
        since=last.at if last else None,
        gaps=gaps,
        muted=sum(each.muted for each in found),
    )


def stored(found: Sequence[Overview], last: StoredReport | None, at: datetime) -> StoredReport:
    """Return what the next report is compared with."""
    findings = {id: finding.says.en for id, finding in _by_id(found).items()}
    if last and _gaps(found):
        findings = {**last.findings, **findings}
    return StoredReport(at=at, findings=dict(list(findings.items())[-_KEPT:]))


def _by_id(found: Sequence[Overview]) -> dict[str, OverviewFinding]:
    return {recurring_id(finding): finding for each in found for finding in each.findings}


def _gaps(found: Sequence[Overview]) -> tuple[Gap, ...]:
    return tuple(dict.fromkeys(gap for each in found for gap in each.gaps if not gap.quiet))


async def report_feedback(services: Services, payload: FeedbackReportJob, id: str) -> None:
    """Post the feedback of the period once; nothing if there is none."""
    channel, since, until = payload.channel, payload.since, payload.until
    records = await services.store.feedback_reader.records(since, until)
    readable = await _readable(services, records.channels, channel)
    summary = summary_of(records, may_read=readable.__contains__)
    if not summary:
        return
    shown = await asyncio.to_thread(safe_value, summary)
    message = feedback_message(
        shown, _titles(services, summary, channel), since=since, until=until, language=services.usual_language
    )
    with log_refusal(_log.error, "feedback_report_not_posted", channel=channel, job=id):
        await post_once(services, message, to=channel, key=id)


async def _readable(services: Services, channels: Iterable[str], home: str) -> frozenset[str]:
    """Return the channels whose texts the report's readers may see.

    With people of other organisations among them, that is the report's own channel alone.
    """
    own, *others = [await services.slack.place(one) for one in (home, *(set(channels) - {home}))]
    if any(one.unreached for one in (own, *others)):
        raise SlackUnavailable(method="conversations.info", detail="a channel could not be identified")
    public = [] if own.external else [one.id for one in others if not (one.private or one.direct or one.unknown)]
    return frozenset({home, *public})


def _titles(services: Services, summary: FeedbackSummary, channel: str) -> dict[str, Text]:
    """Return the titles of the named entries. A saved incident that the channel may not see has none."""
    known = services.engine(channel).catalog.incidents
    named = {one.id for one in summary.wrong} | {id for one in summary.wrong for id, _ in one.instead}
    return {
        id: known[id].title if id in known else Text.same(id)
        for id in sorted(named)
        if id in known or not is_learned(id)
    }
