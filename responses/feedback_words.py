"""Define the fixed words of corrections and of the feedback report, in every language."""

from __future__ import annotations

from typing import Final

from intents.domain import Text

TITLE: Final = Text(en="What was it?", zh="实际是什么问题？")
ANSWER_SAID: Final = Text(en="The answer said: {}", zh="答复的判断：{}")
ENTRY: Final = Text(en="Known incident", zh="已知问题")
SEARCH: Final = Text(en="Type a title or an id", zh="输入标题或 id 搜索")
NONE_OF_THEM: Final = Text(en="None of these", zh="都不是")
NOT_LISTED: Final = Text(en="Not in the list", zh="不在列表中")
SAVED: Final = Text(en="Saved incidents", zh="已保存的问题")
REMARK: Final = Text(en="In your own words", zh="用自己的话说明")
REMARK_HINT: Final = Text(en="Credentials are removed before it is stored.", zh="保存前会去除凭据。")
SUBMIT: Final = Text(en="Send correction", zh="提交更正")
WHAT_HAPPENS: Final = Text(
    en="The answer shows it, and the operators read it in the feedback report. Nothing changes by itself. If you close "
    "this dialog, the answer stays marked as wrong",
    zh="答复中会显示此更正，运维人员可在反馈报告中看到。不会自动修改任何内容。关闭此对话框后，答复仍标记为误判",
)
CHOOSE_OR_TYPE: Final = Text(en="Choose an incident or type a few words", zh="请选择一个问题或填写说明")
ENTRY_GONE: Final = Text(
    en="This incident is no longer in the catalog. Choose another one", zh="此问题已不在目录中，请重新选择"
)
NOT_KNOWN: Final = Text(en="none of the known incidents", zh="不是任何已知问题")
ANSWER_GONE: Final = Text(
    en="the answer was deleted meanwhile, so the correction was not stored", zh="答复已被删除，更正未保存"
)

REPORT: Final = Text(en="Feedback from {} to {}", zh="{} 至 {} 的反馈")
COUNTS: Final = Text(
    en="entries called wrong: {} · texts that no entry explains: {}",
    zh="被标记为误判的条目：{} · 没有条目可解释的文本：{}",
)
CALLED_WRONG: Final = Text(en="Entries that people called wrong", zh="被标记为误判的条目")
UNKNOWN: Final = Text(
    en="Texts that no entry explains: candidates for entries", zh="没有条目可解释的文本：可考虑新增条目"
)
WRONG_OF: Final = Text(en="wrong in {} of {} answers", zh="{1} 个答复中有 {0} 个误判")
IT_WAS: Final = Text(en="it was {}", zh="实际是 {}")
TIMES: Final = Text(en="{}×", zh="{} 次")
A_SAVED_ONE: Final = Text(en="a saved incident of another channel", zh="其他频道保存的问题")
WITHHELD: Final = Text(en="Texts from private channels, left out here: {}", zh="来自私有频道的文本，此处已略去：{}")
ALL_OF_IT: Final = Text(
    en="Nothing changes by itself. All of it: casebook feedback", zh="不会自动修改任何内容。完整内容：casebook feedback"
)
