"""What an incident channel goes without because the app lacks permissions in Slack, and how they are added."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from intents.domain import Language, Text
from responses import words
from responses.slack import blocks
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback

# In the order in which it matters; other scopes are no matter of incident channels.
_WITHOUT: Final[Mapping[str, Text]] = {
    "channels:history": Text(
        en="I hear nothing of what is said in public channels, neither now nor before I came",
        zh="公开频道中的发言（包括此前的发言）我都读不到",
    ),
    "groups:history": Text(
        en="I hear nothing of what is said in private channels, neither now nor before I came",
        zh="私有频道中的发言（包括此前的发言）我都读不到",
    ),
    "pins:write": Text(
        en="the summary is not pinned: pin it by hand, it is kept up to date all the same",
        zh="摘要无法置顶：请手动置顶，内容仍会更新",
    ),
    "files:write": Text(
        en="no draft of a postmortem and no export can be attached", zh="无法附上复盘报告草稿和导出文件"
    ),
    "reactions:read": Text(
        en="📌 on a message does not put it on the timeline: use “Add to timeline” in its menu",
        zh="对消息添加 📌 不会加入时间线：请使用消息菜单中的“Add to timeline”",
    ),
    "canvases:write": Text(en="there is no canvas with the summary", zh="没有包含摘要的画布"),
    "channels:join": Text(
        en="I do not come to new incident channels by myself: /invite me there", zh="新的故障频道需要用 /invite 邀请我"
    ),
}
NEEDED_SCOPES: Final = frozenset(_WITHOUT)
_TITLE: Final = Text(
    en="My Slack app lacks permissions, so some of this does not work here:",
    zh="我的 Slack 应用缺少以下权限，因此部分功能在此不可用：",
)
_HOW: Final = Text(
    en="An administrator adds them at api.slack.com/apps → the app → OAuth & Permissions → Bot Token Scopes, and "
    "installs the app again. It counts from then on.",
    zh="管理员可在 api.slack.com/apps → 该应用 → OAuth & Permissions → Bot Token Scopes 中添加，"
    "并重新安装应用，之后即生效。",
)


def missing_scopes_message(scopes: Collection[str], *, language: Language) -> Message:
    """What does not work without each of these scopes, of those that are `NEEDED`."""
    colon = words.COLON.in_(language)
    missing = [(scope, says.in_(language)) for scope, says in _WITHOUT.items() if scope in scopes]
    title = _TITLE.in_(language)
    elements = (
        blocks.line(blocks.text(f"🔐 {title}")),
        blocks.bullets([blocks.code(scope), blocks.text(f"{colon}{says}")] for scope, says in missing),
        blocks.line(blocks.text(_HOW.in_(language), italic=True)),
    )
    return Message(text=fallback(title, *(scope for scope, _ in missing)), blocks=(blocks.rich(*elements),))
