"""The containers of a pod template, found by name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import ref
from bot.remedies.contract import Refusal
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, Text
from intents.spelling import closest

_LISTS: Final = ("containers", "initContainers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a pod template; `key` is the list of the template that holds it."""

    key: str
    manifest: Json

    @property
    def name(self) -> str:
        return str(self.manifest.get("name", ""))


def containers_of(workload: Json) -> tuple[Container, ...]:
    """Return the containers of a pod template, init containers last."""
    spec = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    return tuple(Container(key=key, manifest=each) for key in _LISTS for each in spec.get(key) or ())


def container_in(workload: Json, name: Any) -> Container | Refusal:
    """Return the container of that name; without a name, the only one."""
    me, found = ref(workload), containers_of(workload)
    names = [each.name for each in found]
    if not is_given(name):
        running = [each for each in found if each.key == _LISTS[0]]
        if len(running) == 1:
            return running[0]
        return unsafe(
            f"{me} has several containers ({', '.join(names)}); name one",
            f"{me} 有多个容器（{'、'.join(names)}）；请指明其中一个",
        )
    if (one := next((each for each in found if each.name == str(name)), None)) is not None:
        return one
    meant = did_you_mean(str(name), names)
    return unsafe(
        f"{me} has no container {name}; it has {', '.join(names) or 'none'}{meant.en}",
        f"{me} 没有容器 {name}；现有：{'、'.join(names) or '无'}{meant.zh}",
    )


def did_you_mean(word: str, known: Iterable[str]) -> Text:
    """Return the end of a sentence that names the closest known word; "" if none is close."""
    meant = closest(word, known)
    return Text(en=f"; did you mean {meant}?", zh=f"；是否指 {meant}？") if meant else Text.same("")


def is_given(value: Any) -> bool:
    """Tell whether an argument has a value: an empty field of a form does not change anything."""
    return value is not None and str(value).strip() != ""
