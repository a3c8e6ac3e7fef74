"""Recognise that something is done in words that do not say what: "done", "✅", "搞定", or its new state.

Such words are not a fact by themselves: their meaning comes from the decision that they reply to or that names the same
thing. Partly done, doubtful and future things do not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from intents.chronicle.guards import is_stated, is_whole
from intents.chronicle.message_text import Sentence
from intents.chronicle.phrase_rows import OPENING

_TICK: Final = (
    r":(?:white_check_mark|heavy_check_mark|ballot_box_with_check|check|check_mark|done|white_tick):|[✅✔☑]\ufe0f?"
)
_TICKED: Final = re.compile(rf"\s*(?:(?:{_TICK})\s*)+")
_DONE_EN: Final = re.compile(
    rf"^(?!(?:@\w+[\s,]*)?well done){OPENING}(?:(?:that|this|it|all|everything)(?:'s|'re| is| are| has been)? )?"
    r"(?:now |all |both )?(?:done|completed?|finished|through|in place|applied|rolled out)(?: now| too| everywhere)?$"
    r"|^it worked$"
)
_DONE_ZH: Final = re.compile(
    r"^(?:@\w+\s*)?(?:都|全部|已经?|这边)*(?:(?:搞定|弄好|做好|做完|处理完|处理好|完成|执行完|操作完|弄完)了?|好了|完事了?)$"
)
_VERSION: Final = r"v?\d+(?:\.\d+)+[\w.+-]*"
# "kyverno-policies is back to 1.9", "control-2 is on gp3 now", "checkout 已回到 4.0.9".
_BROUGHT_EN: Final = re.compile(
    rf"^{OPENING}(?:the |all (?:the )?|both )?[\w./-]+(?: [\w./-]+){{0,3}} (?:is|are|'s) (?:now )?(?:all )?(?:now )?"
    rf"(?:back |running |live )?(?:to|on|at) (?:the )?(?:{_VERSION}|(?:previous|old|last good|new|prior) (?:version"
    r"|release|image|config)|[a-z]{1,5}\d[\w-]*)\b"
)
_BROUGHT_ZH: Final = re.compile(
    rf"^(?P<what>[^，。]{{1,24}}?)\s*(?:都|已经?|现在)*\s*(?:回到|退回到?|恢复到|换到|升到|降到|切到)\s*(?:了\s*)?(?:{_VERSION}"
    r"|(?:上一?个?|旧|老|之前的?)版本?)\s*(?:了|上)?"
)
# Words for a part or a delay.
_STILL: Final = re.compile(
    r"\b(?:still|until|except|apart from|one more|next|then|soon|minutes?|min|secs?|seconds?|waiting|rest|others?)\b"
    r"|还|除了|等|剩|接下来|另"
)


def is_done(sentences: Sequence[Sentence], line: str) -> bool:
    """Return whether a reply in `line` first of all says that the task is done."""
    if _TICKED.fullmatch(line):
        return True
    if not sentences:
        return False
    first = sentences[0]
    if first.asks or not first.clauses:
        return False
    start, clause = first.clauses[0]
    if _STILL.search(first.plain):
        return False
    found = _DONE_EN.search(clause) or _DONE_ZH.search(clause)
    return found is not None and is_whole(clause) and is_stated(first, start, start + found.end())


def brought_about(sentence: Sentence) -> bool:
    """Return whether a sentence names the version or form that something has now."""
    if _STILL.search(sentence.plain):
        return False
    for start, clause in sentence.clauses:
        found = _BROUGHT_EN.search(clause) or _BROUGHT_ZH.search(clause)
        if found and is_whole(clause) and is_stated(sentence, start, start + found.end()):
            return True
    return False
