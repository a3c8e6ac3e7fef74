"""Change the flags of a container: each is changed in place, in args or command, or added.

A patch replaces a list of strings as a whole, so the whole list is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.containers import OFF, ON
from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.containers import Container, is_given
from bot.remedies.shared.flag_edits import (
    AmbiguousFlag,
    Edit,
    Start,
    has_flag,
    is_flag,
    start_of,
    with_value,
    with_word,
)
from bot.remedies.shared.kinds import WORKLOADS, permissions_to
from bot.remedies.shared.refusal import unsafe
from bot.remedies.shared.template_action import ContainerAction, ContainerChange
from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType
from intents.catalog.schema import Risk
from intents.domain import Json, Text
from responses.words import ActionWords


class SetArgs(ContainerAction):
    """Writes command and args of a container."""

    declaration = ActionDeclaration(
        name="set-args",
        kinds=WORKLOADS,
        args={
            "container": Argument(says="its name", required=True),
            "set": Argument(says="flag → value; an existing flag is changed", type=ArgumentType.MAPPING),
            "add": Argument(says="flags to add beside others of their name", type=ArgumentType.LIST),
            "only_if_flag": Argument(
                says="one flag or several; without any of them nothing is changed, since the program may not know the "
                "flags that are set",
                type=ArgumentType.TEXT_OR_LIST,
            ),
        },
        least_risk=Risk.DISRUPTIVE,
        only_configures=True,
    )
    words = ActionWords(
        verb=Text(en="Change flags", zh="修改启动参数"),
        does=Text(
            en="Changes the flags of a container of this workload and replaces its pods.",
            zh="修改此工作负载中容器的启动参数，并替换其 Pod。",
        ),
    )
    writes = permissions_to("patch", WORKLOADS)

    async def change(
        self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container
    ) -> ContainerChange | Refusal:
        before = start_of(container.manifest)
        if refusal := _not_editable(plan, container, before):
            return refusal
        edits = _edited(plan.args, before)
        if isinstance(edits, Refusal):
            return edits
        made = [each for each in edits if each.start is not None]
        if not made:
            return unsafe(
                f"{container.name} of {plan.target} already has {', '.join(map(_shown, edits))}",
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
                en=f"{container.name} of {plan.target} was set to start with {shown}",
                zh=f"已将 {plan.target} 中 {container.name} 的启动参数设为 {shown}",
            ),
            effects=tuple(_effect(container, each) for each in made),
            warnings=_may_be_unknown([each for each in made if not each.before]),
        )


def _not_editable(plan: Plan, container: Container, start: Start) -> Refusal | None:
    """Say why the flags of this container cannot be changed here."""
    me = f"container {container.name} of {plan.target}"
    me_zh = f"{plan.target} 的容器 {container.name}"
    if start.by_image:
        return unsafe(
            f"{me} takes its command from the image, which args written here replace; change its manifest by hand",
            f"{me_zh} 使用镜像自带的启动命令，在此写入 args 会取代它；请手动修改清单",
        )
    if start.by_shell:
        return unsafe(
            f"{me} is started through a shell, which parses the flags from a line; change that line by hand",
            f"{me_zh} 通过 shell 启动，参数写在脚本行中；请手动修改该行",
        )
    given = plan.args.get("only_if_flag") or ()
    needed = [given] if isinstance(given, str) else [str(each) for each in given]
    if needed and not any(has_flag(start, flag) for flag in needed):
        flags = needed[0] if len(needed) == 1 else f"any of {', '.join(needed)}"
        return unsafe(
            f"{me} is started without {flags}: its program may not know these flags, and would then not start",
            f"{me_zh} 未使用 {'、'.join(needed)} 启动：无法得知其程序是否认识这类参数，不认识则无法启动",
        )
    return None


def _edited(args: Mapping[str, Any], start: Start) -> list[Edit] | Refusal:
    """Return the edits of all given flags, each on the result of the one before."""
    setting, adding = args.get("set") or {}, args.get("add") or []
    if not isinstance(setting, Mapping) or not isinstance(adding, list):
        return unsafe(
            "set must map flags to values, and add must be a list of flags", "set 应为参数映射，add 应为参数列表"
        )
    edits: list[Edit] = []
    try:
        for flag, given in setting.items():
            value = _value(given)
            if not is_given(value):
                continue
            if refusal := _invalid(str(flag), value):
                return refusal
            edits.append(with_value(start, str(flag), value))
            start = edits[-1].start or start
        for word in map(str, adding):
            flag, equals, value = word.partition("=")
            if refusal := _invalid(flag, value):
                return refusal
            edits.append(with_word(start, word) if equals else with_value(start, flag, ON, bare=True))
            start = edits[-1].start or start
    except AmbiguousFlag as error:
        return unsafe(
            f"{error} is given more than once, and only the program knows which one counts; change it by hand",
            f"{error} 出现了多次，无法确定以哪一个为准；请手动修改",
        )
    return edits or unsafe("no flag was given", "未填写任何参数")


def _value(given: Any) -> str:
    """Return a value as on a command line; a YAML truth value is written as Go reads it."""
    if isinstance(given, bool):
        return ON if given else OFF
    return "" if given is None else str(given).strip()


def _invalid(flag: str, value: str) -> Refusal | None:
    if not is_flag(flag):
        return unsafe(f"{flag[:60]!r} is not a flag; expected --name", f"{flag[:60]!r} 不是参数；应为 --name")
    if not value.isprintable():
        return unsafe(f"the value of {flag} must be one line of printable text", f"{flag} 的值应为一行可打印文本")
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


def _may_be_unknown(added: list[Edit]) -> tuple[Text, ...]:
    if not added:
        return ()
    flags = ", ".join(each.flag for each in added)
    return (
        Text(
            en=f"If the program does not know {flags}, it does not start; Casebook cannot check this",
            zh=f"如果程序不支持 {flags}，将无法启动；Casebook 无法检查",
        ),
    )


ACTION: Final = SetArgs()
