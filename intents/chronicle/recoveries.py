"""Recognise that one thing has recovered: "the taint on worker-c is gone", "no more x509 in the events", "污点也没了".

This shows that the actions work, and says nothing about the incident as a whole.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.guards import is_stated, is_whole
from intents.chronicle.message_text import Sentence
from intents.chronicle.phrase_rows import first_end, phrases
from intents.chronicle.system_parts import RUNS_ZH, WHAT_RUNS

# Symptoms that disappear when a cluster recovers.
_TROUBLE: Final = (
    r"(?:taints?|(?:disk|memory|pid)?-?pressure|finalizers?|locks?|leases?|warnings?|errors?|x509\w*|restarts?"
    r"|evictions?"
    r"|crash-?loop\w*|ooms?(?:kill\w*)?|timeouts?|5xx|50\ds?|4\d\ds?|failures?|throttling|rejections?|drops?|alerts?"
    r"|pending(?: pods)?"
    r"|failed\w+|complaints|retries|packet loss|conflicts?|deadlocks?)"
)
_WELL: Final = (
    r"(?:healthy|ready|schedulable|serving|reachable|in sync|synced|caught up|scheduled|bound|mounted|attached"
    r"|accepting"
    r" \w+|elected|joined|registered|consuming|progressing)"
)
_PHRASES: Final = (
    rf"(?:the |all |our )?(?:[\w./-]+ ){{0,3}}?{_TROUBLE} (?:(?:on|of|from|in) [\w./-]+ )?(?:is |are |has "
    rf"|have )?(?:now "
    r"|all )*(?:gone|cleared|lifted|stopped|no longer there)(?: now| everywhere)?$",
    rf"no (?:more|new|further) (?:[\w./-]+ ){{0,2}}?{_TROUBLE}\b",
    rf"<runs>…(?:the |our |all |both )?(?:[\w./:-]+ ){{1,5}}?(?:is|are) (?:now |all "
    rf"|finally )*{_WELL}"
    r"(?: again| now| everywhere| with .*)?$",
    r"(?:the |our )?(?:[\w./:-]+ ){0,3}?(?:batch|imports?|exports?|backup|replication|consumers?|queue"
    r"|ingestion|scheduler) (?:is|are) (?:now )?(?:running|moving|progressing|draining|consuming|flowing)"
    r"(?: again| now| through| fine)?$",
    r"(?:(?:all|both) (?:\d+ )?(?:[\w-]+ )?(?=[a-z])|(\d+)(?:/\1|(?: out)? of \1) ?(?:[\w-]+ )?)(?:pods?"
    r"|nodes?|replicas?"
    r"|brokers?|members?|workers?|shards?|targets?|instances?|endpoints?) (?:are |is )?(?:now |back )?(?:ready"
    r"|running|healthy|up|back|green|in sync|available)\b(?!.*\bbut\b)",
)
_PHRASES_ZH: Final = (
    r"^[^，。我你他谁]{0,16}?(?:污点|taint|压力|pressure|异常事件|驱逐|锁|死锁|限流|熔断)[^，。我你他]{0,4}?(?:已经?"
    r"|都|也|全部?)*"
    r"(?:解除|消失|没|清除|消除|释放)了?$",
    rf"^(?=[^，。]{{0,20}}(?:{RUNS_ZH}|[a-z]{{3}}))[^，。我你他谁]{{1,20}}?(?:已经?|都|也|全部?|终于)+(?:就绪|起来"
    rf"|跑起来|拉起来|ready"
    r"|running|healthy|连上|追上|追平|同步完|挂载?上|调度上去?|绑定上?)了?$",
)
# "2/3 ready" is not recovered yet.
_COUNTED: Final = re.compile(r"(?<![\d.])(\d{1,4})(?:/| of | out of )(\d{1,4})(?![\d.])")
_WAYS: Final = phrases(_PHRASES, {"runs": WHAT_RUNS})
_WAYS_ZH: Final = tuple(re.compile(each) for each in _PHRASES_ZH)


def recovers(sentence: Sentence) -> bool:
    """Return whether it says that a named thing has recovered."""
    if any(found[1] != found[2] for found in _COUNTED.finditer(sentence.plain)):
        return False
    for start, clause in sentence.clauses:
        end = first_end(_WAYS, clause)
        if end is not None and is_whole(clause) and is_stated(sentence, start, start + end):
            return True
        # 没了 states the recovery here, but is a denial elsewhere.
        found = next((hit for pattern in _WAYS_ZH if (hit := pattern.search(clause))), None)
        if (
            found is not None
            and is_stated(sentence, start, start + found.end())
            and is_whole(clause.replace("没了", ""))
        ):
            return True
    return False
