"""List the Chinese phrases for decisions and actions: one pattern is one phrase."""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.action_phrases import ACTIONS, NOT_THE_ACTION_ZH
from intents.chronicle.facts import DecisionState
from intents.chronicle.system_parts import RUNS_ZH

_ZH: Final = f"(?:{'|'.join(each.zh for each in ACTIONS if each.zh and not each.passive)}){NOT_THE_ACTION_ZH}"
# Words with everyday uses too.
_CHANGE_ZH: Final = f"(?:{'|'.join(each.zh for each in ACTIONS if each.zh and each.passive)}){NOT_THE_ACTION_ZH}"
# Actions in progress without an object.
_AT_IT_ZH: Final = r"(?:清|回|退|删|切|扩|缩|迁|换|滚|挪|回滚|回退|重启|扩容|缩容|清理|迁移|切换|改|升级)"
# Endings of an order: 都清掉, 先停掉.
_AWAY_ZH: Final = (
    r"(?<![了会能被已])(?:都|全部?|先|直接|统一|一起|一并|也)[^，。了会能被已]{0,8}?(?:清|删|停|关|踢|摘|换|杀|下|拆"
    r"|撤|禁|降|切|滚|回退|回滚)"
    r"(?:掉|了吧|吧|一遍)$"
)
_WHO_ZH: Final = r"(?:我们?|这边|我这边|大家|运维|值班|dba|@\w+)?(?:这边)?\s*"
_SOME_ZH: Final = r"[^，。,]{0,12}?"
WAYS_ZH: Final = tuple(
    (course, tuple(re.compile(each) for each in patterns))
    for course, patterns in (
        # Replies to "should we …".
        (DecisionState.CALLED_OFF, (r"^(?:先|暂)?不(?:关|切|停|降级|限流|回滚|回退|重启|扩容|升级)$",)),
        (
            DecisionState.CALLED_OFF,
            (
                rf"^(?:那|就)?{_WHO_ZH}(?:先|暂时|暂)?不(?:用|再)?{_ZH}了|(?:取消|放弃|不用){_ZH}",
                rf"^(?:那|就|我们)*(?:还是|暂时|决定)+不(?:再)?{_ZH}(?:了|吧)?$",
                rf"^{_ZH}(?:的?(?:方案|计划|决定))?(?:就|先|暂时)*(?:不做|作废|取消|不搞|算了|暂缓|搁置|不用)了?$",
                rf"(?:撤销|推翻|撤回|收回)(?:之前|刚才)?(?:的)?{_ZH}的?(?:决定|方案|计划)",
            ),
        ),
        (
            DecisionState.PLANNED,
            (
                _AWAY_ZH,
                rf"^(?:那|就|我们|先|直接)*(?:改为|改成|转为|换成|改走|改用)\s?(?:[给对用把][^，。]{{1,10}}?)?(?:{_ZH}|{_CHANGE_ZH})",
                rf"(?:改|换)(?:个|一下)?(?:方案|计划)[：:，,\s]*(?:{_ZH}|{_CHANGE_ZH})",
                r"^(?:那?就?|先|同意|直接|赶紧|还是)*(?:把[^，。]{1,12})?(?:切|回滚|回退|重启|扩容|缩容|迁移?|滚|升级"
                r"|切换|扩)(?:了)?吧$",
            ),
        ),
        (
            DecisionState.DONE,
            (
                rf"^(?!.*(?:被|又|自己|自动|谁|吗))(?:我|我们|刚刚?|已经?)*(?:清|删|杀|摘|踢|停|关|扩|加|换|切|重启"
                rf"|回滚|升)[了掉完]+了?\s?\S"
                rf"(?=.*(?:{RUNS_ZH}|日志|[a-z]{{2}}|\d))",
                rf"^(?!.*(?:被|又|自己|自动|谁|吗|没))(?=[^，。]*{RUNS_ZH})[^，。]{{1,12}}?(?:清|删|摘|踢|停|关|扩|换"
                rf"|切|升|迁)(?:完|好|掉)?了$",
            ),
        ),
        (DecisionState.UNDER_WAY, (rf"^(?:好的?|嗯|ok)?{_WHO_ZH}(?:正|已经|都)?在{_AT_IT_ZH}(?:了|着|呢)?$",)),
        (
            DecisionState.DONE,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:已经?|都已?|刚刚?|均已)(?:把[^，。]{{1,12}})?(?:手动|全部|全量)?\s*{_ZH}",
                rf"^{_SOME_ZH}{_ZH}(?:已)?(?:完成|完毕|好了|结束|完了|成功)",
                rf"^(?!.*(?:又|自动|自己|被|会|想|能|频繁|一直))[^，。吗谁]{{1,24}}?(?:已经?|也|都"
                rf"|全部?)+[^，。吗谁]{{0,4}}?{_ZH}了?$(?<=[了空完掉理])",
                rf"^{_WHO_ZH}(?:把[^，。]{{1,16}})?{_ZH}过?了(?!吗|么)",
                rf"^[^，。吗]{{1,8}}?{_ZH}了$",
                rf"^[^，。]{{1,16}}(?:已经?)\s*{_ZH}",
            ),
        ),
        (
            DecisionState.UNDER_WAY,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:正在|开始|着手|在)\s*(?:把[^，。]{{1,12}}?)?{_ZH}",
                rf"^{_WHO_ZH}{_SOME_ZH}{_ZH}中",
            ),
        ),
        (
            DecisionState.PLANNED,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:先|再|暂时|临时|决定|准备|打算|马上|直接|就|立即"
                rf"|立刻){_WHO_ZH}(?:把[^，。]{{1,12}})?\s*{_ZH}(?!了|吗)",
                rf"^(?:好的?|嗯|ok|行|那)?(?:还是|先)?(?:由|让)?(?:我们?|@\w+|这边)(?:来|去|现在就?|这就"
                rf"|马上)+(?:把[^，。]{{1,16}})?\s*{_ZH}(?!了|吗)",
                r"^(?:好的?|那)?(?:就)?(?:一起|统一|一并)(?:处理|回滚|清理|重启|升级|弄)(?:吧|掉)?$",
                r"^(?:先|那就?|把)?(?:[a-z][\w.-]+\s?)?(?:回滚|回退|切换?|升级?|降级?|扩容?"
                r"|缩容?)[到至回]\s?\S*[\da-z]\S*$",
                r"^(?:赶紧|马上|立刻|快|尽快)(?:回滚|回退|重启|扩容|切换|切回|升级|降级)(?:吧)?$",
                r"^(?:先|直接|赶紧|那就?)?(?:切|退|滚|改|换|迁)(?:回去|回来)(?:吧)?$",
                r"^(?:先)?不等了|^(?:那)?(?:就|先)+(?:这么|这样)(?:办|做|定|来)$|^(?:先|暂时|今晚)+(?:保持"
                r"|维持)(?:现状|原样)",
                r"^(?:先|暂时|今晚|就)+(?:不动|别动|不要动)(?!了吗)",
            ),
        ),
    )
)
CHANGE_WAYS_ZH: Final = tuple(
    (course, tuple(re.compile(each) for each in patterns))
    for course, patterns in (
        (
            DecisionState.CALLED_OFF,
            (rf"^(?:那|就)?{_WHO_ZH}(?:先|暂时|暂)?不(?:用|再)?{_CHANGE_ZH}了|(?:取消|放弃|不用){_CHANGE_ZH}",),
        ),
        (
            DecisionState.UNDER_WAY,
            (
                rf"^{_WHO_ZH}[^，。]{{0,12}}?(?:正在?|开始|着手|在)\s*(?:把|给)?[^，。]{{0,14}}?(?:{_CHANGE_ZH}"
                rf"|{_ZH})(?!.{{0,10}}了$)",
            ),
        ),
        (
            DecisionState.PLANNED,
            (
                rf"^{_WHO_ZH}[^，。]{{0,12}}?(?:先|决定|准备|打算|马上|直接|就|立即|立刻|接下来){_WHO_ZH}"
                rf"(?:把|给)?[^，。]{{0,14}}?{_CHANGE_ZH}(?!.{{0,10}}[了吗]$)",
            ),
        ),
        (
            DecisionState.DONE,
            (
                rf"^[^，。]{{0,36}}?(?:已经?|都|刚刚?|均已|全部)[^，。]{{0,12}}?{_CHANGE_ZH}",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}(?<=了)$",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}[^，。]{{0,14}}(?:了|完|完成|一遍|好了)$",
                rf"^[^，。]{{0,20}}?从\s?\S{{1,12}}\s?{_CHANGE_ZH}[^，。]{{0,14}}\d",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}了\s?\S",
            ),
        ),
    )
)
FREEZE_ZH: Final = re.compile(
    r"(?:封网|发布冻结|冻结发布)(?:了|开始|中|解除|结束|至|到)|(?:谁都|都|大家|所有人?)?(?:先?别|不要|禁止|停止"
    r"|暂停)(?:任何|所有)?"
    r"(?:再)?(?:发布|上线|变更|发版)|(?:所有|任何|全部)?(?:发布|变更|上线)(?:全部|都)?(?:先停|暂停|冻结|停掉)|(?:可以"
    r"|恢复)(?:正常)?(?:发布|发版)了"
)
ASKED_OF_ZH: Final = re.compile(
    rf"^@\w+\s*(?:(?:麻烦|请|你|帮忙|帮|来|去|先)\s*)*(?:把[^，。]{{1,16}}?)?[^，。吗]{{0,4}}?(?:{_ZH}|{_CHANGE_ZH}"
    rf"|下线)(?!.{{0,4}}[了吗过]$)"
)
