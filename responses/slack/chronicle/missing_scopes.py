"""Build the message that says which features of incident channels need Slack scopes that the app lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from intents.domain import Language, Text
from responses import words
from responses.slack import blocks
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback

# Most important first; incident channels need no other scopes.
_WITHOUT: Final[Mapping[str, Text]] = {
    "channels:history": Text(
        en="messages in public channels cannot be read, neither new nor earlier ones",
        zh="无法读取公开频道中的消息（包括此前的消息）",
    ),
    "groups:history": Text(
        en="messages in private channels cannot be read, neither new nor earlier ones",
        zh="无法读取私有频道中的消息（包括此前的消息）",
    ),
    "pins:write": Text(
        en="the summary is not pinned; pin it by hand, it is updated all the same",
        zh="摘要无法置顶：请手动置顶，内容仍会更新",
    ),
    "files:write": Text(en="postmortem drafts and exports cannot be attached", zh="无法附上复盘报告草稿和导出文件"),
    "reactions:read": Text(
        en="a 📌 reaction does not add a message to the timeline; use “Add to timeline” in its menu",
        zh="对消息添加 📌 不会加入时间线：请使用消息菜单中的“Add to timeline”",
    ),
    "canvases:write": Text(en="the summary is not written to a canvas", zh="摘要不会写入画布"),
    "channels:join": Text(
        en="Casebook does not join new incident channels by itself; /invite it there",
        zh="Casebook 不会自动加入新的故障频道，需要用 /invite 邀请",
    ),
}
NEEDED_SCOPES: Final = frozenset(_WITHOUT)
_TITLE: Final = Text(
    en="The Slack app of Casebook lacks permissions, so these features do not work here:",
    zh="Casebook 的 Slack 应用缺少以下权限，因此部分功能在此不可用：",
)
_HOW: Final = Text(
    en="An administrator can add them at api.slack.com/apps → the app → OAuth & Permissions → Bot Token Scopes. They "
    "take effect after the app is reinstalled.",
    zh="管理员可在 api.slack.com/apps → 该应用 → OAuth & Permissions → Bot Token Scopes 中添加，"
    "并重新安装应用，之后即生效。",
)


def missing_scopes_message(scopes: Collection[str], *, language: Language) -> Message:
    """Return what does not work without each of these scopes; scopes outside `NEEDED_SCOPES` are ignored."""
    colon = words.COLON.in_(language)
    missing = [(scope, says.in_(language)) for scope, says in _WITHOUT.items() if scope in scopes]
    title = _TITLE.in_(language)
    elements = (
        blocks.line(blocks.text(f"🔐 {title}")),
        blocks.bullets([blocks.code(scope), blocks.text(f"{colon}{says}")] for scope, says in missing),
        blocks.line(blocks.text(_HOW.in_(language), italic=True)),
    )
    return Message(text=fallback(title, *(scope for scope, _ in missing)), blocks=(blocks.rich(*elements),))
