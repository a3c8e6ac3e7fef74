"""Build the messages of an incident channel beside its summary.

These are the timeline: when, what, who, and a link, the newest moments if not all fit; the features that need scopes
which the app lacks; and those that are posted once: resolved, looks like another, dismissed, reopened. The
reminder of what is open notifies the commander and nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from intents.chronicle.facts import IncidentStatus
from intents.chronicle.nudges import Nudge, OpenKind, OpenThing
from intents.chronicle.summary import Summary
from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language, Text
from responses import words
from responses.chronicle import incident_words
from responses.chronicle.acts import acts_of
from responses.chronicle.fact_formatter import FactFormatter, is_from_catalog, line
from responses.chronicle.markdown import Spans, Timestamp, plain
from responses.chronicle.sources import cause_lines
from responses.shown import fitting, shown_line
from responses.slack import blocks, limits
from responses.slack.blocks import Element, Leaf
from responses.slack.channel_answers import REMINDERS
from responses.slack.chronicle.leaves import NO_NAMES, LeafWriter, Names, Permalink
from responses.slack.message import Message, Snippet, fallback, visible_length
from responses.slack.presses import Press, action_id

_MOMENTS: Final = 60
# Room for the title and the count of what is left out.
_NOTES: Final = 400


def timeline_message(
    moments: Sequence[TimelineEntry],
    *,
    name: str,
    now: datetime,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
    mention: bool = True,
) -> Message:
    """Return the newest moments that fit, oldest first, and how many more there are.

    `names` and `mention` as in `LeafWriter`.
    """
    leaves = LeafWriter(permalink=permalink, names=names, now=now, mention=mention)
    formatter = FactFormatter(language)
    shown = (moment_leaves(moment, formatter, leaves) for moment in reversed(moments[-_MOMENTS:]))
    kept = fitting(shown, limits.BUDGET_VISIBLE - _NOTES, size=visible_length)
    title = f"🕒 {incident_words.TIMELINE.in_(language)} · #{line(name, 80)}"
    elements = []
    if left := len(moments) - len(kept):
        elements.append(blocks.sentence(incident_words.EARLIER.in_(language).format(left), italic=True))
    if kept:
        elements.append(blocks.bullets(reversed(kept)))
    else:
        elements.append(blocks.sentence(incident_words.NOTHING_YET.in_(language)))
    return Message(text=fallback(title), blocks=(blocks.header(title), blocks.rich(*elements)))


def moment_leaves(moment: TimelineEntry, formatter: FactFormatter, leaves: LeafWriter) -> list[Leaf]:
    """Return 12:04 what happened ×3 — who ↗ · done 12:08 ↗."""
    what = (Timestamp(moment.at), plain(" "), *formatter.moment(moment), *formatter.attribution(moment.fact))
    return [*leaves.with_link(what, moment.fact), *leaves.line(formatter.outcome_of_moment(moment))]


# Most important first; incident channels need no other scopes.
_WITHOUT: Final[Mapping[str, Text]] = {
    "channels:history": Text(
        en="messages in public channels cannot be read, neither new nor earlier ones",
        zh="无法读取公开频道中的消息（包括此前的消息）",
    ),
    "groups:history": Text(
        en="messages in private channels cannot be read, neither new nor earlier ones",
        zh="无法读取私有频道中的消息（包括此前的消息）",
    ),
    "pins:write": Text(
        en="the summary is not pinned; pin it by hand, it is updated all the same",
        zh="摘要无法置顶：请手动置顶，内容仍会更新",
    ),
    "files:write": Text(en="postmortem drafts and exports cannot be attached", zh="无法附上复盘报告草稿和导出文件"),
    "reactions:read": Text(
        en="reactions such as 📌 do not tell what a message is; use “Mark as …” in its menu",
        zh="📌 等表情回应不起作用：请使用消息菜单中的“Mark as …”",
    ),
    "canvases:write": Text(en="the summary is not written to a canvas", zh="摘要不会写入画布"),
    "channels:join": Text(
        en="Casebook does not join new incident channels by itself; /invite it there",
        zh="Casebook 不会自动加入新的故障频道，需要用 /invite 邀请",
    ),
}
NEEDED_SCOPES: Final = frozenset(_WITHOUT)
_TITLE: Final = Text(
    en="The Slack app of Casebook lacks permissions, so these features do not work here:",
    zh="Casebook 的 Slack 应用缺少以下权限，因此部分功能在此不可用：",
)
_HOW: Final = Text(
    en="An administrator can add them at api.slack.com/apps → the app → OAuth & Permissions → Bot Token Scopes. They "
    "take effect after the app is reinstalled.",
    zh="管理员可在 api.slack.com/apps → 该应用 → OAuth & Permissions → Bot Token Scopes 中添加，"
    "并重新安装应用，之后即生效。",
)


def missing_scopes_message(scopes: Collection[str], *, language: Language) -> Message:
    """Return what does not work without each of these scopes; scopes outside `NEEDED_SCOPES` are ignored."""
    colon = words.COLON.in_(language)
    missing = [(scope, says.in_(language)) for scope, says in _WITHOUT.items() if scope in scopes]
    title = _TITLE.in_(language)
    elements = (
        blocks.sentence(f"🔐 {title}"),
        blocks.bullets([blocks.code(scope), blocks.text(f"{colon}{says}")] for scope, says in missing),
        blocks.sentence(_HOW.in_(language), italic=True),
    )
    return Message(text=fallback(title, *(scope for scope, _ in missing)), blocks=(blocks.rich(*elements),))


_DONE: Final = 6
_LONGEST_TITLE: Final = 150


def resolved(
    summary: Summary,
    *,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
    archived: bool = False,
    draft: Snippet | None = None,
) -> Message:
    """Return the final summary: how long the incident took, its cause, the actions taken.

    `draft`, the postmortem's, is attached as a file. `archived` says that the channel was closed, resolved or not. The
    message notifies nobody.
    """
    formatter = FactFormatter(language)
    leaves = LeafWriter(permalink=permalink, names=names, now=summary.now, mention=False)
    closed = ("🗄", incident_words.ARCHIVED) if archived else incident_words.STANDINGS[IncidentStatus.RESOLVED]
    title = f"{closed[0]} {formatter.text(closed[1])} · #{line(summary.name, 80)}"
    times: list[list[Leaf]] = []
    for label, by in (
        (incident_words.FIRST_REPORT, summary.detected_by),
        (incident_words.MITIGATED, summary.mitigated_by),
        (incident_words.RESOLVED, summary.resolved_by),
    ):
        at = by.at if by else None
        told = Timestamp(at) if at else plain(formatter.text(incident_words.NOT_KNOWN), italic=True)
        spans: Spans = (plain(formatter.label(label)), told)
        if label is not incident_words.FIRST_REPORT and (took := formatter.elapsed(summary.detected_at, at)):
            spans = (*spans, plain(f" · {formatter.text(incident_words.AFTER).format(took)}"))
        spans = (*spans, *(formatter.attribution(by) if by else ()))
        times.append(leaves.with_link(spans, by))
    elements: list[Element] = [
        blocks.bullets(times),
        blocks.sentence(formatter.text(incident_words.ROOT_CAUSE), bold=True),
    ]
    elements += _cause(summary, formatter, leaves)
    if done := [act for act in acts_of(summary) if act.is_begun][-_DONE:]:
        elements.append(blocks.sentence(formatter.text(incident_words.DONE), bold=True))
        elements.append(blocks.bullets(leaves.line(formatter.act(act)) for act in done))
    shown = [blocks.header(title), blocks.rich(*elements)]
    if draft:
        shown.append(blocks.context(formatter.text(incident_words.DRAFT_ADDED)))
    return Message(text=fallback(title), blocks=tuple(shown), overflow=draft)


def looks_like(incident: Text, *, where: str, address: str, ago: timedelta, language: Language) -> Message:
    """Return that the same incident was opened elsewhere, and how long ago.

    `where` is what readers may know of that place: "#inc-42", or words for a thread.
    """
    formatter = FactFormatter(language)
    title, place = line(incident.in_(language), _LONGEST_TITLE), line(where, 80)
    says = formatter.text(incident_words.LOOKS_LIKE).format(where=place, ago=formatter.duration(ago), title=title)
    there = blocks.link(shown_line(address), incident_words.SOURCE_LINK) if address else blocks.text("")
    leaves = [blocks.text(f"👯 {says} "), there, blocks.text(f" {formatter.text(incident_words.GO_THERE)}")]
    return Message(text=fallback(says), blocks=(blocks.rich(blocks.line(*leaves)),))


def dismissed(by: str, *, language: Language) -> Message:
    """Return that the channel is not an incident, in place of its summary. `by` is a user's id."""
    return _note("🙅", incident_words.DISMISSED, by, language)


