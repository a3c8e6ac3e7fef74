"""Word what stands above the cause: what became of the objects that a text names; and an answer without a cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.domain import Diagnosis, Existence, JudgedHypothesis, Language, NamedObject, ObjectRef, Text
from intents.templates import duration
from responses import words
from responses.sentences import finished, in_a_row

_WHICH_OBJECT: Final = Text(en="Which object do you mean?", zh="您指的是哪个对象？")
_THIS_OBJECT: Final = Text(en="Do you mean this object?", zh="您指的是这个对象吗？")
# So many objects, or namespaces, are listed.
_SHOWN: Final = 3
_MISSING: Final = Text(en="{target} does not exist in {where}.", zh="{where}中不存在 {target}。")
_THIS_CLUSTER: Final = Text(en="this cluster", zh="此集群")
_CLUSTER: Final = Text(en="cluster {}", zh="集群 {} ")
_NOWHERE: Final = Text(
    en="{target} does not exist in any namespace that Casebook may read.",
    zh="在 Casebook 可读取的命名空间中不存在 {target}。",
)
_OTHER_NAMESPACE: Final = Text(
    en="{kind} {name} is not in namespace {namespace}; an object of that name is in {homes}.",
    zh="命名空间 {namespace} 中没有 {kind} {name}；同名对象位于 {homes}。",
)
_ELSEWHERE: Final = Text(en="It exists in cluster {}.", zh="它存在于集群 {}。")
_NAMED_BY: Final = Text(en="It is named by {}.", zh="引用它的有 {}。")
_SAME_ERROR: Final = Text(en="The same error now affects {}.", zh="目前出现同样错误的是 {}。")
_REPLACED: Final = Text(
    en="{target} does not exist now; this answer is about its owner, {instead}.",
    zh="{target} 目前不存在；此答复针对其所有者 {instead}。",
)
_STANDS_FOR: Final = Text(
    en="This answer is about {instead}: the only object that “{name}” can mean.",
    zh="此答复针对 {instead}：“{name}” 只可能指它。",
)
_OTHER_KIND: Final = Text(
    en="This answer is about {instead}; no {kind} has that name.", zh="此答复针对 {instead}；没有该名称的 {kind}。"
)
_FOUND_IN: Final = Text(
    en="The only {kind} {name} that Casebook may read is in namespace {instead_namespace}.",
    zh="在 Casebook 可读取的范围内，只有命名空间 {instead_namespace} 中有 {kind} {name}。",
)
_SEVERAL: Final = Text(en="Several objects fit “{name}”.", zh="有多个对象符合“{name}”。")
_OTHER_EVIDENCE: Final = Text(
    en="{target} exists; the evidence below is about {affected}.", zh="{target} 存在；以下证据针对 {affected}。"
)
_OTHERS: Final = Text(
    en="The text names {others} more of this kind; this answer is about {target} only.",
    zh="文本还提到另外 {others} 个同类对象；此答复仅针对 {target}。",
)
_QUOTED: Final = Text(en="The text quotes {source} of {target}{when}.", zh="文本引用的是 {target} 的{source}{when}。")
_SAYS: Final = {Existence.REPLACED: _REPLACED, Existence.QUOTED: _QUOTED}


def named_sentences(diagnosis: Diagnosis, language: Language) -> tuple[str, ...]:
    """Return a line for each object that the text names and about which something must be said first."""
    return tuple(named_sentence(note, language, cluster=diagnosis.cluster) for note in diagnosis.named)


def candidates_of(diagnosis: Diagnosis) -> tuple[ObjectRef, ...]:
    """Return the objects of which the reader has to choose one."""
    return tuple(dict.fromkeys(one for note in diagnosis.named for one in note.candidates))


def which_of(candidates: Sequence[ObjectRef]) -> Text:
    """Return the question which of the objects is meant."""
    return _THIS_OBJECT if len(candidates) == 1 else _WHICH_OBJECT


def named_sentence(note: NamedObject, language: Language, *, cluster: str = "") -> str:
    """Return what must be said first about an object that is named."""
    names = {
        "target": str(note.target),
        "kind": note.target.kind,
        "namespace": note.target.namespace,
        "name": note.target.name,
        "instead": str(note.instead),
        "instead_namespace": note.instead.namespace if note.instead else "",
        "homes": _row(note.other_namespaces, language),
        "affected": _row(note.affected, language),
        "others": str(note.others),
        "where": (_CLUSTER if cluster else _THIS_CLUSTER).in_(language).format(cluster),
        "source": note.source.in_(language) if note.source else "",
        "when": _when(note, language),
    }
    said = [text.in_(language).format(**names) for text in _texts(note)]
    if note.existence is Existence.MISSING:
        details = ((_ELSEWHERE, note.elsewhere), (_NAMED_BY, note.named_by), (_SAME_ERROR, note.affected))
        said += [text.in_(language).format(_row(values, language)) for text, values in details if values]
    return in_a_row(*said, language=language)


def _texts(note: NamedObject) -> tuple[Text, ...]:
    if note.existence is Existence.MISSING:
        if note.target.namespace and note.other_namespaces:
            return (_OTHER_NAMESPACE,)
        return (_NOWHERE,) if note.everywhere else (_MISSING,)
    if says := _SAYS.get(note.existence):
        return (says,)
    if (instead := note.instead) is not None:
        if instead.name != note.target.name:
            return (_STANDS_FOR,)
        return (_FOUND_IN,) if instead.kind == note.target.kind else (_OTHER_KIND,)
    if note.candidates:
        return (_SEVERAL,)
    return tuple(text for text, applies in ((_OTHER_EVIDENCE, note.affected), (_OTHERS, note.others)) if applies)


def _when(note: NamedObject, language: Language) -> str:
    if note.said_s is None:
        return ""
    return words.IN_PARENTHESES.in_(language).format(words.AGO.in_(language).format(duration(note.said_s)))


def _row(values: tuple[str, ...] | tuple[ObjectRef, ...], language: Language) -> str:
    row = words.ENUMERATION.in_(language).join(map(str, values[:_SHOWN]))
    return words.AND_MORE.in_(language).format(row, more) if (more := len(values) - _SHOWN) > 0 else row


def nothing_found(diagnosis: Diagnosis, language: Language) -> tuple[str, str, tuple[str, ...]]:
    """Return the sign, the heading and the sentences of an answer that names no cause.

    Only an object whose kind has rules of health, and that shows no trouble, gets a green sign; the heading of one that
    is suspended, cordoned or joins is its state.
    """
    focus = diagnosis.focus
    if candidates := candidates_of(diagnosis):
        return words.UNKNOWN_SIGN, which_of(candidates).in_(language), ()
    if not focus.names_object:
        return words.UNKNOWN_SIGN, words.UNKNOWN.in_(language), (words.UNKNOWN_WHY.in_(language),)
    if diagnosis.unexplained:
        says = words.NOT_EXPLAINED_WHY.in_(language).format(focus)
        return words.UNKNOWN_SIGN, words.NOT_EXPLAINED.in_(language), (says,)
    applies_none = words.NO_PROBLEM_WITH.in_(language).format(focus)
    if diagnosis.standing:
        state, why = diagnosis.standing
        return words.STANDING_SIGN, state.in_(language), (finished(why.in_(language), language), applies_none)
    if diagnosis.unchecked:
        says = words.NOT_CHECKED_WHY.in_(language).format(focus.kind, focus)
        return words.UNKNOWN_SIGN, words.NOT_CHECKED.in_(language), (says, words.ASK_ABOUT_PODS.in_(language))
    if diagnosis.well:
        applies_none = words.WELL.in_(language).format(focus, diagnosis.well.in_(language))
    return words.FINE_SIGN, words.NO_PROBLEM.in_(language), (applies_none,)


def leading_sentences(diagnosis: Diagnosis, first: JudgedHypothesis | None, language: Language) -> tuple[str, ...]:
    """Return what the reader must know before the cause, a line each; an answer without one is headed by the state."""
    heads = first is None and not diagnosis.unexplained
    named = named_sentences(diagnosis, language)
    if heads or not diagnosis.standing:
        return named
    says = (finished(each.in_(language), language) for each in diagnosis.standing)
    return (*named, in_a_row(*says, language=language))
