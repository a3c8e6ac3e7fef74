"""Define the replies to requests about an incident channel, done or not, and the words of the dialog to resolve."""

from __future__ import annotations

from typing import Final

from intents.domain import Text

# --- not an incident channel ---

NO_INCIDENT: Final = Text(
    en="this channel is not an incident channel, so nothing is recorded. Use /diagnose incident open to make it one",
    zh="此频道不是故障频道，未记录任何内容。输入 /diagnose incident open 可将其设为故障频道",
)
DISMISSED_HERE: Final = Text(
    en="the incident of this channel was dismissed, so nothing is recorded. Use /diagnose incident open to open it "
    "again",
    zh="此频道已被标记为“并非故障”，不再记录。输入 /diagnose incident open 可重新设为故障频道",
)
ONLY_CHANNELS: Final = Text(
    en="an incident needs a channel of its own; a direct message cannot be one",
    zh="故障需要有自己的频道，私信不能作为故障频道",
)
SHARED_CHANNEL: Final = Text(
    en="this channel is shared with another organisation, or has a pending invitation to one. It cannot be an incident "
    "channel, since findings about clusters are not posted there",
    zh="此频道与其他组织共享，或正在邀请其他组织，因此不能作为故障频道：集群中的发现不会发布在此",
)
NOT_FOR_OUTSIDERS: Final = Text(
    en="guests, bots and people of other organisations cannot change the record of an incident. Ask a member of this "
    "workspace",
    zh="访客、机器人和其他组织的人员不能更改故障记录。请联系本工作区的成员",
)

# --- accepted ---

OPENING: Final = Text(
    en="This is now an incident channel; its summary will be pinned in a moment. If Casebook is not in the channel "
    "yet, /invite it",
    zh="此频道现在是故障频道，稍后会置顶摘要。如果 Casebook 不在此频道中，请用 /invite 邀请它",
)
REOPENING: Final = Text(en="Reopened: the channel is notified", zh="已重新打开，并会在频道中通知大家")
DISMISSING: Final = Text(
    en="Dismissed: the summary is removed, and the channel is notified",
    zh="已标记为“并非故障”：摘要将被移除，并会在频道中通知大家",
)
EXPORTING: Final = Text(en="The export follows in a direct message", zh="导出文件将通过私信发送")
EXPORTING_HERE: Final = Text(en="The export follows in the channel", zh="导出文件将发到频道中")
EXPORTED: Final = Text(en="The full record of #{} so far", zh="#{} 至今的全部记录")

# --- nothing to do ---

ALREADY_OPEN: Final = Text(
    en="the incident of this channel is already open. /diagnose incident status shows its status",
    zh="此频道的故障已处于打开状态。输入 /diagnose incident status 查看现状",
)
ALREADY_RESOLVED: Final = Text(
    en="this incident is already resolved. /diagnose incident export sends its postmortem draft again; /diagnose "
    "incident reopen reopens it",
    zh="此故障已标记为恢复。/diagnose incident export 可再次导出复盘报告草稿，/diagnose incident reopen 可重新打开",
)
CHANGED_MEANWHILE: Final = Text(
    en="another member changed the status of this incident at the same time, so nothing was done. /diagnose incident "
    "status shows it",
    zh="同时有他人更改了此故障的状态，因此未做任何更改。输入 /diagnose incident status 查看",
)

# --- what people set ---

SUMMARY_ITSELF: Final = Text(
    en="this is Casebook's summary. It is made from what other messages state; correct it with the button below it",
    zh="这是 Casebook 根据其他消息生成的摘要，请用其下方的按钮更正",
)

# --- archived ---

ARCHIVED_NOT_SHOWN: Final = Text(
    en="You archived #{}. Its summary cannot be shown in a direct message: {}. The record is kept. To get it, "
    "unarchive the channel, /invite Casebook and use /diagnose incident export there",
    zh="您归档了 #{}。不能通过私信展示其摘要：{}。记录仍然保留：取消归档并用 /invite 邀请 Casebook 后，"
    "可用 /diagnose incident export 导出",
)

# --- the summary as a canvas ---

NO_CANVAS: Final = Text(
    en="The summary is in the pinned message only; no canvas was written: {}", zh="摘要只在置顶消息中，未写入画布：{}"
)

