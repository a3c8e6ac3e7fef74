"""What is said to whoever asks something of an incident channel: done, or why not and what to do instead."""

from __future__ import annotations

from typing import Final

from intents.domain import Text

# --- where nothing can be asked of it ---

NO_INCIDENT: Final = Text(
    en="this channel is no incident channel, so nothing of it is kept. /diagnose incident open makes it one",
    zh="此频道不是故障频道，未记录任何内容。输入 /diagnose incident open 可将其设为故障频道",
)
DISMISSED_HERE: Final = Text(
    en="somebody said that this channel is no incident, so nothing of it is kept. /diagnose incident open makes it one "
    "again",
    zh="有人已将此频道标记为“并非故障”，不再记录。输入 /diagnose incident open 可重新设为故障频道",
)
ONLY_CHANNELS: Final = Text(
    en="an incident has a channel of its own; in a direct message there is none",
    zh="故障需要有自己的频道，私信中没有",
)
SHARED_CHANNEL: Final = Text(
    en="this channel is shared with another organisation, or others are invited to it: what is found in clusters is "
    "not told there, so it cannot be an incident channel",
    zh="此频道与其他组织共享或已邀请外部人员：集群中的发现不会在此公布，因此不能作为故障频道",
)
NOT_FOR_OUTSIDERS: Final = Text(
    en="guests, bots and people of other organisations cannot change what is kept of an incident: please ask a member "
    "of the workspace",
    zh="访客、机器人和其他组织的人员不能更改故障记录：请联系本工作区的成员",
)

# --- under way ---

OPENING: Final = Text(
    en="This is an incident channel now: its summary will be pinned in a moment. I have to be in the channel for that: "
    "/invite me if I am not",
    zh="此频道现在是故障频道，稍后会置顶摘要。我需要在此频道中：若不在，请用 /invite 邀请我",
)
RESOLVING: Final = Text(
    en="Resolved: the final summary and a draft of the postmortem follow in the channel",
    zh="已标记为恢复：最终摘要与复盘报告草稿将发到频道中",
)
REOPENING: Final = Text(en="Reopened: everybody is told in the channel", zh="已重新打开，并会在频道中告知大家")
DISMISSING: Final = Text(
    en="Dismissed: my summary is taken away, and everybody is told in the channel",
    zh="已标记为“并非故障”：摘要将被移除，并会在频道中告知大家",
)
EXPORTING: Final = Text(en="The export follows in a direct message", zh="导出文件将通过私信发送")
EXPORTING_HERE: Final = Text(en="The export follows in the channel", zh="导出文件将发到频道中")
EXPORTED: Final = Text(en="All that is kept of #{}, as of now", zh="#{} 至今的全部记录")

# --- nothing to do ---

ALREADY_OPEN: Final = Text(
    en="this is an incident channel already, and open. /diagnose incident status shows how it stands",
    zh="此频道已是故障频道，且处于打开状态。输入 /diagnose incident status 查看现状",
)
ALREADY_RESOLVED: Final = Text(
    en="this incident is resolved already. /diagnose incident export gives its postmortem draft once more, /diagnose "
    "incident reopen takes it up again",
    zh="此故障已标记为恢复。/diagnose incident export 可再次导出复盘报告草稿，/diagnose incident reopen 可重新打开",
)
CHANGED_MEANWHILE: Final = Text(
    en="somebody else changed how this incident stands at the same time, so nothing was done. /diagnose incident "
    "status shows it",
    zh="同时有他人更改了此故障的状态，因此未做任何更改。输入 /diagnose incident status 查看",
)

# --- the timeline, by hand ---

PINNED: Final = Text(
    en="On the timeline now. “Remove from timeline” or taking the 📌 off takes that back",
    zh="已加入时间线。使用“Remove from timeline”或移除 📌 可撤回",
)
UNPINNED: Final = Text(en="Taken off the timeline", zh="已从时间线移除")
PINNED_ALREADY: Final = Text(en="it is on the timeline already", zh="已在时间线中")
SUMMARY_ITSELF: Final = Text(
    en="this is my summary, which the timeline is made into: it does not stand there itself",
    zh="这是我根据时间线生成的摘要，本身不会列入时间线",
)
NOT_ON_IT: Final = Text(en="it is not on the timeline", zh="不在时间线中")

# --- archived ---

ARCHIVED: Final = Text(
    en="You archived #{}, where I cannot post any more: this is how it ended",
    zh="您归档了 #{}，我无法再在其中发布消息，最终情况如下",
)
ARCHIVED_NOT_SHOWN: Final = Text(
    en="You archived #{}. What was found there I may not show you in a direct message: {}. All is kept: unarchive "
    "the channel, /invite me and type /diagnose incident export",
    zh="您归档了 #{}。我不能通过私信向您展示其内容：{}。记录仍然保留：请取消归档，用 /invite 邀请我，再输入"
    " /diagnose incident export",
)

# --- beside the summary ---

NO_CANVAS: Final = Text(
    en="The summary stands in the pinned message alone, not in a canvas as well: {}",
    zh="摘要只在置顶消息中，不会另写入画布：{}",
)

# --- not in the channel ---

CANNOT_JOIN: Final = Text(
    en="I could not come to the incident channel #{}: {}. /invite me there, and I read what was said and sum it up",
    zh="我无法加入故障频道 #{}：{}。请用 /invite 邀请我，我会补读已有的发言并生成摘要",
)

REMOVED: Final = Text(
    en="You took me out of #{}, a live incident: what is said there now I do not record, and my summary stays as it "
    "is. /invite me there and I go on, and read what I missed",
    zh="您将我移出了正在处理故障的 #{}：此后的发言我不再记录，摘要也不再更新。用 /invite 重新邀请我，"
    "我会继续并补读错过的内容",
)
REMOVED_BY: Final = Text(
    en="I was taken out of #{}, a live incident, by {}: what is said there now I do not record. /invite me there and I "
    "go on, and read what I missed",
    zh="我被移出了正在处理故障的 #{}，操作人：{}。此后的发言我不再记录；用 /invite 重新邀请我，"
    "我会继续并补读错过的内容",
)
REMOVED_PRIVATE: Final = Text(
    en="I was taken out of a private channel of a live incident by {}: what is said there now I do not record. Whoever "
    "is in it may /invite me, and I go on, and read what I missed",
    zh="我被移出了一个正在处理故障的私有频道，操作人：{}。此后的发言我不再记录；频道成员可用 /invite 重新邀请我，"
    "我会继续并补读错过的内容",
)
