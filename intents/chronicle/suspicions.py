"""Recognise what people believe is the cause: suspected, nearly certain, found, ruled out.

A suspected cause must be a thing: a noun with its article, a known part of a system, or an acronym. "It's not DNS" is a
hypothesis ruled out, "it's not fixed" is not a hypothesis.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.guards import is_asked, is_elsewhere
from intents.chronicle.message_text import Sentence
from intents.chronicle.phrase_rows import first_end
from intents.chronicle.suspicion_phrases_en import GUESSED, WAYS_EN
from intents.chronicle.suspicion_phrases_zh import GUESSED_ZH, WAYS_ZH
from intents.chronicle.system_parts import (
    CAUSAL_FAULT,
    CAUSAL_FAULT_ZH,
    CAUSED,
    CAUSED_ZH,
    CHANGE_BROKE,
    RUNS_ZH,
    WHAT_RUNS,
)
from intents.domain import Verdict
from intents.tokens import words_of

_NOT_A_CAUSE_ZH: Final = re.compile(
    r"^(?:怀疑|感觉|看起来|看着|好像|估计|可能|应该|大概|是不是|会不会)?+(?:是|就是)?(?:我|你|他|好了|恢复|可以|要|没"
    r"|不)|一样|同一个|误报|谁|正常|今晚|今天要|看错|好的|吗？?$|快(?:好|恢复)"
)
# A person who goes to check has not found the cause yet.
_LOOKS: Final = re.compile(
    r"[,;-] (?:i|i'll|i will|let me|lemme|gonna|going to) (?:look|check|see|verify|test|confirm)(?: (?:it|that|now"
    r"|quickly))?$"
)
# An ironic remark is not a finding.
_BANTER_ZH: Final = re.compile(r"[咯喽啰]$")
_NO_THING: Final = re.compile(
    r"\b(?:same|fixed|resolved|fine|ok|okay|working|good|unknown|unclear|ready|sure|me|you|joking|late)$"
)
_UNSURE: Final = re.compile(r"(?<!what )(?<!wonder )(?<!wondering )\b(?:if|unless|whether|always)\b|如果|要是")
_SMALL: Final = re.compile(
    r"a|an|the|it|its|it's|is|was|be|this|that|of|to|on|in|our|we|i|you|me|my|their|and|or"
    r"|because|due|caused|by|related|problem|issue|cause|culprit|root|found|confirmed|turns|out|not"
    r"|s|can|like|looks|seems|sounds|feels|smells|might|may|could|maybe|probably|guess|then|so|new"
    r"|isn't|wasn't"
)
_SMALL_ZH: Final = re.compile(r"^(?:是|跟|和|与|由|像)+|的?(?:问题|原因|引起|导致|造成|的|有关|相关|没关系|无关)+$")
# A part and why it fails, without a word for a suspicion: "apns cert expired an hour ago".
_CAUSAL_FAULT: Final = re.compile(rf"(?<![\w./-]){CAUSAL_FAULT}|{CHANGE_BROKE}|{CAUSED}")
_CAUSAL_FAULT_ZH: Final = re.compile(f"{CAUSAL_FAULT_ZH}|{CAUSED_ZH}")
_PART_ZH: Final = re.compile(rf"{RUNS_ZH}|(?<![a-z])(?!quoted)[a-z][\w-]{{2,}}")
# "It's github that throttles us, not the controller."
_NOT_THAT: Final = re.compile(r", not (?:the |our )?[\w -]{2,30}[.!]?$")
_NO_FAULT: Final = re.compile(
    r"\b(?:not|no|never|isn't|aren't|wasn't|hasn't|haven't|doesn't|docs?|should|would|could|will"
    r"|no longer|next|in (?:19|20)\d\d)\b|我的锅|没有|如果|不要|别"
)


def suspicion_in(sentence: Sentence) -> tuple[Verdict, str] | None:
    """Return (verdict, suspected cause in a few words) of a sentence, or None."""
    if is_elsewhere(sentence) or _UNSURE.search(sentence.plain):
        return None
    said = [_from(sentence, start) for start, _ in sentence.clauses]
    for verdict, rows in WAYS_EN:
        for rest in said:
            if sentence.asks and first_end(GUESSED, rest) is not None:
                return Verdict.POSSIBLE, _topic(rest)
            if (sentence.asks and verdict is not Verdict.POSSIBLE) or first_end(rows, rest) is None:
                continue
            if verdict is Verdict.POSSIBLE and _LOOKS.search(rest):
                continue
            if verdict is not Verdict.RULED_OUT and _NO_THING.search(rest.split(",")[0]):
                continue
            topic = _topic(rest) or _topic(sentence.plain)
            if verdict is Verdict.POSSIBLE and not topic:
                continue
            return verdict, topic
    return _suspicion_zh(sentence)


def fault_in(sentence: Sentence) -> str | None:
    """Return a stated fault of a system part in a few words, as the cause until somebody suspects another."""
    plain = _NOT_THAT.sub("", sentence.plain)
    if is_asked(sentence) or is_elsewhere(sentence) or _UNSURE.search(plain) or _NO_FAULT.search(plain):
        return None
    stated = WHAT_RUNS(plain) and _CAUSAL_FAULT.search(plain)
    stated = stated or (_PART_ZH.search(plain) and _CAUSAL_FAULT_ZH.search(plain))
    return _topic(plain) if stated else None


def _suspicion_zh(sentence: Sentence) -> tuple[Verdict, str] | None:
    if _BANTER_ZH.search(sentence.plain.rstrip("。！!~ ")):
        return None
    texts = dict.fromkeys((sentence.plain, *(clause for _, clause in sentence.clauses)))
    for verdict, pattern in WAYS_ZH:
        for found in (hit for text in texts for hit in pattern.finditer(text)):
            said = found[0].strip("，, ")
            if sentence.asks and not GUESSED_ZH.search(said):
                continue
            if verdict is Verdict.POSSIBLE and _NOT_A_CAUSE_ZH.search(said):
                continue
            return verdict, _topic(said)
    return None


def _from(sentence: Sentence, start: int) -> str:
    return sentence.plain[start:].strip(" .!?").removesuffix(" to me").removesuffix(" for me")


def _topic(said: str) -> str:
    words = [word for word in words_of(_SMALL_ZH.sub("", said)) if not _SMALL.fullmatch(word)]
    return " ".join(sorted(set(words[:6])))
