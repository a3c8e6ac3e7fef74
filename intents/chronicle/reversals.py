"""Recognise that a later decision takes back or replaces an earlier one.

An action is reversed by its opposite ("turning the flag back on"), by another one that people do "instead", or by words
that take back the last decision ("scratch that"). These words are no fact by themselves.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.message_text import Sentence
from intents.chronicle.phrase_rows import OPENING

# Actions that undo each other: the words of one, and those of the other.
_OPPOSITES: Final = tuple(
    (re.compile(one), re.compile(other))
    for one, other in (
        (
            r"\b(?:disabl\w+|(?:turn|switch|flip)\w*\b.{0,30}?\boff|shut(?:ting)? (?:off|down))\b|关掉|关闭"
            r"|关停|禁用|停用|下线",
            r"\b(?:re-?)?enabl\w+\b|\b(?:turn|switch|flip)\w*\b.{0,30}?\bon\b|开启|打开|启用|重新上线|开回",
        ),
        (
            r"(?<!un)(?<!un-)\bcordon\w*\b|\bdrain\w*\b|隔离|驱逐|封锁",
            r"\bun-?cordon\w*\b|解除(?:封锁|隔离)|取消(?:封锁|隔离)",
        ),
        (
            r"\b(?:take|took|taking|pull\w*)\b.{0,40}?\b(?:out|off)\b|摘[除掉流]|踢[出掉]",
            r"\bput\w*\b.{0,40}?\bback\b|\bback in(?:to)? rotation\b|挂回|加回|放回",
        ),
        (
            r"\bscal\w+ (?:\S+ ){0,3}?(?:up|out)\b|扩容|扩到",
            r"\bscal\w+ (?:\S+ ){0,3}?(?:back|down|in)\b|缩容|缩回|缩到",
        ),
        (
            r"\b(?:paus|freez|froz|suspend|halt)\w*|封网|冻结|暂停",
            r"\b(?:resum|unfreez|unfroz|unpaus|un-?suspend)\w*|解除封网|恢复发布|解冻",
        ),
        (
            r"(?<!un)\b(?:block|bann?|throttl|rate-?limit)\w*|封禁|屏蔽|限流|熔断",
            r"\b(?:unblock|unban|un-?throttl|lift)\w*|解封|放开|取消限流",
        ),
        (
            r"\b(?:roll(?:ed|ing)?(?: \S+){0,3} ?-?back|revert\w*|roll-?back)\b|回滚|回退",
            r"\b(?:(?:roll|fix)(?:ed|ing)? forward|roll-?forward|re-?deploy\w*(?: v?\d\S*)?|undo\w* the roll-?back)\b"
            r"|重新(?:发布|上线)|往前修|向前修复",
        ),
        (
            r"\bfail(?:ed|ing)? ?-?over\b|\bfail-?over\b|切到备|切备|主备切换",
            r"\bfail(?:ed|ing)? ?-?back\b|\bfail-?back\b|切回|回切",
        ),
    )
)  # fmt: skip
# Another plan in place of the last one.
_INSTEAD: Final = re.compile(
    r"\binstead(?! of)\b|\b(?:plan|decision) (?:has )?chang(?:ed|e)\b|\b(?:changed|change of) (?:our |my"
    r" )?(?:minds?|plans?)\b"
    r"|\bon second thoughts?\b|\bnew plan\b|\bbetter idea\b|\bscratch that\b"
    r"|(?:^|[，,。；])\s?(?:那|就|先|还是|我们|直接)*(?:改为|改成|转为|改走|改用|换成)|(?:换个?|改"
    r"|调整)(?:一下)?方案|方案(?:改|换|变)"
)
_TAKEN_BACK: Final = re.compile(
    rf"^{OPENING}(?:(?:scratch|forget|belay|cancel|disregard|undo|strike|ignore) (?:that|this|it|my last|the last one"
    r"|what i (?:just )?said)(?: (?:please|then|again))?|never ?mind(?: that| then)?(?=$)|(?:let's )?not (?:do"
    r" )?(?:that|this|it)"
    r"(?: after all| then| now)?|let's not|changed (?:our|my) minds?|on second thoughts?,? (?:no|don't|let's not|not)"
    r"|(?:we )?(?:won't|will not|don't|are not|aren't) (?:do|doing) (?:that|this|it)(?: after all| anymore| any"
    r" more| now)?"
    r"|(?:please |pls )?hold (?:off(?: (?:on|with) (?:that|it|this))?|that)(?: please| for now)?"
    r"|that's off|(?:the )?plan is off|decision (?:is )?(?:withdrawn|reversed|revoked"
    r"|overturned))(?=$|[.,;:!])"
    r"|^(?:那)?(?:算了|作废|取消吧?|不搞了|先不做了?|先不弄了?|撤回(?:这个|上[一个]*|刚才的?)?(?:决定|方案)?"
    r"|(?:前面|刚才|之前|上面)(?:的|那个)?(?:决定|方案|说的)(?:作废|取消|不算|撤回)(?:了)?"
    r"|不这么(?:做|搞)了)(?=$|[，。！])"
)


def reverses(later: str, earlier: str) -> bool:
    """Return whether a later decision (lower case) undoes the action of an earlier one."""
    for one, other in _OPPOSITES:
        if one.search(earlier) and other.search(later) and not other.search(earlier):
            return True
        if other.search(earlier) and one.search(later) and not other.search(later) and not one.search(earlier):
            return True
    return False


def is_instead(says: str) -> bool:
    """Return whether a decision (lower case) says that it replaces another one without naming that."""
    return _INSTEAD.search(says) is not None


def takes_back(sentence: Sentence) -> bool:
    """Return whether a sentence takes back what was decided last, without naming it."""
    return not sentence.asks and _TAKEN_BACK.search(sentence.plain) is not None
