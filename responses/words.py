"""The fixed words of an answer, in every language, in one place: what the catalog says is not here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from intents.domain import GapReason, Language, Outcome, Part, Text, Verdict

VERDICTS: Final[Mapping[Verdict, Text]] = {
    Verdict.CONFIRMED: Text(en="CONFIRMED", zh="已证实"),
    Verdict.LIKELY: Text(en="LIKELY", zh="很可能"),
    Verdict.POSSIBLE: Text(en="POSSIBLE", zh="有可能"),
    Verdict.RULED_OUT: Text(en="RULED OUT", zh="已排除"),
    Verdict.OFFERED: Text(en="YOU CAN", zh="可以这样做"),
}
SYMBOLS: Final[Mapping[Outcome, str]] = {
    Outcome.SUPPORTS: "✓",
    Outcome.REFUTES: "✗",
    Outcome.NEUTRAL: "·",
    Outcome.GAP: "?",
}
REASONS: Final[Mapping[GapReason, Text]] = {
    GapReason.FORBIDDEN: Text(en="forbidden", zh="没有权限"),
    GapReason.UNAUTHORIZED: Text(en="credentials not accepted", zh="凭据未被接受"),
    GapReason.NOT_FOUND: Text(en="not found", zh="不存在"),
    GapReason.EXPIRED: Text(en="the list kept changing", zh="列表一直在变化"),
    GapReason.TIMED_OUT: Text(en="timed out", zh="超时"),
    GapReason.UNREACHABLE: Text(en="unreachable", zh="无法连接"),
    GapReason.THROTTLED: Text(en="the API server is too busy", zh="API Server 过于繁忙"),
    GapReason.SERVER_ERROR: Text(en="the API server failed", zh="API Server 出错"),
    GapReason.TRUNCATED: Text(en="too much to read in full", zh="内容过多，未读完"),
    GapReason.NOT_CONFIGURED: Text(en="not configured", zh="未配置"),
    GapReason.NO_CLUSTER: Text(en="no cluster was asked", zh="没有连接集群"),
}
RISKS: Final[Mapping[str, Text]] = {
    "low": Text(en="low risk", zh="低风险"),
    "disruptive": Text(en="disruptive", zh="会造成中断"),
    "data-loss": Text(en="data can be lost", zh="可能丢失数据"),
}

UNKNOWN: Final = Text(en="I DON'T KNOW THIS ONE", zh="没见过这个问题")
UNKNOWN_WHY: Final = Text(
    en="Nothing in the catalog matches well enough, and a wrong answer is worse than none.",
    zh="知识库里没有足够吻合的条目；宁可不答，也不答错。",
)
ALL_RULED_OUT: Final = Text(en="What it looked like, the cluster rules out.", zh="看起来像的几种情况，都被集群排除了。")
NO_PROBLEM: Final = Text(en="NOTHING KNOWN IS WRONG", zh="没有发现已知问题")
NO_PROBLEM_WITH: Final = Text(en="No incident of the catalog shows on {}.", zh="在 {} 上没有发现知识库中的任何问题。")
READS_INCOMPLETE: Final = Text(en="As far as it could be read: see below.", zh="仅限于能读到的部分，见下。")

ONLY_NEUTRAL: Final = Text(
    en="What was read of the cluster speaks neither for nor against it.",
    zh="从集群读到的内容既不支持也不否定这一判断。",
)
WHERE: Final = Text(en="Where", zh="对象")
IMPACT: Final = Text(en="Impact", zh="影响")
OWNERS: Final = Text(en="Owner", zh="归属")
CAUSED_BY: Final = Text(en="Cause", zh="根源")
EXPLAINED_BY: Final = Text(en="explained by {} above", zh="由上面的 {} 引起")
LIKELY_CAUSED_BY: Final = Text(en="likely caused by {}, see below", zh="很可能由 {} 引起，见下文")
EFFECT: Final = Text(en="Effect", zh="后果")
PASTED: Final = Text(en=" (what was pasted)", zh="（即粘贴的内容）")
TIMELINE: Final = Text(en="Timeline (UTC)", zh="时间线（UTC）")
PARTS: Final[Mapping[Part, Text]] = {
    Part.NONE: Text.same(""),
    Part.CAUSE: Text(en="cause", zh="根源"),
    Part.EFFECT: Text(en="effect", zh="后果"),
}
PLOT_SAYS: Final = Text(en="{}: now {}, limit {}", zh="{}：当前 {}，上限 {}")
STILL_LASTING: Final = Text(en=", ever since", zh="，持续至今")
LINE: Final = Text(en="line {}", zh="第 {} 行")
MATCH: Final = Text(en="match {}", zh="匹配度 {}")

RUNBOOK: Final = Text(en="What to do", zh="处理步骤")
REMEDIES: Final = Text(en="Would be a button in Slack", zh="在 Slack 中会是一个按钮")
REPRODUCE: Final = Text(en="See it yourself", zh="自行查看")
LINKS: Final = Text(en="Read more", zh="参考")
ALSO: Final = Text(en="Also", zh="其他可能")
OFFERS: Final = Text(en="You can also", zh="还可以")
# Of what one can do where the cluster has not shown that it is of use.
YOU_COULD: Final = Text(en="YOU COULD", zh="可以考虑")
RULED_OUT: Final = Text(en="Ruled out", zh="已排除")
GAPS: Final = Text(en="Could not check", zh="未能检查")
UNEXPLAINED: Final = Text(en="Seen, and not explained", zh="观察到但未能解释")
OBSERVED: Final = Text(en="What was read", zh="读到的内容")
NEAREST: Final = Text(en="Nearest entries", zh="最接近的条目")
DECIDED_BY: Final = Text(en="would be decided by a line like", zh="若出现类似的行即可判定")
COULD_NOT_CHECK: Final = Text(en="could not check {}: {}", zh="未能检查 {}：{}")
NEEDS: Final = Text(en="needs {}", zh="需要 {}")
TEXT_ONLY: Final = Text(
    en="No cluster was asked: this is from the text alone.", zh="没有连接集群：以下仅根据文本判断。"
)
CLUSTER: Final = Text(en="cluster {}", zh="集群 {}")
WITH_REASON: Final = Text(en="{} ({})", zh="{}（{}）")
CALLS: Final = Text(en="API calls: {}", zh="API 调用：{} 次")
SECONDS: Final = Text(en="{:.1f}s", zh="{:.1f} 秒")
MORE: Final = Text(en="+{} more", zh="另有 {} 条")


def verdict_word(value: Verdict, language: Language) -> str:
    return VERDICTS[value].in_(language)


COLON: Final = Text(en=": ", zh="：")

# --- in Slack -------------------------------------------------------------------------------------------------------

SIGNS: Final[Mapping[Verdict, str]] = {
    Verdict.CONFIRMED: "🔴",
    Verdict.LIKELY: "🟠",
    Verdict.POSSIBLE: "🔵",
    Verdict.RULED_OUT: "⚪",
    Verdict.OFFERED: "🧰",
}
UNKNOWN_SIGN: Final = "❔"
FINE_SIGN: Final = "🟢"
FIXED_SIGN: Final = "✅"
FIXED: Final = Text(en="FIXED", zh="已修复")

UNDO: Final = Text(en="↩ Undo", zh="↩ 撤销")

LOOKING: Final = Text(en="Looking …", zh="正在查看 …")
READS_DONE: Final = Text(en="{} of {} reads", zh="已读取 {} / {}")
MORE_IN_DETAILS: Final = Text(en="+{} more under “Details”", zh="另有 {} 条，见“详情”")
SEEN_TIMES: Final = Text(en="seen {}×, last {}", zh="已出现 {} 次，最近 {}")
SEEN_TIMES_ONLY: Final = Text(en="seen {}×", zh="已出现 {} 次")
NOT_IT_BY: Final = Text(en="Marked “not it” by ", zh="被标记为“不是这个问题”：")
DETAILS: Final = Text(en="Details", zh="详情")
DETAILS_TITLE: Final = Text(en="Details", zh="诊断详情")
NOT_IT: Final = Text(en="Not it", zh="不是这个问题")
MUTE_HERE: Final = Text(en="Mute here", zh="在此频道静音")
UNMUTE_HERE: Final = Text(en="Unmute here", zh="取消在此频道静音")
MUTED_BY: Final = Text(en="Muted in this channel by ", zh="已在此频道静音，操作人：")
UNMUTE: Final = Text(en="Unmute", zh="取消静音")
CLOSE: Final = Text(en="Close", zh="关闭")
CANCEL: Final = Text(en="Cancel", zh="取消")
FULL_ANSWER: Final = Text(en="The whole answer", zh="完整答复")
FULL_ANSWER_IN_FILE: Final = Text(
    en="Too long for a message: the whole answer is in the file.", zh="内容过长，完整答复见文件。"
)
CUT_OFF: Final = Text(
    en="Too long to be shown here: {} more parts were left out.", zh="内容过长：此处另有 {} 部分未显示。"
)


STATE_CHECKING: Final = Text(en="checking that it is still needed", zh="正在确认是否仍需处理")
STATE_APPLYING: Final = Text(en="being applied", zh="正在执行")
STATE_APPLIED: Final = Text(en="applied; not yet known whether it helps", zh="已执行，效果待确认")
STATE_VERIFYING: Final = Text(en="applied; watching whether the cause is gone", zh="已执行，正在确认问题是否消失")
STATE_WAITING: Final = Text(
    en="applied; after all that time it is not clear yet whether it helps", zh="已执行；等待已久，效果仍不明确"
)
STATE_REFUSED: Final = Text(en="refused, nothing was changed", zh="被拒绝，未做任何更改")
STATE_FIXED: Final = Text(en="FIXED: the cause is gone", zh="已修复：问题已消失")
STATE_NOT_FIXED: Final = Text(en="applied, but NOT FIXED: the cause is still there", zh="已执行，但未修复：问题仍在")
STATE_WORSE: Final = Text(en="applied, and it is WORSE than before", zh="已执行，情况比之前更糟")
STATE_DONE: Final = Text(en="done; this is no fix", zh="已完成；这不是修复")
STATE_UNDONE: Final = Text(en="undone", zh="已撤销")
STATE_NOT_DONE: Final = Text(en="applied, but it had NO EFFECT", zh="已执行，但没有生效")
STATE_UNKNOWN: Final = Text(
    en="UNKNOWN whether it was applied: look before you try again", zh="不确定是否已执行：请先查看，再决定是否重试"
)
STATE_PARTLY: Final = Text(en="STOPPED half-way: part of it was done", zh="中途停止：已执行其中一部分")
STATE_AWAITING: Final = Text(en="waits for a second person to approve it", zh="等待另一人批准")
STATE_FAILED: Final = Text(en="failed, nothing was changed", zh="失败，未做任何更改")
BY: Final = Text(en="by ", zh="操作人：")
APPROVED_BY: Final = Text(en="approved by ", zh="批准人：")
ASKED_BY: Final = Text(en="asked for by ", zh="申请人：")
APPROVE: Final = Text(en="Approve", zh="批准")
APPROVE_AND_APPLY: Final = Text(en="Approve and do it", zh="批准并执行")
ASK_APPROVAL: Final = Text(en="Ask for approval", zh="申请批准")
NEEDS_APPROVAL: Final = Text(
    en="The policy asks for a second person here: your confirmation asks for approval, and nothing is done before.",
    zh="按照策略，此操作需要另一人批准：确认后将提交申请，批准之前不会执行任何操作。",
)
APPROVING: Final = Text(
    en="Somebody else has confirmed this: yours approves it, and then it is done at once. Asked for by ",
    zh="此操作已由他人确认：您的确认即为批准，随后立即执行。申请人：",
)
APPROVABLE_UNTIL: Final = Text(
    en="somebody else who may approve it: press “Approve” below, until {}",
    zh="请另一位有权批准的人在 {} 之前按下方的“批准”",
)

DIALOG_TITLE: Final = Text(en="Confirm", zh="确认操作")
REFUSED_TITLE: Final = Text(en="Not done", zh="未执行")
LOADING: Final = Text(en="Checking that it is still needed and allowed …", zh="正在确认是否仍需处理、是否允许 …")
DRY_RUN: Final = Text(
    en="What would change (the API server accepted a dry run)", zh="将要更改的内容（API Server 已接受试运行）"
)
NO_DIFF: Final = Text(en="No field of an object changes.", zh="不会更改任何对象的字段。")
EFFECTS: Final = Text(en="What happens", zh="会发生什么")
UNDOABLE: Final = Text(
    en="Can be undone for {} minutes, while nobody else changes it.", zh="{} 分钟内可以撤销，前提是期间没有他人修改。"
)
NOT_UNDOABLE: Final = Text(en="Cannot be undone.", zh="无法撤销。")
UNDO_IS_FINAL: Final = Text(en="An undo is not undone in turn.", zh="撤销后不能再次恢复。")
DIFF_CUT: Final = Text(en="{} more lines of the change are not shown.", zh="另有 {} 行更改未显示。")
SOURCE: Final = Text(en="Source", zh="源头")
CHANGE_THE_SOURCE: Final = Text(
    en="Do it now to win time, and make the same change in the source.",
    zh="可以现在执行以争取时间，并在源头做同样的修改。",
)
APPLY_ANYWAY: Final = Text(en="Do it anyway", zh="仍然执行")
NOTHING_YET: Final = Text(
    en="Nothing changes yet: the next step shows what would.", zh="目前不会做任何更改：下一步会显示将要更改的内容。"
)
PREVIEW: Final = Text(en="Preview", zh="预览")
NAME_DIFFERS: Final = Text(en="Type exactly {}", zh="请准确输入 {}")
TYPE_NAME: Final = Text(en="Type {} to confirm", zh="输入 {} 以确认")
TYPE_NAME_HINT: Final = Text(en="Data that is lost does not come back.", zh="丢失的数据无法恢复。")
OBJECT: Final = Text(en="Object", zh="对象")
IN_CLUSTER: Final = Text(en="Cluster", zh="集群")
PRESS_CHANGED_NOTHING: Final = Text(en="Your press changed nothing.", zh="您的此次操作未做任何更改。")
NOTHING_CHANGED: Final = Text(en="Nothing was changed.", zh="未做任何更改。")

NO_ANSWER: Final = Text(en="No answer", zh="无法答复")
ANSWERED_BEFORE: Final = Text(en="That was answered here already ({}×): ", zh="该问题在此频道已答复过（第 {} 次）：")
THE_ANSWER: Final = Text(en="the answer", zh="查看答复")
MUTED: Final = Text(
    en="“{}” is muted in this channel: pastes of it are not answered here any more. A mention and /diagnose still are.",
    zh="“{}”已在此频道静音：粘贴此类内容将不再自动答复；@提及和 /diagnose 仍会答复。",
)
UNMUTED: Final = Text(en="“{}” is answered in this channel again.", zh="“{}”已恢复在此频道自动答复。")
NONE_MUTED: Final = Text(en="Nothing is muted in this channel.", zh="此频道没有被静音的问题。")
ALL_MUTED: Final = Text(
    en="Muted in this channel ({}); /diagnose unmute ID answers it again:",
    zh="此频道已静音 {} 个问题；使用 /diagnose unmute ID 恢复：",
)
