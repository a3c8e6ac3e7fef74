"""Word the lines of a post about alerts: how many fire, which, since when, or that all are resolved."""

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
