"""Define the fixed words of messages about incident channels, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from intents.chronicle.facts import ActionState, AlertState, DeployState, IncidentStatus, LinkKind, Role
from intents.domain import Text, Verdict

# A sign and its words: a state must be readable without colours, and without knowing the language.
Signed = tuple[str, Text]

STANDINGS: Final[Mapping[str, Signed]] = {
    IncidentStatus.INVESTIGATING: ("🔎", Text(en="Investigating", zh="排查中")),
    IncidentStatus.IDENTIFIED: ("🎯", Text(en="Cause identified", zh="已定位原因")),
    IncidentStatus.MITIGATING: ("🛠", Text(en="Mitigating", zh="处理中")),
    IncidentStatus.MITIGATED: ("🟡", Text(en="Mitigated", zh="已止损")),
    IncidentStatus.MONITORING: ("👀", Text(en="Monitoring", zh="观察中")),
    IncidentStatus.RESOLVED: ("✅", Text(en="Resolved", zh="已恢复")),
    IncidentStatus.REOPENED: ("🔁", Text(en="Reopened", zh="再次发生")),
}
# What a person says is not a verdict: a verdict rests on what the cluster shows.
SAID: Final[Mapping[str, Text]] = {
    Verdict.CONFIRMED: Text(en="stated as the cause", zh="有人认定是原因"),
    Verdict.LIKELY: Text(en="thought likely", zh="有人认为很可能"),
    Verdict.POSSIBLE: Text(en="suspected", zh="有人怀疑"),
    Verdict.RULED_OUT: Text(en="stated not to be the cause", zh="有人认为已排除"),
}
SAID_SIGN: Final = "💬"
REMEDIES: Final[Mapping[str, Signed]] = {
    "awaiting": ("✋", Text(en="waiting for a second person to approve it", zh="等待另一人批准")),
    "applying": ("⏳", Text(en="being applied", zh="正在执行")),
    "fixed": ("✅", Text(en="fixed it", zh="已修复")),
    "changed": ("⚠️", Text(en="applied, not yet better", zh="已执行，尚未好转")),
    "shows later": ("🕓", Text(en="applied, whether it helped shows later", zh="已执行，是否有效稍后才能看到")),
    "not fixed": ("⚠️", Text(en="applied, did NOT fix it", zh="已执行，但未修复")),
    "worse": ("🔥", Text(en="applied, made it WORSE", zh="已执行，情况更糟")),
    "waiting": ("⌛", Text(en="applied, not verified before the deadline", zh="已执行，未能在期限内确认效果")),
    "done": ("🧰", Text(en="done", zh="已完成")),
    "not done": ("⚠️", Text(en="applied, had NO EFFECT", zh="已执行，但没有生效")),
    "partly done": ("⚠️", Text(en="stopped half-way", zh="中途停止")),
    "refused": ("🚫", Text(en="refused, nothing was changed", zh="被拒绝，未做任何更改")),
    "failed": ("❌", Text(en="failed, nothing was changed", zh="失败，未做任何更改")),
    "unknown": ("❓", Text(en="UNKNOWN whether it was applied", zh="不确定是否已执行")),
    "undone": ("↩", Text(en="undone", zh="已撤销")),
}
COURSES: Final[Mapping[str, Signed]] = {
    ActionState.PLANNED: ("🗓", Text(en="planned", zh="计划")),
    ActionState.UNDER_WAY: ("⏳", Text(en="under way", zh="进行中")),
    ActionState.DONE: ("☑️", Text(en="done", zh="已完成")),
    ActionState.FAILED: ("⚠️", Text(en="failed or did not help", zh="失败或无效")),
    ActionState.CALLED_OFF: ("✖️", Text(en="called off", zh="已取消")),
}
# Work that nobody reported as done before the incident was resolved.
LEFT: Final[Mapping[str, Signed]] = {
    ActionState.PLANNED: ("🗓", Text(en="planned, not reported as done", zh="曾计划，未报告完成")),
    ActionState.UNDER_WAY: ("▫️", Text(en="started, not reported as done", zh="已开始，未报告完成")),
}
FIRINGS: Final[Mapping[str, Signed]] = {
    AlertState.FIRING: ("🔔", Text(en="alert", zh="告警")),
    AlertState.RESOLVED: ("🔕", Text(en="alert resolved", zh="告警恢复")),
}
SHIPPINGS: Final[Mapping[str, Signed]] = {
    "": ("🚢", Text(en="change", zh="变更")),
    DeployState.STARTED: ("🚢", Text(en="deploy started", zh="发布开始")),
    DeployState.SUCCEEDED: ("🚢", Text(en="deployed", zh="已发布")),
    DeployState.FAILED: ("🚢", Text(en="deploy FAILED", zh="发布失败")),
}
ROLES: Final[Mapping[str, Text]] = {
    Role.COMMANDER: Text(en="Commander", zh="总指挥"),
    Role.COMMS: Text(en="Communications", zh="对外沟通"),
    Role.OPS: Text(en="Operations", zh="操作"),
    Role.SCRIBE: Text(en="Scribe", zh="记录"),
}
LINKS: Final[Mapping[str, Text]] = {
    LinkKind.GRAPH: Text(en="graph", zh="监控图"),
    LinkKind.PR: Text(en="pull request", zh="合并请求"),
    LinkKind.COMMIT: Text(en="commit", zh="提交"),
    LinkKind.TICKET: Text(en="ticket", zh="工单"),
    LinkKind.RUNBOOK: Text(en="runbook", zh="操作手册"),
    LinkKind.DOC: Text(en="document", zh="文档"),
    LinkKind.CHANNEL: Text(en="channel", zh="频道"),
    LinkKind.OTHER: Text(en="link", zh="链接"),
}

# The link to the message that a line rests on.
SOURCE_LINK: Final = "↗"
QUOTE: Final = Text(en="“{}”", zh="“{}”")
TIMES: Final = "×{}"
LAST: Final = Text(en="last", zh="最近")
REPORTED: Final = "📣"
ASKED: Final = "❓"
DECIDED: Final = "⚖️"
NEXT_SIGN: Final = "➡️"
TOLD: Final = "📢"
LATER: Final = "🧾"
PINNED: Final = "📌"
ERROR: Final = "🧨"
NAMED: Final = "🏷"
LINKED: Final = "🔗"
ANSWERED: Final = "↳"
HERE: Final = "👤"
JOINED: Final = Text(en="joined", zh="加入")
HANDS_OVER: Final = Text(en="hands over to", zh="交接给")
HANDS_OVER_ROLE: Final = Text(en="hands over as {} to", zh="交接（{}）给")
# The outcome behind a line: "· done 12:04 ↗".
ANNOUNCED: Final = Text(en="announced", zh="提出于")
REPORTED_AT: Final = Text(en="reported", zh="回报于")
ANSWERED_AT: Final = Text(en="answered", zh="已回答")
CLEARED: Final = Text(en="resolved", zh="已恢复")
WAS: Final = Text(en="previously {}", zh="此前为“{}”")

STATUS: Final = Text(en="Status", zh="状态")
SINCE: Final = Text(en="since", zh="自")
SINCE_AFTER: Final = Text(en="", zh=" 起")
NEXT: Final = Text(en="Next", zh="下一步")
NEXT_OFFERED: Final = Text(en="{} (a button under the answer)", zh="{}（见答复下方的按钮）")
NEXT_QUESTION: Final = Text(en="answer {}", zh="回答 {}")
NO_IMPACT_STATED: Final = Text(en="nothing reported since then", zh="此后没有新的报告")
CAUSE: Final = Text(en="Cause", zh="原因")
IMPACT: Final = Text(en="Impact", zh="影响")
AFFECTED: Final = Text(en="Affected", zh="受影响的对象")
IN_CLUSTERS: Final = Text(en="cluster: {}", zh="集群：{}")
IN_NAMESPACES: Final = Text(en="namespace: {}", zh="命名空间：{}")
LEADING: Final = Text(en="Leading diagnosis", zh="主要判断")
NO_CAUSE_YET: Final = Text(en="The cause is not known yet.", zh="原因尚不明确。")
OTHERS: Final = Text(en="Other diagnoses", zh="其他诊断")
SUSPECTED: Final = Text(en="Suspected", zh="怀疑")
DECISIONS: Final = Text(en="Decisions", zh="决定")
TOLD_TO: Final = Text(en="Told to others", zh="对外沟通")
FOLLOWUPS: Final = Text(en="Follow-ups", zh="后续事项")
UNOWNED: Final = Text(en="Actions without owner", zh="无人负责的行动")
STALE: Final = Text(en="Actions gone quiet", zh="久无进展的行动")
QUIET_FOR: Final = Text(en="⏰ nothing heard for {}", zh="⏰ 已 {}没有消息")
NO_OWNER: Final = Text(en="🙋 nobody does it yet", zh="🙋 尚无人负责")
NO_COMMANDER: Final = Text(en="no commander yet", zh="尚无总指挥")
FOR_COMMANDER: Final = Text(en="For the commander", zh="给指挥的摘要")
NOTHING_WAITS: Final = Text(
    en="Nothing waits: no open question, no action without owner, none gone quiet, no decision.",
    zh="没有待处理的事项：没有未答的问题、无人负责或久无进展的行动，也没有决定。",
)
FOR_STATUS_PAGE: Final = Text(en="For the status page", zh="给状态页的更新")
CHECK_FIRST: Final = Text(
    en="Check it before you paste it: “…” stands where a name of a person or system was left out.",
    zh="粘贴前请核对：“…”处省去了人名或系统名称。",
)
NEXT_UPDATE: Final = Text(en="Next update", zh="下次更新")
NOT_STATED: Final = Text(en="(not stated yet)", zh="（尚未说明）")
WHO_DOES: Final = Text(en="Who", zh="人员")
SECOND: Final = Text(en="People speak of a second incident here:", zh="此处还有人提到另一个故障：")
RULED_OUT: Final = Text(en="Ruled out", zh="已排除")
DONE: Final = Text(en="Actions", zh="处理措施")
QUESTIONS: Final = Text(en="Open questions", zh="待解答的问题")
ERRORS: Final = Text(en="Errors and alerts", zh="报错与告警")
DEPLOYS: Final = Text(en="Deploys", zh="发布记录")
PINNED_LINES: Final = Text(en="Pinned", zh="标记的消息")
WHO: Final = Text(en="People", zh="人员")
ALSO_HERE: Final = Text(en="also in the channel: ", zh="参与者：")
LINKS_TITLE: Final = Text(en="Links", zh="链接")
OLDER: Final = Text(en="… and {} more: /diagnose incident timeline", zh="… 另有 {} 条：/diagnose incident timeline")
UPDATED: Final = Text(en="Updated {}", zh="更新于 {}")
COMMANDS: Final = Text(
    en="/diagnose incident timeline · resolve · dismiss",
    zh="/diagnose incident timeline（时间线）· resolve（恢复）· dismiss（并非故障）",
)

TIMELINE: Final = Text(en="Timeline", zh="时间线")
EARLIER: Final = Text(
    en="… and {} more in the export: /diagnose incident export",
    zh="… 另有 {} 条，见导出文件：/diagnose incident export",
)
NOTHING_YET: Final = Text(en="Nothing relevant has been recorded yet.", zh="目前还没有值得记录的内容。")

MISSED: Final = Text(en="Since you last read this channel", zh="自您上次阅读以来")
SO_FAR: Final = Text(en="What happened so far", zh="目前的情况")
NEWEST: Final = Text(en="Newest", zh="最新消息")
HAPPENED_SINCE: Final = Text(en="What happened in the last {}", zh="最近 {}的情况")
NO_NEWS: Final = Text(en="Nothing new.", zh="没有新内容。")

FIRST_REPORT: Final = Text(en="First report", zh="首次报告")
MITIGATED: Final = Text(en="Mitigated", zh="止损")
RESOLVED: Final = Text(en="Resolved", zh="恢复")
ARCHIVED: Final = Text(en="Archived", zh="已归档")
AFTER: Final = Text(en="{} after the first report", zh="首次报告后 {}")
NOT_KNOWN: Final = Text(en="not reported in the channel", zh="频道中未提及")
ROOT_CAUSE: Final = Text(en="Root cause", zh="根本原因")
# By whether somebody knew it at the resolution.
ROOT_CAUSES: Final[Mapping[str, Signed]] = {"": ("🎯", ROOT_CAUSE), "unknown": ("🎯", ROOT_CAUSE)}
NOT_KNOWN_YET: Final = Text(en="not known yet", zh="尚不清楚")
CHOSEN_BY: Final = Text(en="chosen as the root cause by", zh="选定为根本原因：")
TYPED_BY: Final = Text(en="entered by", zh="填写人：")
DIAGNOSIS: Final = Text(en="diagnosis", zh="诊断")
BUTTON_OF: Final = Text(en="button pressed by ", zh="按钮，操作人：")
DIAGNOSIS_SHOWED: Final = Text(en="Diagnosis of the cluster: ", zh="集群诊断：")
CAUSE_NOT_STATED: Final = Text(en="Nobody stated it. Diagnosis of the cluster: ", zh="无人说明。集群诊断：")
DRAFT_ADDED: Final = Text(
    en="A draft of the postmortem is attached as a file in the thread.", zh="复盘报告草稿以文件形式附在消息列中。"
)
LOOKS_LIKE: Final = Text(
    en="This looks like {where}, started {ago} ago: {title}", zh="这与 {where} 相似（{ago}前开始）：{title}"
)
GO_THERE: Final = Text(en="Check there first.", zh="请先查看那里。")
DISMISSED: Final = Text(
    en="Dismissed: this channel is not an incident, and nothing more is recorded. /diagnose incident reopen undoes "
    "this.",
    zh="已标记为“并非故障”：不再记录此频道的内容。可用 /diagnose incident reopen 恢复。",
)
REOPENED: Final = Text(en="Reopened: the summary is updated again.", zh="已重新打开：摘要将继续更新。")
BY: Final = Text(en="By ", zh="操作人：")

DAYS: Final = Text(en="{} d", zh="{} 天")
HOURS: Final = Text(en="{} h", zh="{} 小时")
MINUTES: Final = Text(en="{} min", zh="{} 分钟")
UNDER_A_MINUTE: Final = Text(en="less than a minute", zh="不到 1 分钟")

POSTMORTEM: Final = Text(en="Postmortem", zh="复盘报告")
POSTMORTEM_DRAFT: Final = Text(en="Postmortem draft: {}", zh="复盘报告草稿：{}")
DRAFT: Final = Text(
    en="Draft, generated from the messages and actions in the channel. Check it and fill in what is missing.",
    zh="草稿，根据频道中的发言与操作生成。请核对并补充缺失内容。",
)
SUMMARY: Final = Text(en="Summary", zh="概述")
TIMES_TITLE: Final = Text(en="Times", zh="时间")
EVIDENCE: Final = Text(en="Evidence", zh="证据")
REPRODUCE: Final = Text(en="Check it with", zh="验证命令")
ACTIONS: Final = Text(en="Actions taken", zh="采取的措施")
COLUMN_TIME: Final = Text(en="Time (UTC)", zh="时间（UTC）")
COLUMN_WHO: Final = Text(en="Who", zh="人员")
COLUMN_WHAT: Final = Text(en="What", zh="内容")
COLUMN_OUTCOME: Final = Text(en="Outcome", zh="结果")
COLUMN_TOOK: Final = Text(en="After the first report", zh="距首次报告")
COLUMN_SOURCE: Final = Text(en="Source", zh="来源")
NONE: Final = Text(en="None recorded.", zh="没有记录。")
CASEBOOK: Final = Text(en="Casebook", zh="Casebook")
CUT_OFF: Final = Text(en="… and {} more, left out for size", zh="… 另有 {} 条因篇幅省略")

# The post-mortem. What nobody stated is a question, never a guess.
OWNER: Final = Text(en="Owner", zh="负责人")
END: Final = Text(en="End", zh="结束")
BEGAN_AS_STATED: Final = Text(en="Begin, as stated", zh="开始（据发言）")
IDENTIFIED: Final = Text(en="Cause identified", zh="定位原因")
COLUMN_STEP: Final = Text(en="After the step before", zh="距上一步")
COLUMN_SUSPICION: Final = Text(en="Suspicion", zh="怀疑")
COLUMN_FATE: Final = Text(en="What became of it", zh="结论")
STATED_BY_PEOPLE: Final = Text(en="Stated by people", zh="人员说明")
ALSO_STATED: Final = Text(en="Also stated as the cause", zh="另有人认定的原因")
PROVEN_BY_DIAGNOSIS: Final = Text(en="Shown by the diagnosis of the cluster", zh="集群诊断结果")
SUSPICIONS: Final = Text(en="Suspicions", zh="怀疑过的原因")
ONLY_RULED_OUT: Final = Text(en="named only when it was ruled out", zh="仅在排除时提到")
LEFT_OPEN: Final = Text(en="neither confirmed nor ruled out", zh="既未证实也未排除")
HELPED: Final = Text(en="Helped", zh="有效")
NO_HELP: Final = Text(en="Did not help", zh="无效")
OUTCOME_NOT_STATED: Final = Text(en="Outcome not stated", zh="未说明效果")
CALLED_OFF: Final = Text(en="Called off", zh="已取消")
OPEN_ACTIONS: Final = Text(en="Open: not reported as done", zh="未完成：没有报告结果")
LAST_BEFORE: Final = Text(en="the last action before ", zh="随后有人说：")
CHANGES: Final = Text(en="Changes", zh="变更")
CHANGES_BEFORE: Final = Text(en="Announced before the first report", zh="首次报告之前公布")
CHANGES_DURING: Final = Text(en="Announced after the first report", zh="首次报告之后公布")
GAPS: Final = Text(en="What nobody stated", zh="频道中未说明的内容")
GAP_ANSWER: Final = Text(en="Not stated in the channel.", zh="频道中未说明。")
WHEN_NOTICED: Final = Text(en="When did users first notice?", zh="用户最早何时发现？")
WHO_AFFECTED: Final = Text(en="Who was affected, and how?", zh="哪些用户受到影响，有何影响？")
WHEN_OVER: Final = Text(en="When was the impact over?", zh="影响何时结束？")
WHAT_CAUSE: Final = Text(en="What was the cause?", zh="原因是什么？")
WAS_PROVEN: Final = Text(en="Was the cause proven?", zh="原因是否得到证实？")
NO_PROOF: Final = Text(
    en="No diagnosis of the cluster in this channel confirmed a cause.", zh="此频道中没有集群诊断证实原因。"
)
SAME_CAUSE: Final = Text(
    en="Is what people stated the same as what the diagnosis confirmed?",
    zh="人员说明的原因与诊断证实的是否为同一原因？",
)
IS_IT_THE_CAUSE: Final = Text(
    en="Is what the diagnosis confirmed the root cause?", zh="诊断证实的问题是否就是根本原因？"
)
WHAT_ENDED: Final = Text(en="Which change ended it?", zh="是哪项变更使故障结束？")
WHICH_CHANGE: Final = Text(en="Did a change precede it?", zh="故障之前是否有变更？")
WHO_LED: Final = Text(en="Who led the response?", zh="由谁指挥？")
WHO_WAS_TOLD: Final = Text(en="Were customers told, and when?", zh="是否通知了用户，何时通知？")
HOW_PREVENTED: Final = Text(en="What keeps it from happening again?", zh="如何防止再次发生？")
WHO_OWNS: Final = Text(en="Who owns the follow-ups without an owner?", zh="没有负责人的后续事项由谁负责？")