# --- not in the channel ---

CANNOT_JOIN: Final = Text(
    en="Casebook could not join the incident channel #{}: {}. /invite it there; it then reads the earlier messages and "
    "posts a summary",
    zh="Casebook 无法加入故障频道 #{}：{}。请用 /invite 邀请它，它会补读已有的消息并生成摘要",
)

REMOVED: Final = Text(
    en="You removed Casebook from #{}, a live incident. New messages there are not recorded, and the summary is no "
    "longer updated. /invite Casebook to continue; it then reads what it missed",
    zh="您将 Casebook 移出了正在处理故障的 #{}：此后的消息不再记录，摘要也不再更新。用 /invite 重新邀请后，"
    "它会继续记录并补读错过的内容",
)
REMOVED_BY: Final = Text(
    en="Casebook was removed from #{}, a live incident, by {}. New messages there are not recorded. /invite Casebook "
    "to continue; it then reads what it missed",
    zh="Casebook 被移出了正在处理故障的 #{}，操作人：{}。此后的消息不再记录；用 /invite 重新邀请后，"
    "它会继续记录并补读错过的内容",
)
REMOVED_PRIVATE: Final = Text(
    en="Casebook was removed from a private channel of a live incident by {}. New messages there are not recorded. "
    "A member of the channel may /invite Casebook to continue; it then reads what it missed",
    zh="Casebook 被移出了一个正在处理故障的私有频道，操作人：{}。此后的消息不再记录；频道成员可用 /invite "
    "重新邀请它，它会继续记录并补读错过的内容",
)


TITLE: Final = Text(en="Resolve incident", zh="确认故障已恢复")
SUBMIT: Final = Text(en="Resolve incident", zh="确认恢复")
BUTTON: Final = Text(en="Resolve incident", zh="确认故障恢复")
NO_OPEN_IMPACT: Final = Text(
    en="No impact was reported since the incident was stated to be over, or none was reported at all.",
    zh="故障被说明结束之后没有新的影响报告，或从未有过影响报告。",
)
OPEN_ACTIONS: Final = Text(en="Open actions", zh="未完成的措施")
NO_OPEN_ACTIONS: Final = Text(en="None.", zh="无。")
CHOOSE: Final = Text(en="Diagnoses, suspicions, actions", zh="诊断、怀疑与措施")
OR_TYPE: Final = Text(en="Or type the root cause", zh="或填写根本原因")
OR_TYPE_HINT: Final = Text(
    en="What is typed here counts, whatever is chosen above.", zh="填写后以此为准，忽略上面的选择。"
)
WHAT_HAPPENS: Final = Text(
    en="The final summary and a draft of the postmortem are posted in the channel. /diagnose incident reopen undoes "
    "this",
    zh="最终摘要与复盘报告草稿将发到频道中。可用 /diagnose incident reopen 重新打开",
)
PRESS_TO_RESOLVE: Final = Text(
    en="nothing is resolved yet: the button opens a dialog with what is still open and asks for the root cause",
    zh="尚未标记为恢复：按钮会打开对话框，列出尚未完成的事项并询问根本原因",
)
DIALOG_OPENS: Final = Text(
    en="a dialog asks for the root cause and shows what is still open. Nothing is resolved before you submit it",
    zh="对话框会列出尚未完成的事项并询问根本原因。提交之前不会标记为恢复",
)
CHOOSE_OR_TYPE: Final = Text(
    en="Choose the root cause, type it below, or choose “Not known yet”",
    zh="请选择根本原因，在下面填写，或选择“尚不清楚”",
)
CHOICE_GONE: Final = Text(
    en="The message of this choice was deleted or changed. Choose another one, or type the root cause",
    zh="该选项对应的消息已被删除或更改。请选择其他选项，或填写根本原因",
)
TYPE_AGAIN: Final = Text(
    en="Slack did not open the dialog in time. Nothing was resolved; type the command or press the button again",
    zh="Slack 未能及时打开对话框。未标记为恢复，请重新输入命令或点击按钮",
)
DIALOG_FAILED: Final = Text(
    en="the dialog could not be filled, so nothing was resolved. Close it and try again",
    zh="无法加载对话框的内容，未标记为恢复。请关闭后重试",
)
