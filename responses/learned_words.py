"""Define the fixed words about saved incidents, in every language."""

from __future__ import annotations

from typing import Final

from intents.domain import Text

TITLE: Final = Text(en="Save as incident", zh="保存为已知问题")
EDIT_TITLE: Final = Text(en="Edit saved incident", zh="编辑已保存的问题")
CHECK: Final = Text(en="Check", zh="检查")
SAVE: Final = Text(en="Save incident", zh="保存问题")
NAME: Final = Text(en="Title", zh="标题")
NAME_HINT: Final = Text(en="What is wrong, in a few words.", zh="用几个词说明是什么问题。")
LINE: Final = Text(en="Line that shows it", zh="能识别此问题的一行")
LINE_HINT: Final = Text(
    en="One line of the error. Names, numbers, times and addresses in it may differ the next time.",
    zh="报错中的一行。其中的名称、数字、时间和地址下次可以不同。",
)
ROOT_CAUSE: Final = Text(en="Root cause", zh="根本原因")
DONE: Final = Text(en="What was done", zh="处理措施")
DONE_HINT: Final = Text(en="One step a line.", zh="每行一个步骤。")
BY: Final = Text(en="Solved by", zh="解决人")
WHAT_HAPPENS: Final = Text(
    en="The next paste of this line in this channel is answered with it, as “possible”. Credentials are removed before "
    "anything is stored",
    zh="此频道中再次出现这一行时，会以“可能”的判断给出此条目。保存前会去除凭据",
)
RECOGNISED_BY: Final = Text(en="It is recognised by", zh="识别依据")
NO_COLLISION: Final = Text(
    en="No example of another entry and no ordinary line matches this.", zh="没有其他条目的示例或普通文本与之匹配。"
)
COLLIDES: Final = Text(
    en="This also matches texts of other entries. Choose a more specific line, or save it nevertheless.",
    zh="它也会匹配其他条目的文本。请选择更具体的一行，或仍然保存。",
)
KNOWN: Final = Text(en="The line is recognised already as: {}", zh="这一行已被识别为：{}")
ORDINARY: Final = Text(en="It matches ordinary text:", zh="它会匹配普通文本：")
CHANGED_SINCE: Final = Text(
    en="The text was changed after the check. This is the new result.", zh="检查后内容有改动，以下是新的结果。"
)
UNUSABLE: Final = Text(
    en="Too few words are left without names, numbers and times. Choose a more specific line",
    zh="去掉名称、数字和时间后剩余的词太少，请选择更具体的一行",
)
NOT_FOUND_AGAIN: Final = Text(
    en="These words are too common to be recognised again. Choose a more specific line",
    zh="这些词过于常见，无法再次识别。请选择更具体的一行",
)
NEEDED: Final = Text(en="Enter a text", zh="请填写内容")
HOLDS_SECRET: Final = Text(
    en="This looks like it holds a secret. Remove it and check again", zh="内容疑似包含机密，请删除后重新检查"
)
SAVED: Final = Text(
    en="saved “{0}” as {1}, version {2}. It answers the next paste in this channel as “possible”",
    zh="已将“{0}”保存为 {1}，版本 {2}。此频道中再次出现时会以“可能”给出",
)
SAVED_SHARED: Final = Text(
    en="saved “{0}” as {1}, version {2}. It answers the next paste in every channel as “possible”",
    zh="已将“{0}”保存为 {1}，版本 {2}。任何频道中再次出现时会以“可能”给出",
)
SAVED_UNSHARED: Final = Text(
    en="saved “{0}” as {1}, version {2}. A curator has to share this version before other channels get it",
    zh="已将“{0}”保存为 {1}，版本 {2}。其他频道要使用此版本，需由管理员再次共享",
)
FOR_REVIEW: Final = Text(
    en="For a review: /diagnose learned lists it, casebook catalog export --learned writes the file.",
    zh="用于评审：/diagnose learned 可列出，casebook catalog export --learned 可导出文件。",
)
NOT_ALLOWED: Final = Text(
    en="you may not save incidents here: that is for people who may see answers from the cluster in this channel",
    zh="你不能在此保存问题：只有在此频道可以查看集群答复的人才可以",
)
NOT_YOURS: Final = Text(
    en="only its author or a curator of the policy may edit or delete a saved incident",
    zh="只有作者或策略中的管理员可以编辑或删除已保存的问题",
)
CURATORS_SHARE: Final = Text(
    en="only a curator named in the policy (curators) may share a saved incident",
    zh="只有策略中指定的管理员（curators）可以共享已保存的问题",
)
UNKNOWN: Final = Text(en="there is no saved incident “{}” here", zh="此处没有已保存的问题“{}”")
NONE: Final = Text(
    en="no incident is saved here. Use “Save as incident” in a message's menu",
    zh="此处没有已保存的问题。请使用消息菜单中的“Save as incident”",
)
LISTED: Final = Text(en="Saved incidents: {}", zh="已保存的问题：{}")
SHARED: Final = Text(en="every channel", zh="所有频道")
OWN: Final = Text(en="#{} only", zh="仅 #{}")
FROM: Final = Text(en="learned from #{0}, by {1}, version {2}", zh="来自 #{0}，由 {1} 保存，版本 {2}")
NOW_SHARED: Final = Text(en="{} now answers in every channel", zh="{} 现在会在所有频道给出")
NOW_OWN: Final = Text(en="{0} now answers in #{1} only", zh="{0} 现在仅在 #{1} 给出")
DELETED: Final = Text(en="deleted {} with all its versions", zh="已删除 {} 及其所有版本")
DIALOG_OPENS: Final = Text(en="a dialog opens with the saved incident", zh="对话框将显示已保存的问题")
CHANGED_MEANWHILE: Final = Text(
    en="somebody else saved a new version or deleted it meanwhile. Open the dialog again",
    zh="其间有人保存了新版本或已删除，请重新打开对话框",
)
TRY_AGAIN: Final = Text(
    en="Slack did not open the dialog in time. Nothing was saved; try again",
    zh="Slack 未能及时打开对话框。未保存任何内容，请重试",
)
DIALOG_FAILED: Final = Text(
    en="the dialog could not be filled, so nothing was saved. Close it and try again",
    zh="无法加载对话框的内容，未保存。请关闭后重试",
)
