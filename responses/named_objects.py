"""Word what the reader must know first about the objects that a text names: gone, replaced, or not what is broken."""

from __future__ import annotations

from typing import Final

from intents.domain import Diagnosis, Existence, Language, NamedObject, ObjectRef, Text
from intents.templates import duration
from responses import words
from responses.sentences import in_a_row

_MISSING: Final = Text(en="{target} does not exist in {where}.", zh="{where}中不存在 {target}。")
_THIS_CLUSTER: Final = Text(en="this cluster", zh="此集群")
_CLUSTER: Final = Text(en="cluster {}", zh="集群 {} ")
_CLOSEST: Final = Text(en="Closest names: {}.", zh="名称相近的对象：{}。")
_ELSEWHERE: Final = Text(en="It exists in cluster {}.", zh="它存在于集群 {}。")
_SAME_ERROR: Final = Text(en="The same error now affects {}.", zh="目前出现同样错误的是 {}。")
_REPLACED: Final = Text(
    en="{target} does not exist now; this answer is about its owner, {instead}.",
    zh="{target} 目前不存在；此答复针对其所有者 {instead}。",
)
_STANDS_FOR: Final = Text(
    en="This answer is about {instead}: the only object that “{name}” can mean.",
    zh="此答复针对 {instead}：“{name}” 只可能指它。",
)
_SEVERAL: Final = Text(
    en="“{name}” exists more than once: {closest}. Name the namespace to get an answer about one of them.",
    zh="存在多个“{name}”：{closest}。请指明命名空间，以便针对其中一个答复。",
)
_UNAFFECTED: Final = Text(
    en="{target} exists and does not show this error. It now affects {affected}.",
    zh="{target} 存在，但没有此错误。目前受影响的是 {affected}。",
)
_OTHER_EVIDENCE: Final = Text(
    en="{target} exists; the evidence below is about {affected}.", zh="{target} 存在；以下证据针对 {affected}。"
)
_OTHERS: Final = Text(
    en="The text names {others} more of this kind; this answer is about {target} only.",
    zh="文本还提到另外 {others} 个同类对象；此答复仅针对 {target}。",
)
_QUOTED: Final = Text(en="The text quotes {source} of {target}{when}.", zh="文本引用的是 {target} 的{source}{when}。")


def named_sentences(diagnosis: Diagnosis, language: Language) -> tuple[str, ...]:
    """Return a line for each object that the text names and about which something must be said first."""
    return tuple(_line(note, diagnosis, language) for note in diagnosis.named)


def _line(note: NamedObject, diagnosis: Diagnosis, language: Language) -> str:
    names = {
        "target": str(note.target),
        "name": note.target.name,
        "instead": str(note.instead),
        "closest": _row(note.closest, language),
        "affected": _row(note.affected, language),
        "others": str(note.others),
        "where": _where(diagnosis, language),
        "source": note.source.in_(language) if note.source else "",
        "when": _when(note, diagnosis, language),
    }
    said = [text.in_(language).format(**names) for text in _texts(note)]
    if note.existence is Existence.MISSING:
        details = ((_CLOSEST, note.closest), (_ELSEWHERE, note.elsewhere), (_SAME_ERROR, note.affected))
        said += [text.in_(language).format(_row(values, language)) for text, values in details if values]
    return in_a_row(*said, language=language)


def _texts(note: NamedObject) -> tuple[Text, ...]:
    if note.existence is Existence.MISSING:
        return (_MISSING,)
    if note.existence is Existence.REPLACED:
        return (_REPLACED,)
    if note.existence is Existence.UNAFFECTED:
        return (_UNAFFECTED,)
    if note.existence is Existence.QUOTED:
        return (_QUOTED,)
    if note.instead is not None:
        return (_STANDS_FOR,)
    if note.closest:
        return (_SEVERAL,)
    return tuple(text for text, applies in ((_OTHER_EVIDENCE, note.affected), (_OTHERS, note.others)) if applies)


def _when(note: NamedObject, diagnosis: Diagnosis, language: Language) -> str:
    if note.at is None or diagnosis.observed_at is None:
        return ""
    passed = duration(max((diagnosis.observed_at - note.at).total_seconds(), 0))
    return words.IN_PARENTHESES.in_(language).format(words.AGO.in_(language).format(passed))


def _where(diagnosis: Diagnosis, language: Language) -> str:
    if not diagnosis.cluster:
        return _THIS_CLUSTER.in_(language)
    return _CLUSTER.in_(language).format(diagnosis.cluster)


def _row(values: tuple[str, ...] | tuple[ObjectRef, ...], language: Language) -> str:
    return words.ENUMERATION.in_(language).join(map(str, values))
