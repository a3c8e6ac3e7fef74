"""Define the fixed words of an answer in every language. The catalog's own texts live in the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intents.domain import ChainRole, FindingOutcome, GapReason, Language, Text, Verdict

VERDICTS: Final[Mapping[Verdict, Text]] = {
    Verdict.CONFIRMED: Text(en="CONFIRMED", zh="已证实"),
    Verdict.LIKELY: Text(en="LIKELY", zh="很可能"),
    Verdict.POSSIBLE: Text(en="POSSIBLE", zh="有可能"),
    Verdict.RULED_OUT: Text(en="RULED OUT", zh="已排除"),
    Verdict.OFFERED: Text(en="YOU CAN", zh="可以这样做"),
}
SYMBOLS: Final[Mapping[FindingOutcome, str]] = {
    FindingOutcome.SUPPORTS: "✓",
    FindingOutcome.REFUTES: "✗",
    FindingOutcome.NEUTRAL: "•",
    FindingOutcome.GAP: "?",
}
REASONS: Final[Mapping[GapReason, Text]] = {
    GapReason.FORBIDDEN: Text(en="forbidden", zh="没有权限"),
    GapReason.UNAUTHORIZED: Text(en="credentials not accepted", zh="凭据未被接受"),
    GapReason.NOT_FOUND: Text(en="not found", zh="不存在"),
    GapReason.EXPIRED: Text(en="the list changed while it was read", zh="读取期间列表发生了变化"),
    GapReason.TIMED_OUT: Text(en="timed out", zh="超时"),
    GapReason.UNREACHABLE: Text(en="unreachable", zh="无法连接"),
    GapReason.THROTTLED: Text(en="the API server is too busy", zh="API Server 过于繁忙"),
    GapReason.SERVER_ERROR: Text(en="the API server failed", zh="API Server 出错"),
    GapReason.TRUNCATED: Text(en="too large to read in full", zh="内容过多，未读完"),
    GapReason.NOT_CONFIGURED: Text(en="not configured", zh="未配置"),
    GapReason.NO_CLUSTER: Text(en="no cluster was queried", zh="未查询集群"),
    GapReason.ONLY_METRICS: Text(en="only Prometheus can tell", zh="只有 Prometheus 知道"),
}
RISKS: Final[Mapping[str, Text]] = {
    "low": Text(en="low risk", zh="低风险"),
    "disruptive": Text(en="disruptive", zh="会造成中断"),
    "data-loss": Text(en="data can be lost", zh="可能丢失数据"),
}

UNKNOWN: Final = Text(en="I DON'T KNOW THIS ONE", zh="没见过这个问题")
UNKNOWN_WHY: Final = Text(
    en="No catalog entry matches well enough to name a cause.", zh="知识库中没有足够吻合的条目，无法判断原因。"
)
TEXT_RULED_OUT: Final = Text(
    en="The cluster rules out what the text suggested.", zh="文本所提示的原因，已根据集群状态排除。"
)
NO_PROBLEM: Final = Text(en="NO KNOWN PROBLEM FOUND", zh="没有发现已知问题")
NO_PROBLEM_WITH: Final = Text(en="None of the known incidents applies to {}.", zh="{} 不存在知识库中的任何问题。")
WELL: Final = Text(en="{}: {}; no known incident applies.", zh="{}：{}，不存在知识库中的任何问题。")
NOT_EXPLAINED: Final = Text(en="NOT EXPLAINED YET", zh="尚无解释")
NOT_EXPLAINED_WHY: Final = Text(
    en="None of the known incidents explains what is reported about {}.", zh="知识库中没有条目可以解释关于 {} 的报告。"
)
NOT_CHECKED: Final = Text(en="NOT CHECKED", zh="未检查")
NOT_CHECKED_WHY: Final = Text(
    en="Casebook has no health rules for {}, so it does not know whether {} is healthy.",
    zh="Casebook 没有 {} 的健康规则，因此无法判断 {} 是否正常。",
)
ASK_ABOUT_PODS: Final = Text(
    en="Ask about a pod or a workload instead: /diagnose pod NAMESPACE/NAME",
    zh="请改为就 Pod 或工作负载提问：/diagnose pod 命名空间/名称",
)

ONLY_NEUTRAL: Final = Text(
    en="What was read from the cluster neither supports nor refutes this.", zh="集群数据既不支持也不排除这一判断。"
)
IMPACT: Final = Text(en="Impact", zh="影响")
OWNERS: Final = Text(en="Owner", zh="归属")
CAUSED_BY: Final = Text(en="Cause", zh="根源")
EXPLAINED_BY: Final = Text(en="explained by “{}” above", zh="由上面的“{}”引起")
LIKELY_CAUSED_BY: Final = Text(en="likely caused by “{}”, see below", zh="很可能由“{}”引起，见下文")
EFFECT: Final = Text(en="Effect", zh="后果")
PASTED: Final = Text(en=" (the pasted text)", zh="（即粘贴的内容）")
TIMELINE: Final = Text(en="Timeline (UTC)", zh="时间线（UTC）")
PARTS: Final[Mapping[ChainRole, Text]] = {
    ChainRole.NONE: Text.same(""),
    ChainRole.CAUSE: Text(en="cause", zh="根源"),
    ChainRole.EFFECT: Text(en="effect", zh="后果"),
}
PLOT_SAYS: Final = Text(en="{}: now {}, limit {}", zh="{}：当前 {}，上限 {}")
STILL_LASTING: Final = Text(en=", ongoing", zh="，持续至今")
LINE: Final = Text(en="line {}", zh="第 {} 行")
MATCH: Final = Text(en="match {}", zh="匹配度 {}")

RUNBOOK: Final = Text(en="What to do", zh="处理步骤")
REMEDIES: Final = Text(en="Available as a button in Slack", zh="在 Slack 中可通过按钮执行")
REPRODUCE: Final = Text(en="Check it yourself", zh="自行验证")
LINKS: Final = Text(en="Read more", zh="参考")
ALERT_RUNBOOK: Final = Text(en="the alert's runbook", zh="告警的处理手册")
OFFERS: Final = Text(en="You can also", zh="还可以")
# Replaces POSSIBLE for a capability: a verdict is about a cause.
YOU_COULD: Final = Text(en="YOU COULD", zh="可以考虑")
RULED_OUT: Final = Text(en="Ruled out", zh="已排除")
GAPS: Final = Text(en="Could not check", zh="未能检查")
UNEXPLAINED: Final = Text(en="Observed, not explained yet", zh="观察到但未能解释")
OBSERVED: Final = Text(en="From the text", zh="文本摘录")
NEAREST: Final = Text(en="Closest catalog entries", zh="最接近的条目")
DECIDED_BY: Final = Text(en="would match on a line like", zh="若出现类似的行即可匹配")
COULD_NOT_CHECK: Final = Text(en="could not check {}: {}", zh="未能检查 {}：{}")
NEEDS: Final = Text(en="needs {}", zh="需要 {}")
TEXT_ONLY: Final = Text(
    en="No cluster was queried; this is based on the text alone.", zh="未查询集群：以下仅根据文本判断。"
)
CLUSTER: Final = Text(en="cluster {}", zh="集群 {}")
WITH_REASON: Final = Text(en="{} ({})", zh="{}（{}）")
CALLS: Final = Text(en="API calls: {}", zh="API 调用：{} 次")
SECONDS: Final = Text(en="{:.1f}s", zh="{:.1f} 秒")
MORE: Final = Text(en="+{} more", zh="另有 {} 条")
MATCHED: Final = Text(en="Matched", zh="匹配的文本")
AGAINST: Final = Text(en="Against this: {}", zh="反面证据：{}")
TEXT_LINE: Final = Text(en="Line {} of the text: {}", zh="文本第 {} 行：{}")
TEXT_QUOTE: Final = Text(en="The text: {}", zh="文本：{}")
AGO: Final = Text(en="{} ago", zh="{} 前")
IN_PARENTHESES: Final = Text(en=" ({})", zh="（{}）")
SINCE: Final = Text(en="for {}", zh="已持续 {}")
NOW: Final = Text(en="now", zh="当前")
SEMICOLON: Final = Text(en="; ", zh="；")
CHANGED_BEFORE: Final = Text(en="Changed {} before", zh="{} 前的改动")
CHANGED_JUST_BEFORE: Final = Text(en="Changed just before", zh="故障前刚改动")
CHANGES: Final = Text(en="Changed before it", zh="故障前的改动")
REVISION: Final = Text(en="revision {}", zh="版本 {}")
CHANGED_BY: Final = Text(en="by {}", zh="由 {} 修改")
AFFECTED: Final = Text(en="Affected", zh="受影响")
# Who needs the object at fault: one, or several.
ROUTES_TO_IT: Final = Text(en="{} routes to it", zh="{} 的流量发往它")
ROUTE_TO_IT: Final = Text(en="{} route to it", zh="{} 的流量发往它")
READY_PODS: Final = Text(en=" ({} of {} pods ready)", zh="（{}/{} 个 Pod 就绪）")
RUNS_ON_IT: Final = Text(en="{} runs on it", zh="{} 运行在它上面")
RUN_ON_IT: Final = Text(en="{} workloads run on it: {}", zh="{} 个工作负载运行在它上面：{}")
USES_IT: Final = Text(en="{} uses it", zh="{} 使用它")
USE_IT: Final = Text(en="{} pods use it: {}", zh="{} 个 Pod 使用它：{}")
AND_MORE: Final = Text(en="{} and {} more", zh="{} 及另外 {} 个")
AND: Final = Text(en="{} and {}", zh="{} 和 {}")
CANDIDATES: Final = Text(
    en="The text does not say which object it is about. In this state now:", zh="文本没有指明对象。当前处于此状态："
)
BESIDE: Final = Text(en="Also: {} ({})", zh="另外：{}（{}）")
ALSO: Final = Text(en="Or: {} ({})", zh="也可能：{}（{}）")
CAUSED_BY_SHORT: Final = Text(en="Cause: {}", zh="根源：{}")
WAS: Final = Text(en="Was: {}", zh="曾经：{}")
STATE_NOW: Final = Text(en="Now: {}", zh="现在：{}")
CAN_LOSE_DATA: Final = Text(en="⚠️ {}: data can be lost", zh="⚠️ {}：可能丢失数据")
LEGEND: Final = Text(
    en="✓ supports it · ✗ speaks against it · ? could not be checked · • for information",
    zh="✓ 支持 · ✗ 反对 · ? 未能检查 · • 仅供参考",
)
NEXT: Final = Text(en="Next", zh="下一步")
ALL_SHOWS_REST: Final = Text(en="--all shows the rest", zh="--all 显示全部内容")
AS_OF: Final = Text(en="as of {:%H:%M} UTC", zh="截至 {:%H:%M} UTC")

COLON: Final = Text(en=": ", zh="：")
COMMA: Final = Text(en=", ", zh="，")
DOT: Final = Text.same(" · ")
# Between the entries of a list.
ENUMERATION: Final = Text(en=", ", zh="、")
FULL_STOP: Final = Text(en=". ", zh="。")

# --- in Slack -------------------------------------------------------------------------------------------------------

SIGNS: Final[Mapping[Verdict, str]] = {
    Verdict.CONFIRMED: "🔴",
    Verdict.LIKELY: "🟠",
    Verdict.POSSIBLE: "🔵",
    Verdict.RULED_OUT: "⚪",
    Verdict.OFFERED: "🧰",
}
UNKNOWN_SIGN: Final = "❓"
FINE_SIGN: Final = "🟢"
STANDING_SIGN: Final = "ℹ️"
FIXED_SIGN: Final = "✅"
FIXED: Final = Text(en="FIXED", zh="已修复")
CHANGED: Final = Text(en="CHANGED, not yet better", zh="已修改，尚未好转")
IN_PLACE: Final = Text(en="CHANGE IN PLACE, whether it helped shows later", zh="修改已到位，是否有效稍后才能看到")

UNDO: Final = Text(en="↩ Undo", zh="↩ 撤销")

DIAGNOSING: Final = Text(en="Diagnosing …", zh="正在诊断 …")
OBJECTS_READ: Final = Text(en="{} objects read", zh="已读取 {} 个对象")
READS_DONE: Final = Text(en="{} of {} reads", zh="已读取 {} / {}")
SEEN_TIMES: Final = Text(en="seen {}×, last {}", zh="已出现 {} 次，最近 {}")
SEEN_TIMES_ONLY: Final = Text(en="seen {}×", zh="已出现 {} 次")
NOT_IT_BY: Final = Text(en="Marked as wrong by ", zh="被标记为误判，操作人：")
DETAILS: Final = Text(en="Details", zh="详情")
DETAILS_TITLE: Final = Text(en="Details", zh="诊断详情")
NOT_IT: Final = Text(en="Mark as wrong", zh="标记为误判")
HELPFUL: Final = Text(en="Mark as helpful", zh="标记为有帮助")
MUTE_HERE: Final = Text(en="Mute in this channel", zh="在此频道静音")
UNMUTE_HERE: Final = Text(en="Unmute in this channel", zh="取消在此频道静音")
MUTED_BY: Final = Text(en="Muted in this channel by ", zh="已在此频道静音，操作人：")
CLOSE: Final = Text(en="Close", zh="关闭")
CANCEL: Final = Text(en="Cancel", zh="取消")
FULL_ANSWER: Final = Text(en="Full answer", zh="完整答复")
FULL_ANSWER_IN_FILE: Final = Text(
    en="Too long for one message: the full answer is in the attached file.", zh="内容过长，完整答复见附件。"
)
CUT_OFF: Final = Text(en="Too long to show in full: {} more parts are left out.", zh="内容过长：另有 {} 部分未显示。")


BY: Final = Text(en="by ", zh="操作人：")
APPROVED_BY: Final = Text(en="approved by ", zh="批准人：")
APPROVE: Final = Text(en="Approve", zh="批准")
APPROVE_AND_APPLY: Final = Text(en="Approve and apply", zh="批准并执行")
ASK_APPROVAL: Final = Text(en="Request approval", zh="申请批准")
NEEDS_APPROVAL: Final = Text(
    en="The policy requires a second person to approve this. Confirming sends the request; nothing is applied before "
    "it is approved.",
    zh="按照策略，此操作需要另一人批准。确认后将提交申请，批准之前不会执行任何操作。",
)
APPROVING: Final = Text(
    en="Another member has requested this. It is applied as soon as you approve it. Requested by ",
    zh="此操作由他人申请，批准后立即执行。申请人：",
)
APPROVABLE_UNTIL: Final = Text(
    en="another member who may approve it: press “Approve” below before {}",
    zh="请另一位有权批准的成员在 {} 之前按下方的“批准”",
)

DIALOG_TITLE: Final = Text(en="Confirm", zh="确认操作")
REFUSED_TITLE: Final = Text(en="Not applied", zh="未执行")
LOADING: Final = Text(en="Checking whether this is still needed and allowed …", zh="正在确认是否仍需处理、是否允许 …")
DRY_RUN: Final = Text(en="Preview (the API server accepted a dry run)", zh="变更预览（API Server 已接受试运行）")
NO_DIFF: Final = Text(en="This changes no field of an object.", zh="不会更改任何对象的字段。")
EFFECTS: Final = Text(en="What happens", zh="会发生什么")
UNDOABLE: Final = Text(
    en="Can be undone for {} minutes, unless someone else changes the object.",
    zh="{} 分钟内可以撤销，前提是期间没有他人修改该对象。",
)
NOT_UNDOABLE: Final = Text(en="Cannot be undone.", zh="无法撤销。")
UNDO_IS_FINAL: Final = Text(en="An undo cannot itself be undone.", zh="撤销操作本身无法再撤销。")
DIFF_CUT: Final = Text(en="{} more lines of the change are not shown.", zh="另有 {} 行更改未显示。")
SOURCE: Final = Text(en="Source", zh="来源")
CHANGE_THE_SOURCE: Final = Text(
    en="Apply it now to gain time, and make the same change in the source.",
    zh="可以先执行以争取时间，同时在来源处做同样的修改。",
)
APPLY_ANYWAY: Final = Text(en="Apply anyway", zh="仍然执行")
NOTHING_YET: Final = Text(
    en="Nothing changes yet. The next step shows a preview.", zh="目前不会做任何更改，下一步会显示变更预览。"
)
PREVIEW: Final = Text(en="Preview change", zh="预览变更")
NAME_DIFFERS: Final = Text(en="Type exactly {}", zh="请准确输入 {}")
TYPE_NAME: Final = Text(en="Type {} to confirm", zh="输入 {} 以确认")
TYPE_NAME_HINT: Final = Text(en="Lost data cannot be restored.", zh="丢失的数据无法恢复。")
OBJECT: Final = Text(en="Object", zh="对象")
IN_CLUSTER: Final = Text(en="Cluster", zh="集群")
PRESS_CHANGED_NOTHING: Final = Text(en="Your button press changed nothing.", zh="您的此次操作未做任何更改。")
NOTHING_CHANGED: Final = Text(en="Nothing was changed.", zh="未做任何更改。")

NO_ANSWER: Final = Text(en="No answer", zh="无法答复")
ANSWERED_BEFORE: Final = Text(
    en="Already answered in this channel (asked {}×): ", zh="此频道已答复过该问题（第 {} 次提问）："
)
DIAGNOSE_ANYWAY: Final = Text(en="Diagnose anyway", zh="仍然诊断")
SAME_FAULT: Final = Text(en="Same incident and object:", zh="同一故障和对象：")
THE_ANSWER: Final = Text(en="see the answer", zh="查看答复")
MUTED: Final = Text(
    en="“{}” is muted in this channel {}: pasted texts about it get no answer here, and overviews only count it. "
    "Mentions and /diagnose of the object are still answered.",
    zh="“{}”已在此频道静音（{}）：粘贴此类内容不再自动答复，总览中只计数；@提及和 /diagnose 对象仍会答复。",
)
UNTIL: Final = Text(en="until {}", zh="至 {}")
FOR_EVER: Final = Text(en="until somebody unmutes it", zh="直到有人取消静音")
UNMUTED: Final = Text(
    en="“{}” is unmuted: it is answered in this channel again.", zh="“{}”已取消静音，此频道恢复自动答复。"
)
NONE_MUTED: Final = Text(en="Nothing is muted in this channel.", zh="此频道没有被静音的问题。")
ALL_MUTED: Final = Text(
    en="Muted in this channel ({}). /diagnose unmute and the name in front unmutes one:",
    zh="此频道已静音 {} 项；使用 /diagnose unmute 加下列名称取消静音：",
)


def verdict_word(value: Verdict, language: Language) -> str:
    """Return the word of a verdict."""
    return VERDICTS[value].in_(language)


# Slack cuts the title and the button of a dialog beyond this.
LONGEST_VERB: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWords:
    """The title and the button of a dialog, and the sentence below them.

    `verb` is a verb and its object, such as "Restart pod"; it fits into LONGEST_VERB characters. `asked_by` are the
    words by which people ask for it; () for what is only done as the remedy of an entry.
    """

    verb: Text
    does: Text
    asked_by: tuple[str, ...] = ()
