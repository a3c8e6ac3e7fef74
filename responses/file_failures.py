"""Why a file that was handed in could not be read, and what to do instead. Its name may be empty."""

from __future__ import annotations

from intents.domain import Text


def too_large(name: str, *, size: int, limit: int) -> Text:
    """In bytes; a `size` that is not known is 0."""
    has = Text(en=f" has {_size(size)}," if size > limit else "", zh=f"大小为 {_size(size)}，" if size > limit else "")
    return Text(
        en=f"the file {_called(name)}{has.en} is too large: I read up to {_size(limit)}; "
        "paste the part around the first error",
        zh=f"文件 {_called(name)} {has.zh}过大：我最多读取 {_size(limit)}；请粘贴首个错误前后的部分",
    )


def not_text(name: str) -> Text:
    return Text(
        en=f"the file {_called(name)} is not text, so I cannot read it: paste the error as text",
        zh=f"文件 {_called(name)} 不是文本，我无法读取：请以文本形式粘贴错误信息",
    )


def empty(name: str) -> Text:
    return Text(en=f"the file {_called(name)} is empty", zh=f"文件 {_called(name)} 是空的")


def deleted(name: str) -> Text:
    return Text(
        en=f"Slack does not let me have the file {_called(name)}: it was deleted, or is not kept in this workspace",
        zh=f"Slack 未提供文件 {_called(name)}：它已被删除，或不在此工作区中",
    )


def kept_elsewhere(name: str) -> Text:
    return Text(
        en=f"the file {_called(name)} is not kept by Slack, so I did not fetch it: paste its text",
        zh=f"文件 {_called(name)} 不由 Slack 保存，我没有读取它：请粘贴其文本",
    )


def scope_missing(name: str) -> Text:
    return Text(
        en=f"I may not read the file {_called(name)}: my Slack app lacks the scope files:read; "
        "an administrator has to add it and install the app again",
        zh=f"我无权读取文件 {_called(name)}：我的 Slack 应用缺少权限范围 files:read，需由管理员添加并重新安装应用",
    )


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB" if count >= 1 << 20 else f"{count / 1024:.0f} KiB"


def _called(name: str) -> str:
    return name or "?"
