"""Define the fixed words of the dialog that asks before an incident is resolved, in every language."""

from __future__ import annotations

from typing import Final

from intents.domain import Text

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
    en="What is typed here counts, whatever is chosen above.",
    zh="填写后以此为准，忽略上面的选择。",
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
