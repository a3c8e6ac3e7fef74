"""Word posts about alerts: how many fire, which, since when, that all are resolved; silences and why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from intents.domain import Language, Text
from responses.shown import shown_line

_NAMES: Final = 5
_NAME: Final = 80
_FIRING: Final = Text(en="🔔 {} alerts firing", zh="🔔 {} 条告警触发中")
_FIRING_ONE: Final = Text(en="🔔 1 alert firing", zh="🔔 1 条告警触发中")
_RESOLVED: Final = Text(en="✅ Resolved", zh="✅ 已恢复")
_AFTER: Final = Text(en=" after {}", zh="，历时 {}")
_HOURS: Final = Text(en="{} h {} min", zh="{} 小时 {} 分钟")
_MINUTES: Final = Text(en="{} min", zh="{} 分钟")
_SINCE: Final = Text(en="since {} UTC", zh="自 {} UTC 起")
_MORE: Final = Text(en="and {} more", zh="等另外 {} 种")
DONE: Final = Text(en="Done: {} on {}, by ", zh="已执行：{}，对象 {}，操作人：")
OPEN: Final = Text(en="Open in Alertmanager", zh="在 Alertmanager 中打开")
TEXT_ONLY: Final = Text(en="No cluster was read: {}", zh="未读取集群：{}")
NO_OBJECT: Final = Text(en="the labels name no object", zh="标签中没有对象")
NO_CLUSTER: Final = Text(en="the alert names no known cluster", zh="告警未指明已知集群")


def firing_line(names: Mapping[str, int], since: datetime | None, language: Language) -> str:
    """Return how many alerts fire, their names, and since when."""
    count = sum(names.values())
    says = (_FIRING_ONE if count == 1 else _FIRING).in_(language).format(count)
    began = _SINCE.in_(language).format(f"{since:%Y-%m-%d %H:%M}") if since else ""
    return " · ".join(filter(None, (says, _names(names, language), began)))


def resolved_line(names: Mapping[str, int], lasted: timedelta | None, language: Language) -> str:
    """Return that all alerts are resolved, after how long."""
    after = _AFTER.in_(language).format(_duration(lasted, language)) if lasted is not None else ""
    says = f"{_RESOLVED.in_(language)}{after}"
    return " · ".join(filter(None, (says, _names(names, language))))


def over_after(lasted: timedelta) -> Text:
    """Return that the alert above is over, and how long after its post."""
    return Text(
        en=f"✅ The alert is over, {_duration(lasted, Language.EN)} after its post",
        zh=f"✅ 告警已恢复，距发布 {_duration(lasted, Language.ZH)}",
    )


def _names(names: Mapping[str, int], language: Language) -> str:
    shown = [
        f"{shown_line(name, limit=_NAME)}{f' ×{count}' if count > 1 else ''}"
        for name, count in list(names.items())[:_NAMES]
        if name
    ]
    if len(names) > _NAMES:
        shown.append(_MORE.in_(language).format(len(names) - _NAMES))
    return ", ".join(shown)


def _duration(lasted: timedelta, language: Language) -> str:
    minutes = max(0, int(lasted.total_seconds())) // 60
    hours, minutes = divmod(minutes, 60)
    return _HOURS.in_(language).format(hours, minutes) if hours else _MINUTES.in_(language).format(minutes)


SILENCE: Final = Text(en="Silence", zh="静默")
END: Final = Text(en="End the silence", zh="解除静默")
TITLE: Final = Text(en="Silence these alerts", zh="静默这些告警")
COVERS: Final = Text(
    en="Alertmanager sends nothing about alerts with these labels, new ones included:",
    zh="对带有以下标签的告警（包括新出现的），Alertmanager 不再发送通知：",
)
FOR: Final = Text(en="For", zh="时长")
MINUTES: Final = Text(en="{} minutes", zh="{} 分钟")
HOURS: Final = Text(en="{} hours", zh="{} 小时")
WHY: Final = Text(en="Why", zh="原因")
WHY_HINT: Final = Text(
    en="Others read it in Alertmanager and in the post.", zh="其他人会在 Alertmanager 和此消息中看到。"
)
WHAT_HAPPENS: Final = Text(
    en="The post does not change while the silence lasts: it shows alerts as Alertmanager last reported them.",
    zh="静默期间此消息不会更新，显示的是 Alertmanager 最后一次报告的告警。",
)
# {0} is the time; the person follows.
STANDS: Final = Text(en="🔕 Silenced until {} UTC: “{}”, by ", zh="🔕 已静默至 {} UTC：“{}”，操作人：")
WAS: Final = Text(en="Silenced until {} UTC: “{}”, by ", zh="曾静默至 {} UTC：“{}”，操作人：")
ENDED: Final = Text(en="The silence was ended by ", zh="静默已解除，操作人：")
TOO_WIDE: Final = Text(
    en="these alerts share too few labels: a silence would cover others too. Silence them in Alertmanager",
    zh="这些告警的共同标签太少，静默会波及其他告警；请在 Alertmanager 中操作",
)
OTHER_ALERTS: Final = Text(
    en="the alerts of the post changed while the dialog was open: open it again",
    zh="对话框打开期间告警已变化，请重新打开",
)
ALREADY: Final = Text(en="these alerts are silenced already", zh="这些告警已被静默")
NONE_FIRES: Final = Text(en="these alerts are resolved", zh="这些告警已恢复")
NOT_SILENCED: Final = Text(en="there is no silence to end", zh="没有可解除的静默")
NEEDS_APPROVAL: Final = Text(
    en="{} of the policy asks for a second person, which a silence cannot have: silence them in Alertmanager",
    zh="策略的 {} 要求第二人批准，静默不支持；请在 Alertmanager 中操作",
)
NOT_CONFIGURED: Final = Text(
    en="CASEBOOK_ALERTMANAGER_URL is not set any more", zh="CASEBOOK_ALERTMANAGER_URL 已不再设置"
)
FAILED: Final = Text(
    en="Alertmanager did not do it: {}. Nothing is recorded as silenced; look there before you try again",
    zh="Alertmanager 未执行：{}。未记录任何静默；再次尝试前请先在其中确认",
)
END_FAILED: Final = Text(en="Alertmanager did not end the silence: {}", zh="Alertmanager 未能解除静默：{}")
CHOOSE: Final = Text(en="Choose how long.", zh="请选择时长。")
TYPE_WHY: Final = Text(en="Type why.", zh="请填写原因。")