def reopened(by: str, *, language: Language) -> Message:
    """Return that the incident was reopened. `by` is a user's id."""
    return _note("🔁", incident_words.REOPENED, by, language)


def _note(sign: str, says: Text, by: str, language: Language) -> Message:
    text = says.in_(language)
    elements = [blocks.sentence(f"{sign} {text}")]
    if by:
        elements.append(blocks.said_by(incident_words.BY.in_(language), by, italic=True))
    return Message(text=fallback(text), blocks=(blocks.rich(*elements),))


def _cause(summary: Summary, formatter: FactFormatter, leaves: LeafWriter) -> list[Element]:
    lines = cause_lines(summary, formatter)
    if not lines:
        return [blocks.sentence(formatter.text(incident_words.NO_CAUSE_YET), italic=True)]
    elements: list[Element] = []
    for each in lines:
        elements.append(blocks.line(*leaves.line(each.spans)))
        if each.fact and is_from_catalog(each.fact) and (evidence := formatter.evidence(each.fact)):
            elements.append(blocks.quoted(*leaves.line(evidence)))
    return elements


_STILL_OPEN: Final = Text(en="Still open", zh="仍待处理")
_OPEN_FOR: Final[Mapping[OpenKind, Text]] = {
    OpenKind.STATUS: Text(en="No status for {}", zh="已有 {}未说明状态"),
    OpenKind.QUESTION: Text(en="Not answered for {}", zh="已有 {}无人答复"),
    OpenKind.ACTION: Text(en="No owner for {}", zh="已有 {}无人负责"),
}
_LAST_STATUS: Final = Text(en="; the last one was ", zh="，最近一次为")
_NO_REMINDERS: Final = Text(en="No reminders here", zh="此频道不再提醒")


