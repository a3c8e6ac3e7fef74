"""Say why a submitted file could not be read, and what to do instead. Its name may be empty."""

from __future__ import annotations

from intents.domain import Text


def too_large(name: str, *, size: int, limit: int) -> Text:
    """Say that the file is larger than what is read. Sizes are bytes; an unknown `size` is 0."""
    has = Text(en=f" has {_size(size)}," if size > limit else "", zh=f"大小为 {_size(size)}，" if size > limit else "")
    return Text(
        en=f"the file {_called(name)}{has.en} is too large: Casebook reads up to {_size(limit)}. "
        "Paste the part around the first error",
        zh=f"文件 {_called(name)} {has.zh}过大：Casebook 最多读取 {_size(limit)}。请粘贴首个错误前后的部分",
    )


def not_text(name: str) -> Text:
    """Say that the file is binary."""
    return Text(
        en=f"the file {_called(name)} is not text. Paste the error as text",
        zh=f"文件 {_called(name)} 不是文本，无法读取。请以文本形式粘贴错误信息",
    )


def empty(name: str) -> Text:
    """Say that the file is empty."""
    return Text(en=f"the file {_called(name)} is empty", zh=f"文件 {_called(name)} 是空的")


def deleted(name: str) -> Text:
    """Say that Slack no longer has the file, or never had it in this workspace."""
    return Text(
        en=f"Slack did not provide the file {_called(name)}: it was deleted, or belongs to another workspace. "
        "Paste its text",
        zh=f"Slack 未提供文件 {_called(name)}：它已被删除，或属于其他工作区。请粘贴其文本",
    )


def kept_elsewhere(name: str) -> Text:
    """Say that the file is stored outside of Slack."""
    return Text(
        en=f"the file {_called(name)} is not stored in Slack, so Casebook did not download it. Paste its text",
        zh=f"文件 {_called(name)} 不在 Slack 中存储，Casebook 没有下载它。请粘贴其文本",
    )


def scope_missing(name: str) -> Text:
    """Say that the app lacks the scope to read files."""
    return Text(
        en=f"Casebook may not read the file {_called(name)}: its Slack app lacks the scope files:read. "
        "Ask an administrator to add the scope and to reinstall the app",
        zh=f"Casebook 无权读取文件 {_called(name)}：其 Slack 应用缺少权限范围 files:read。"
        "请管理员添加该权限范围并重新安装应用",
    )


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB" if count >= 1 << 20 else f"{count / 1024:.0f} KiB"


def _called(name: str) -> str:
    return name or "?"
