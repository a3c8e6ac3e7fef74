"""Define the words for actions against an incident: "roll back" in all its forms, in English and Chinese.

Only actions that change something or call for help are listed; looking, checking and debugging are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from intents.chronicle.phrase_rows import WHAT_RUNS, WordFinder, either, words


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionForms:
    """One action: `topic` is its name in a fact, the other fields are patterns. `noun`, `zh` and `passive` may be "".

    `passive` holds the participles that may follow the object, with or without an auxiliary. An action that has them
    counts only if a system part is named within the next words.
    """

    topic: str
    base: str
    ing: str
    done: str
    noun: str = ""
    zh: str = ""
    passive: str = ""


_UP_DOWN: Final = r"(?: up| down| out| in)?"
_REST: Final = r"(?= (?:the |a |an |all |this |that |our |#|\S*\d|\S+ (?:flag|toggle|job|pods?)))"

# The amount that grows, so that "adding a remark" is not an action.
_SIZE: Final = (
    r"(?=.*(?:\d|\b(?:nodes?|pods?|replicas?|instances?|workers?|brokers?|consumers?|capacity|limits?|memory|cpu"
    r"|pool|timeouts?|quota|partitions?|web|up|down|out)\b| it(?:$| to | by )))"
)

# After a verb that is used only of software any name is enough, except words for people and their things.
_TO_A_NAME: Final = r"(?= (?!up\b|in\b|me\b|my\b|you|him\b|her\b|them\b|is\b|was\b|to\b|and\b|it\b|takes?\b)[\w./-]+)"


def _changing(topic: str, *verbs: str, zh: str = "") -> ActionForms:
    """Return an action whose verbs ("move/moving/moved") have everyday uses too: it counts only for system parts."""
    base, ing, done = ("|".join(form) for form in zip(*(verb.split("/") for verb in verbs), strict=True))
    return ActionForms(topic=topic, base=base, ing=ing, done=done, passive=done, zh=rf"(?:{zh})" if zh else "")


ACTIONS: Final = (
    ActionForms(
        topic="roll back",
        base=r"roll(?: \S+){0,3} ?-?back|back out|revert",
        ing=r"rolling(?: \S+){0,3} ?-?back|rolling to v?\d+\.\d[\w.]*|backing out|reverting",
        done=r"rolled(?: \S+){0,3} ?-?back|backed out|reverted",
        noun=r"roll-?back|revert",
        zh=r"回滚|回退|撤回(?:发布|变更)|还原配置",
    ),
    ActionForms(
        topic="roll forward",
        base=r"(?:roll|fix) forward",
        ing=r"(?:rolling|fixing) forward",
        done=r"(?:rolled|fixed) forward",
        noun=r"roll-?forward",
    ),
    ActionForms(
        topic="restart",
        base=r"(?:re-?start|reboot|bounce|power-?cycle|recreate)",
        ing=r"(?:re-?starting|rebooting|bouncing|power-?cycling|recreating)",
        done=r"(?:re-?started|rebooted|bounced|power-?cycled|recreated)",
        noun=r"re-?starts?|reboot|rolling re-?start",
        zh=r"重启|重建|重拉",
    ),
    ActionForms(
        topic="scale",
        base=rf"(?:scale{_UP_DOWN}|bump|double|increase|raise){_SIZE}",
        ing=rf"(?:scaling{_UP_DOWN}|bumping|doubling|increasing|raising|adding){_SIZE}",
        done=rf"(?:scaled{_UP_DOWN}|bumped|doubled|increased|raised|added){_SIZE}",
        noun=r"scale-?(?:up|out|down)|scaling",
        zh=r"扩容|缩容|扩(?=[一两几三\d]|到)|加机器|加副本|调大",
    ),
    ActionForms(
        topic="fail over",
        base=r"fail ?-?over|switch ?over",
        ing=r"failing ?-?over|switching over",
        done=r"failed ?-?over|switched over",
        noun=r"fail-?over|switchover",
        zh=r"切到|切换|切主|切备|主备切换|切回|改回去|改回来",
    ),
    ActionForms(
        topic="traffic",
        base=r"(?:shift|divert|move|drain|shed|reroute|re-route|stop|cut) (?:the |all |some )?(?:[\w-]+ )?traffic",
        ing=r"(?:shifting|diverting|moving|draining|shedding|rerouting|re-routing|stopping|cutting) (?:the |all "
        r"|some )?(?:[\w-]+ )?traffic",
        done=r"(?:shifted|diverted|moved|drained|shed|rerouted|re-routed) (?:the |all |some )?(?:[\w-]+ )?traffic",
        zh=r"切流量?|引流|摘流量?|(?:把)?流量(?:全部)?切",
    ),
    ActionForms(
        topic="drain",
        base=r"(?:drain|cordon|uncordon)",
        ing=r"(?:draining|cordoning|uncordoning)",
        done=r"(?:drained|cordoned|uncordoned)",
        noun=r"drain",
        zh=r"驱逐|隔离|摘[除掉]|封锁节点",
    ),
    ActionForms(
        topic="turn off",
        base=r"(?:disable|flip(?: \S+){1,4} off|turn(?: \S+){0,3} off|switch off|shut(?:ting)? (?:off|down)"
        r"|kill switch)",
        ing=r"(?:disabling|flipping(?: \S+){1,4} off|turning(?: \S+){0,3} off(?! and (?:back )?on)"
        r"|switching(?: \S+){0,3} off|shutting (?:off|down))",
        done=r"(?:disabled|flipped(?: \S+){1,4} off|turned(?: \S+){0,3} off|switched(?: \S+){0,3} off|shut (?:off"
        r"|down))",
        zh=r"(?:关掉|关闭|关停)(?!.{0,3}(?:摄像头|麦克风|麦|电脑))|禁用|下线(?!了?$)|停掉|停用",
    ),
    ActionForms(
        topic="turn on",
        base=r"(?:enable|re-?enable|(?:turn|switch) on|(?:turn|switch)(?: \S+){1,3} back on)",
        ing=r"(?:enabling|re-?enabling|(?:turning|switching) on|(?:turning|switching)(?: \S+){1,3} back on)",
        done=r"(?:enabled|re-?enabled|(?:turned|switched) on|(?:turned|switched)(?: \S+){1,3} back on)",
        zh=r"开启|打开开关|启用",
    ),
    ActionForms(
        topic="delete",
        base=rf"(?:delete|kill|purge|flush|evict|clear){_REST}",
        ing=rf"(?:deleting|killing|purging|flushing|evicting|clearing){_REST}",
        done=rf"(?:deleted|killed|purged|flushed|evicted|cleared){_REST}",
        noun=r"purge|cleanup|flush",
        zh=r"清理|清[空掉完]|删除|删[掉空]|kill",
    ),
    ActionForms(
        topic="fix",
        base=r"(?:deploy|push|ship|apply|merge|roll out|release) (?:the |a |this )?(?:hot-?fix|fix|patch|workaround)",
        ing=r"(?:deploying|pushing|shipping|applying|merging|rolling out|releasing) (?:the |a |this )?(?:hot-?fix"
        r"|fix|patch|workaround)",
        done=r"(?:deployed|pushed|shipped|applied|merged|rolled out|released) (?:the |a |this )?(?:hot-?fix|fix"
        r"|patch|workaround)",
        noun=r"hot-?fix|patch|workaround",
        zh=r"热修复?|打补丁|上修复|发修复",
    ),
    ActionForms(
        topic="block",
        base=rf"(?:block|ban|throttle|rate-?limit){_REST}",
        ing=r"(?:blocking|banning|throttling|rate-?limiting)(?! (?:time|my|the calendar))",
        done=r"(?:blocked(?! on| by)|banned|throttled|rate-?limited)",
        noun=r"rate limit(?:ing)?",
        zh=r"限流|封禁|屏蔽|熔断|降级",
    ),
    ActionForms(
        topic="pause",
        base=rf"(?:pause|freeze|suspend|halt){_REST}",
        ing=rf"(?:pausing|freezing|suspending|halting){_REST}",
        done=rf"(?:paused|frozen|froze|suspended|halted){_REST}",
        noun=r"freeze",
        zh=r"封网|冻结发布|暂停发布|停止发布",
    ),
    ActionForms(
        topic="escalate",
        base=r"(?:escalate|page(?! (?:through|down|up))|open a (?:\w+ )?(?:case|ticket|sev-?\d)|call in|loop in"
        r"|bring in)",
        ing=r"(?:escalating|paging|opening a (?:\w+ )?(?:case|ticket|sev-?\d)|calling in|looping in|bringing in)",
        done=r"(?:escalated|paged(?! (?:through|down|up))|opened a (?:\w+ )?(?:case|ticket|sev-?\d)|called in"
        r"|looped in"
        r"|brought in)",
        zh=r"联系(?!方式)|上报|呼叫|通知",
    ),
    ActionForms(
        topic="status page",
        base=r"(?:update|post(?: to| on)?) (?:the |our )?status ?page",
        # Only the finished update is news, not that somebody is writing it.
        ing=r"(?!)",
        done=r"(?:updated|posted (?:to|on)) (?:the |our )?status ?page",
        zh=r"发公告|发布公告|更新了状态页",
    ),
    ActionForms(
        topic="maintenance",
        base=r"put up (?:a|the) maintenance page",
        ing=r"putting up (?:a|the) maintenance page",
        done=r"put up (?:a|the) maintenance page",
        zh=r"挂维护页|停机维护",
    ),
    ActionForms(
        topic="restore",
        base=rf"(?:restore|rebuild|failback|rotate|renew|repair){_REST}",
        ing=rf"(?:restoring|rebuilding|rotating|renewing|repairing){_REST}",
        done=rf"(?:restored|rebuilt|rotated|renewed|repaired){_REST}",
        noun=r"restore",
        zh=r"修复数据|恢复数据|重做索引|续期|续签|签发|换证",
    ),
    _changing(
        "fail over",
        "promote/promoting/promoted",
        "demote/demoting/demoted",
        "fail back/failing back/failed back",
        r"switch(?: \S+){0,4}? (?:back )?(?:over )?to/switching(?: \S+){0,4}? (?:back )?(?:over )?to"
        r"/switched(?: \S+){0,4}? (?:back )?(?:over )?to",
        zh="提升为|切[到回成换走主了]|选主",
    ),
    _changing(
        "move",
        "move/moving/moved",
        "migrate/migrating/migrated",
        "relocate/relocating/relocated",
        "transfer/transferring/transferred",
        "evacuate/evacuating/evacuated",
        "redirect/redirecting/redirected",
        "shed/shedding/shed",
        "repoint/repointing/repointed",
        "rebalance/rebalancing/rebalanced",
        zh="迁[到走移回往]|挪[到走]|转移到",
    ),
    _changing(
        "take out",
        r"(?:take|pull)(?: \S+){1,4} (?:out|off)(?: of)?/(?:taking|pulling)(?: \S+){1,4} (?:out|off)(?: of)?"
        r"/(?:took|taken|pulled)(?: \S+){0,4} (?:out|off)(?: of)?",
        r"put(?: \S+){1,4} back/putting(?: \S+){1,4} back/put(?: \S+){1,4} back",
        "detach/detaching/detached",
        "isolate/isolating/isolated",
        "taint/tainting/tainted",
        "unmount/unmounting/unmounted",
        zh="踢[出掉]|剔除|摘[了除掉流]|摘下",
    ),
    _changing(
        "change",
        "change/changing/changed",
        "set/setting/set",
        "modify/modifying/modified",
        "adjust/adjusting/adjusted",
        "tune/tuning/tuned",
        "resize/resizing/resized",
        "expand/expanding/expanded",
        "extend/extending/extended",
        "grow/growing/grown",
        "shrink/shrinking/shrunk",
        "lower/lowering/lowered",
        "reduce/reducing/reduced",
        "decrease/decreasing/decreased",
        "drop/dropping/dropped",
        "cap/capping/capped",
        "pin/pinning/pinned",
        "tweak/tweaking/tweaked",
        zh=r"调[到成大小高低整]|改[成到为](?!\s?(?:重启|重建|回滚|回退|扩容|缩容|切|限流|降级|熔断))|扩到|加到|降[到低]|减[到少]|缩到",
    ),
    ActionForms(
        topic="replace",
        base=rf"(?:patch|upgrade|downgrade|hot-?patch){_TO_A_NAME}",
        ing=rf"(?:patching|upgrading|downgrading|hot-?patching){_TO_A_NAME}",
        done=rf"(?:patched|upgraded|downgraded|hot-?patched){_TO_A_NAME}",
    ),
    _changing(
        "replace",
        "replace/replacing/replaced",
        "swap/swapping/swapped",
        "upgrade/upgrading/upgraded",
        "downgrade/downgrading/downgraded",
        "patch/patching/patched",
        "recycle/recycling/recycled",
        "reimage/reimaging/reimaged",
        "rebuild/rebuilding/rebuilt",
        zh="换[成了掉]|替换|升级到|升到|降级到|更新(?!状态页)",
    ),
    _changing(
        "run again",
        "re-?run/re-?running/re-?ran",
        "re-?try/re-?trying/re-?tried",
        "re-?play/re-?playing/re-?played",
        "re-?deploy/re-?deploying/re-?deployed",
        "re-?apply/re-?applying/re-?applied",
        "re-?sync/re-?syncing/re-?synced",
        "re-?index/re-?indexing/re-?indexed",
        "resume/resuming/resumed",
        zh="重跑|重新(?:跑|执行|部署|启用|调度|拉起|加载|打开)|reload|重放|拉起",
    ),
    _changing(
        "remove",
        "remove/removing/removed",
        "revoke/revoking/revoked",
        "uninstall/uninstalling/uninstalled",
        "stop/stopping/stopped",
        "terminate/terminating/terminated",
        "cancel/cancell?ing/cancell?ed",
        zh="删了|移除|去掉|清(?=了|$| )|再清|停了|暂停|终止",
    ),
    _changing(
        "apply",
        "apply/applying/applied",
        "merge/merging/merged",
        "(?:re-?)?install/(?:re-?)?installing/(?:re-?)?installed",
        r"(?:bring|spin)(?: \S+){0,3} (?:up|back)/(?:bringing|spinning)(?: \S+){0,3} (?:up|back)/(?:brought"
        r"|spun)(?: \S+){0,3} (?:up|back)",
        "attach/attaching/attached",
        "create/creating/created",
        "provision/provisioning/provisioned",
        "add/adding/added",
        "(?:white|allow)-?list/(?:white|allow)-?listing/(?:white|allow)-?listed",
        zh="合并|合入|合了|加白|加(?=索引|节点|机器|副本|内存|限制)",
    ),
    _changing(
        "unblock",
        "unblock/unblocking/unblocked",
        "unstick/unsticking/unstuck",
        "unfreeze/unfreezing/unfrozen",
        "reset/resetting/reset",
        "reload/reloading/reloaded",
        "clear/clearing/cleared",
        r"turn(?: \S+){0,4} back on/turning(?: \S+){0,4} back on/turned(?: \S+){0,4} back on",
        zh="解封|放开|打开",
    ),
)

# Words after a noun that turn it into something else: a rollback plan, the restart count.
NOT_THE_ACTION: Final = (
    r"(?! (?:plan|button|script|policy|procedure|runbook|count|loop|window|command|docs?|step"
    r"|strategy|option|takes?|would|isn't|might)s?\b)"
)
NOT_THE_ACTION_ZH: Final = r"(?!脚本|方案|计划|按钮|次数|流程|时间|记录|策略|预案|权限|命令|文档|多久|要多)"

# The number of characters within which the system part must be named.
_SOON: Final = 81
_OBJECTS: Final = either(WHAT_RUNS, words(r"\b(?:rotation|to v?\d+\.\d)"))


def _to_what_runs(text: str, end: int) -> bool:
    return text[end : end + 1] in (" ", ",") and any(end < start <= end + _SOON for start, *_ in _OBJECTS(text))


_FORMS: Final[tuple[Callable[[ActionForms], str], ...]] = (
    lambda action: action.base,
    lambda action: action.ing,
    lambda action: action.done,
    lambda action: action.noun,
)


def _by_topic(form: Callable[[ActionForms], str], *, changing: bool) -> WordFinder:
    """Return a finder for one form of all actions: of those with everyday uses, or of the others."""
    said: dict[str, list[str]] = {}
    for each in ACTIONS:
        if form(each) and bool(each.passive) is changing:
            said.setdefault(each.topic, []).append(form(each))
    kinds = "|".join(f"(?P<{topic.replace(' ', '_')}>{'|'.join(said[topic])})" for topic in sorted(said))
    return words(rf"\b(?:{kinds or '(?!)'})(?!\w)", _to_what_runs if changing else None)


_SAID: Final = tuple(tuple(_by_topic(form, changing=changing) for changing in (False, True)) for form in _FORMS)
BASES, INGS, DONES, NOUNS = (either(*both) for both in _SAID)
_TOPICS_EN: Final = either(*(one for both in _SAID for one in both))
_TOPICS_ZH: Final = tuple((each.topic, re.compile(each.zh)) for each in ACTIONS if each.zh)


# Participles that need no object behind them: "token rotated", "queue is purged".
_PARTICIPLES: Final = (
    *(
        (topic, re.compile(rf"\b(?:{forms})\b"))
        for topic, forms in (
            ("restore", "restored|rebuilt|rotated|renewed|repaired"),
            ("delete", "deleted|killed|purged|flushed|evicted|cleared"),
            ("pause", "paused|frozen|suspended|halted"),
            ("scale", "scaled|bumped|doubled|increased|raised"),
        )
    ),
    *((each.topic, re.compile(rf"\b(?:{each.passive})(?=$|[ ,.;])")) for each in ACTIONS if each.passive),
)
# "lu reverts it", "bo switches it off".
_THIRD_PERSON: Final = re.compile(r"(?:(?<=ch)es|(?<=sh)es|(?<=ss)es|(?<=[a-z]{3})s)\b")


def topic_in(plain: str) -> str:
    """Return the first action that a sentence names in any person, or ""."""
    return _topic_in(plain) or _topic_in(_THIRD_PERSON.sub("", plain)) or _topic_of_participle(plain)


def _topic_of_participle(plain: str) -> str:
    """Return the action of a participle behind its object: "token rotated"."""
    return next((topic for topic, pattern in _PARTICIPLES if pattern.search(plain)), "")


def _topic_in(plain: str) -> str:
    found = [(start, name.replace("_", " ")) for start, _, name in _TOPICS_EN(plain)]
    found += [(hit.start(), topic) for topic, pattern in _TOPICS_ZH if (hit := pattern.search(plain))]
    return min(found)[1] if found else ""
