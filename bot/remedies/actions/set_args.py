"""Change the flags of a container: each is changed in place, in args or command, or added.

A patch replaces a list of strings as a whole, so the whole list is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.containers import OFF, ON
from bot.kube.field_paths import printed
from bot.remedies.action import WORKLOADS
from bot.remedies.contract import Plan, one_text
from bot.remedies.shared.patch_action import Container, ContainerAction, Patch, is_given
from bot.remedies.shared.refusal import unsafe
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

    async def change(self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container) -> Patch:
        command, args = (tuple(map(str, container.manifest.get(key) or ())) for key in ("command", "args"))
        before = Start(command=command, args=args)
        _check_editable(plan, container, before)
        edits = _edited(plan.args, before)
        made = [each for each in edits if each.start is not None]
        if not made:
            raise unsafe(
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
        return Patch(
            body=fields,
            says=Text(
                en=f"{container.name} of {plan.target} was set to start with {shown}",
                zh=f"已将 {plan.target} 中 {container.name} 的启动参数设为 {shown}",
            ),
            effects=tuple(_effect(container, each) for each in made),
            warnings=_may_be_unknown(", ".join(each.flag for each in made if not each.before)),
        )


def _check_editable(plan: Plan, container: Container, start: Start) -> None:
    """Refuse a container whose flags cannot be changed here."""
    me = f"container {container.name} of {plan.target}"
    me_zh = f"{plan.target} 的容器 {container.name}"
    if not start.words:
        raise unsafe(
            f"{me} takes its command from the image, which args written here replace; change its manifest by hand",
            f"{me_zh} 使用镜像自带的启动命令，在此写入 args 会取代它；请手动修改清单",
        )
    if start.by_shell:
        raise unsafe(
            f"{me} is started through a shell, which parses the flags from a line; change that line by hand",
            f"{me_zh} 通过 shell 启动，参数写在脚本行中；请手动修改该行",
        )
    given = plan.args.get("only_if_flag") or ()
    needed = [given] if isinstance(given, str) else [str(each) for each in given]
    if needed and not any(_places(start.words, _name(flag)) for flag in needed):
        flags = needed[0] if len(needed) == 1 else f"any of {', '.join(needed)}"
        raise unsafe(
            f"{me} is started without {flags}: its program may not know these flags, and would then not start",
            f"{me_zh} 未使用 {'、'.join(needed)} 启动：无法得知其程序是否认识这类参数，不认识则无法启动",
        )


def _edited(args: Mapping[str, Any], start: Start) -> list[Edit]:
    """Return the edits of all given flags, each on the result of the one before."""
    setting, adding = args.get("set") or {}, args.get("add") or []
    if not isinstance(setting, Mapping) or not isinstance(adding, list):
        raise unsafe(
            "set must map flags to values, and add must be a list of flags", "set 应为参数映射，add 应为参数列表"
        )
    edits: list[Edit] = []
    for flag, given in setting.items():
        # A YAML truth value is written as Go reads it.
        value = printed(given).strip()
        if not is_given(value):
            continue
        _check_flag(str(flag), value)
        edits.append(with_value(start, str(flag), value))
        start = edits[-1].start or start
    for word in map(str, adding):
        flag, equals, value = word.partition("=")
        _check_flag(flag, value)
        edits.append(with_word(start, word) if equals else with_value(start, flag, ON, bare=True))
        start = edits[-1].start or start
    if not edits:
        raise unsafe("no flag was given", "未填写任何参数")
    return edits


def _check_flag(flag: str, value: str) -> None:
    if not _FLAG.fullmatch(flag):
        raise unsafe(f"{flag[:60]!r} is not a flag; expected --name", f"{flag[:60]!r} 不是参数；应为 --name")
    if not value.isprintable():
        raise unsafe(f"the value of {flag} must be one line of printable text", f"{flag} 的值应为一行可打印文本")


def _shown(edit: Edit) -> str:
    return f"{edit.flag}={edit.after}" if edit.after != ON else edit.flag


def _effect(container: Container, edit: Edit) -> Text:
    if not edit.before:
        return Text(en=f"{container.name}: {_shown(edit)} is added", zh=f"{container.name}：新增 {_shown(edit)}")
    return Text(
        en=f"{container.name}: {edit.flag} {edit.before} → {edit.after}",
        zh=f"{container.name}：{edit.flag} {edit.before} → {edit.after}",
    )


def _may_be_unknown(flags: str) -> tuple[Text, ...]:
    if not flags:
        return ()
    return one_text(
        f"If the program does not know {flags}, it does not start; Casebook cannot check this",
        f"如果程序不支持 {flags}，将无法启动；Casebook 无法检查",
    )


_FLAG: Final = re.compile(r"--?[A-Za-z][A-Za-z0-9._-]*")
_SHELL: Final = re.compile(r"(?:.*/)?(?:sh|bash|ash|dash|busybox)")
_SHELL_LINE: Final = re.compile(r"-[a-z]*c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The start command of a container."""

    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.command, *self.args)

    @property
    def by_shell(self) -> bool:
        """Tell whether a shell parses the flags from a line (`sh -c "exec /app --flag"`)."""
        pairs = zip(self.words, self.words[1:], strict=False)
        return any(_SHELL.fullmatch(one) and _SHELL_LINE.fullmatch(other) for one, other in pairs)

    def replaced(self, at: int, word: str) -> Start:
        """Return it with another word at a place."""
        words = [*self.words]
        words[at] = word
        return Start(command=tuple(words[: len(self.command)]), args=tuple(words[len(self.command) :]))

    def added(self, word: str) -> Start:
        """Return it with one more flag: in args, or in command if the flags are there and args is empty."""
        if self.args or not any(map(_name, self.command)):
            return Start(command=self.command, args=_with(self.args, word))
        return Start(command=_with(self.command, word), args=self.args)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A flag before ("" if it was not given) and after the edit; `start` is None if nothing changes."""

    flag: str
    before: str
    after: str
    start: Start | None


def with_value(start: Start, flag: str, value: str, *, bare: bool = False) -> Edit:
    """Set a flag to a value; `bare`: an added flag is written as a switch. Raises Refused."""
    words = start.words
    places = _places(words, _name(flag))
    if not places:
        word = flag if bare else f"{flag}={value}"
        return Edit(flag=flag, before="", after=value, start=start.added(word))
    at, before = _value_at(words, places[-1], switch=value in (ON, OFF))
    if before == value:
        # If it is given several times, the last one counts.
        return Edit(flag=flag, before=before, after=value, start=None)
    if len(places) > 1:
        raise unsafe(
            f"{flag} is given more than once, and only the program knows which one counts; change it by hand",
            f"{flag} 出现了多次，无法确定以哪一个为准；请手动修改",
        )
    word = words[places[0]]
    if at != places[0]:
        written = start.replaced(at, value)
    elif _name(word) != _name(flag):  # --no-flag
        written = start.replaced(at, flag)
    else:
        dashed = word.partition("=")[0]
        written = start.replaced(at, dashed if bare and "=" not in word else f"{dashed}={value}")
    return Edit(flag=flag, before=before, after=value, start=written)


def with_word(start: Start, word: str) -> Edit:
    """Add a `--flag=value` beside others of its name, for flags that may be given many times."""
    flag, _, value = word.partition("=")
    return Edit(flag=flag, before="", after=value, start=None if word in start.words else start.added(word))


def _name(word: str) -> str:
    """Return the name of a flag without its dashes, "" for any other word."""
    flag = word.partition("=")[0]
    return flag.lstrip("-") if _FLAG.fullmatch(flag) else ""


def _places(words: Sequence[str], name: str) -> list[int]:
    return [at for at, word in enumerate(words) if _name(word) in (name, f"no-{name}")]


def _value_at(words: Sequence[str], at: int, *, switch: bool) -> tuple[int, str]:
    """Return the place of the value of the flag at `at`, and the value."""
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    _, equals, value = word.partition("=")
    if equals:
        return at, value
    if following in (ON, OFF) or (not switch and following and not following.startswith("-")):
        return at + 1, following
    return at, OFF if switch and _name(word).startswith("no-") else ON


def _with(words: tuple[str, ...], word: str) -> tuple[str, ...]:
    """Add one flag. Some programs read no flags after an argument: it is then added before the last flag.

    There it separates no other flag from its value. Words after a `--` belong to the program that a wrapper starts.
    """
    own = len(words) - 1 - words[::-1].index("--") if "--" in words else 0
    last = max((at for at, each in enumerate(words) if at >= own and _name(each)), default=len(words) - 1)
    place = len(words) if last == len(words) - 1 else last
    return (*words[:place], word, *words[place:])
