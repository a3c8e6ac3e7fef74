"""Build the dialog in which a person chooses what to diagnose, so that nobody needs to know the grammar of commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import Language, ObjectRef, Text
from intents.templates import capitalised
from responses import words
from responses.failures import CHOOSE_CLUSTER
from responses.overview import DIAGNOSE
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.blocks import Element
from responses.slack.message import Block, View
from responses.slack.presses import Press

# The kinds of the menu: those that people most often ask about.
KINDS: Final = (
    "Deployment", "StatefulSet", "DaemonSet", "Pod", "CronJob", "Job", "Service", "Ingress",
    "PersistentVolumeClaim", "HorizontalPodAutoscaler", "Node",
)  # fmt: skip
LONGEST_PASTE: Final = limits.PLAIN_INPUT

_NAMESPACE: Final = Text(en="Namespace", zh="命名空间")
_KIND: Final = Text(en="Kind", zh="类型")
_NAME: Final = Text(en="Name", zh="名称")
_PASTE: Final = Text(en="Or paste an error", zh="或粘贴报错")
_TYPE: Final = Text(en="Type to search", zh="输入以搜索")
_ANY: Final = Text(en="Any kind", zh="任意类型")
_WITHOUT_NAME: Final = Text(
    en="With a namespace alone: what is wrong there. The answer is posted in the channel.",
    zh="仅选择命名空间：列出其中的问题。答复会发到频道中。",
)
_DID_YOU_MEAN: Final = Text(en="{} Did you mean /diagnose {} ?", zh="{}您是否想输入 /diagnose {} ？")
AS_TYPED: Final = Text(en="{} (as typed)", zh="{}（按输入）")
NOTHING_CHOSEN: Final = Text(
    en="Choose a name or a namespace, or paste an error", zh="请选择名称或命名空间，或粘贴报错"
)
TOO_LATE: Final = Text(en="this dialog is too old. Type /diagnose again", zh="此对话框已过期，请重新输入 /diagnose")
_BY: Final = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskView:
    """What the dialog shows: the clusters to choose from, none for text alone, and what is chosen so far.

    `says` is what was not understood, `closest` the command that was probably meant.
    """

    clusters: Sequence[str]
    metadata: str
    cluster: str = ""
    namespace: str = ""
    kind: str = ""
    name: str = ""
    says: Text | None = None
    closest: str = ""


def ask_dialog(view: AskView, *, language: Language) -> View:
    """Return the dialog. Menus that others depend on report each choice at once."""

    def text(says: Text) -> str:
        return says.in_(language)

    shown: list[Block] = []
    if view.says is not None:
        says = capitalised(shown_line(text(view.says), limit=300))
        if view.closest:
            says = text(_DID_YOU_MEAN).format(says, shown_line(view.closest, limit=200))
        shown.append(blocks.rich(blocks.sentence(says)))
    if len(view.clusters) > 1:
        options = [(blocks.cut(each, limits.OPTION_TEXT), each) for each in view.clusters if _fits(each)]
        shown.append(
            blocks.select_input(
                text(words.IN_CLUSTER), options, id=str(Press.ASK_CLUSTER), placeholder=text(CHOOSE_CLUSTER),
                initial=view.cluster, reports=True,
            )
        )  # fmt: skip
    if view.clusters:
        shown += [
            blocks.external_input(
                text(_NAMESPACE), id=str(Press.ASK_NAMESPACE), placeholder=text(_TYPE),
                initial=_namespace(view.namespace), reports=True,
            ),
            blocks.select_input(
                text(_KIND), [(kind, kind) for kind in KINDS], id=str(Press.ASK_KIND), placeholder=text(_ANY),
                initial=view.kind, reports=True,
            ),
            blocks.external_input(
                text(_NAME), id=str(Press.ASK_NAME), placeholder=text(_TYPE),
                initial=typed_option(view.name, language) if view.name else None,
            ),
            blocks.context(text(_WITHOUT_NAME)),
        ]  # fmt: skip
    shown.append(
        blocks.text_input(
            text(_PASTE), id=str(Press.ASK_TEXT), multiline=True, longest=LONGEST_PASTE, optional=bool(view.clusters)
        )
    )
    return blocks.form(DIAGNOSE, shown, submit=DIAGNOSE, press=Press.ASK_FORM, carries=view.metadata, language=language)


def _fits(value: str) -> bool:
    return len(value) <= limits.OPTION_VALUE


def _namespace(name: str) -> Element | None:
    return blocks.option(name, name) if name and _fits(name) else None


def namespace_options(names: Iterable[str]) -> list[Element]:
    """Return namespaces as options."""
    return [blocks.option(name, name) for name in names if _fits(name)][: limits.SELECT_OPTIONS]


def object_options(objects: Iterable[ObjectRef]) -> list[Element]:
    """Return objects as options. Those with names too long for one are left out: they can be typed."""
    return [
        blocks.option(f"{each.full_name} · {each.kind}", value)
        for each in objects
        if _fits(value := _BY.join((each.kind, each.namespace, each.name)))
    ][: limits.SELECT_OPTIONS - 1]


def typed_option(typed: str, language: Language) -> Element | None:
    """Return the option for a name as it was typed; None if it is too long for one."""
    namespace, _, name = typed.rpartition("/")
    value = _BY.join(("", namespace, name))
    return blocks.option(AS_TYPED.in_(language).format(typed), value) if _fits(value) else None


def chosen_object(value: str) -> ObjectRef | None:
    """Return the object of a chosen option, without a kind if it was typed; None for a value that is not ours."""
    parts = value.split(_BY)
    return ObjectRef(kind=parts[0], namespace=parts[1], name=parts[2]) if len(parts) == 3 and parts[2] else None
