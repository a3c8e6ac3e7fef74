"""Start a container with other flags: each is changed where it stands, in args or command, or added.

Lists of strings are replaced as a whole by a patch, so the whole list is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.flags import OFF, ON
from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.containers import Container, ContainerChange, ContainerPatching, is_given
from bot.remedies.shared.flag_edits import Ambiguous, Edit, Start, has_flag, is_flag, start_of, with_value, with_word
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, Text


class SetArgs(ContainerPatching):
    name: ClassVar[str] = "set-args"

    async def change(
        self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container
    ) -> ContainerChange | Refusal:
        before = start_of(container.manifest)
        if refusal := _not_ours(plan, container, before):
            return refusal
        edits = _edited(plan.args, before)
        if isinstance(edits, Refusal):
            return edits
        made = [each for each in edits if each.start is not None]
        if not made:
            return unsafe(
                f"{container.name} of {plan.target} is started with {', '.join(map(_shown, edits))} already",
                f"{plan.target} 的 {container.name} 已使用 {'、'.join(map(_shown, edits))} 启动",
            )
        after = made[-1].start or before
        fields = {
            key: list(then)
            for key, now, then in (("command", before.command, after.command), ("args", before.args, after.args))
            if now != then
        }
        shown = ", ".join(map(_shown, made))
        return ContainerChange(
            fields=fields,
            says=Text(
                en=f"{plan.target} was told to start {container.name} with {shown}",
                zh=f"已让 {plan.target} 以 {shown} 启动 {container.name}",
            ),
            effects=tuple(_effect(container, each) for each in made),
            warnings=_unknown([each for each in made if not each.before]),
        )


def _not_ours(plan: Plan, container: Container, start: Start) -> Refusal | None:
    """Why the flags of this container cannot be changed here."""
    me = f"container {container.name} of {plan.target}"
    me_zh = f"{plan.target} 的容器 {container.name}"
    if start.by_image:
        return unsafe(
            f"{me} is started as its image says, and args written here would replace that: change its manifest by hand",
            f"{me_zh} 按镜像自身的设置启动，在此写入 args 会取代它：请手动修改清单",
        )
    if start.by_shell:
        return unsafe(
            f"{me} is started through a shell, which reads its flags from a line: change that line by hand",
            f"{me_zh} 通过 shell 启动，参数写在脚本行中：请手动修改该行",
        )
    given = plan.args.get("only_if_flag") or ()
    needed = [given] if isinstance(given, str) else [str(each) for each in given]
    if needed and not any(has_flag(start, flag) for flag in needed):
        flags = needed[0] if len(needed) == 1 else f"any of {', '.join(needed)}"
        return unsafe(
            f"{me} is started without {flags}: whether its program knows such flags is not known, "
            "and one that does not would not start",
            f"{me_zh} 未使用 {'、'.join(needed)} 启动：无法得知其程序是否认识这类参数，不认识则无法启动",
        )
    return None


def _edited(args: Mapping[str, Any], start: Start) -> list[Edit] | Refusal:
    """Every flag that is to be so, one after the other."""
    setting, adding = args.get("set") or {}, args.get("add") or []
    if not isinstance(setting, Mapping) or not isinstance(adding, list):
        return unsafe("set is no map of flags or add no list of them", "set 应为参数映射，add 应为参数列表")
    edits: list[Edit] = []
    try:
        for flag, given in setting.items():
            value = _value(given)
            if not is_given(value):
                continue
            if refusal := _no_flag(str(flag), value):
                return refusal
            edits.append(with_value(start, str(flag), value))
            start = edits[-1].start or start
        for word in map(str, adding):
            flag, equals, value = word.partition("=")
            if refusal := _no_flag(flag, value):
                return refusal
            edits.append(with_word(start, word) if equals else with_value(start, flag, ON, bare=True))
            start = edits[-1].start or start
    except Ambiguous as error:
        return unsafe(
            f"{error} is given more than once: which one is meant is not known, change it by hand",
            f"{error} 出现了多次：无法确定是哪一个，请手动修改",
        )
    return edits or unsafe("no flag was given", "未填写任何参数")


def _value(given: Any) -> str:
    """A value as a command line has it; what YAML reads as a truth value is written as Go reads it."""
    if isinstance(given, bool):
        return ON if given else OFF
    return "" if given is None else str(given).strip()


def _no_flag(flag: str, value: str) -> Refusal | None:
    if not is_flag(flag):
        return unsafe(f"{flag[:60]!r} is no flag: expected --name", f"{flag[:60]!r} 不是参数：应为 --name")
    if not value.isprintable():
        return unsafe(f"the value of {flag} has more than one line", f"{flag} 的值不止一行")
    return None


def _shown(edit: Edit) -> str:
    return f"{edit.flag}={edit.after}" if edit.after != ON else edit.flag


def _effect(container: Container, edit: Edit) -> Text:
    if not edit.before:
        return Text(en=f"{container.name}: {_shown(edit)} is added", zh=f"{container.name}：新增 {_shown(edit)}")
    return Text(
        en=f"{container.name}: {edit.flag} {edit.before} → {edit.after}",
        zh=f"{container.name}：{edit.flag} {edit.before} → {edit.after}",
    )


def _unknown(added: list[Edit]) -> tuple[Text, ...]:
    if not added:
        return ()
    flags = ", ".join(each.flag for each in added)
    return (
        Text(
            en=f"A program that does not know {flags} does not start: nothing here can tell",
            zh=f"如果程序不认识 {flags} 将无法启动：此处无法检查",
        ),
    )


ACTION: Final = SetArgs()