def nudge_message(nudge: Nudge, *, now: datetime, language: Language, permalink: Permalink, names: Names) -> Message:
    """Return the reminder; each line links to its source.

    The commander is mentioned if Slack knows them: they are among `names`.
    """
    formatter = FactFormatter(language)
    leaves = LeafWriter(permalink=permalink, names=names, now=now, mention=False)
    title = f"⏰ {formatter.text(_STILL_OPEN)}"
    head = [blocks.bold(title)]
    if nudge.commander in names:
        head += [blocks.text(formatter.text(words.COMMA)), blocks.user(nudge.commander)]
    said = [(_says(one, now, formatter), one) for one in nudge.things]
    lines = [leaves.with_link((plain(says), *_quoted(one, formatter)), one.fact) for says, one in said]
    button = blocks.button(formatter.text(_NO_REMINDERS), action_id=action_id(Press.NUDGES_OFF), value=REMINDERS)
    shown = (blocks.rich(blocks.line(*head), blocks.bullets(lines)), blocks.actions(button))
    return Message(text=fallback(title, *(says for says, _ in said)), blocks=shown)


def _says(one: OpenThing, now: datetime, formatter: FactFormatter) -> str:
    return formatter.text(_OPEN_FOR[one.kind]).format(formatter.duration(now - one.since))


def _quoted(one: OpenThing, formatter: FactFormatter) -> Spans:
    if one.fact is None:
        return ()
    before = _LAST_STATUS if one.kind is OpenKind.STATUS else words.COLON
    return (plain(formatter.text(before)), *formatter.quote(one.fact.says), *formatter.attribution(one.fact))
