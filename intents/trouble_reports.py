"""Tell whether a text reports trouble now, so that the objects that it names are worth a look that nobody asked for.

Apart from the matcher, which starts with every command: this needs the phrases of incident channels.
"""

from __future__ import annotations

import re
from typing import Final

from intents.alerts.labels import is_alert
from intents.chronicle.machine_text import is_cleared
from intents.matcher import MatchResult
from intents.symptoms import PROBLEM

_LONGEST: Final = 16_000
_SAID: Final = re.compile(
    r"(?i)\b(?:crash\w*|restart(?:s|ing|ed)|broken|down|stuck|pending|unhealthy|not ?ready|oom\w*|killed|evicted"
    r"|terminating|hang(?:s|ing)?|flapping|degraded|unreachable|5\d\d|firing|won't|doesn't|dies|dying|sick)\b|\b0/[1-9]"
    r"|起不来|挂了|崩溃|重启|卡住|卡在|不可用|异常|报错|告警|连不上|不通|宕"
)
_OVER: Final = re.compile(
    r"(?i)\b(?:recovered|resolved|fixed|back to normal|healthy again|all good|works? (?:again|now)|0 firing)\b"
    r"|✅|:white_check_mark:|:large_green_circle:|恢复|已解决|正常了|好了"
)


def deserves_a_look(text: str, matching: MatchResult) -> bool:
    """Return whether a text without a known symptom reports trouble of an object that it names, or is an alert."""
    certain = any(name.certain for name in matching.objects) or (bool(matching.objects) and is_alert(text[:_LONGEST]))
    return certain and reports_trouble(text[:_LONGEST])


def reports_trouble(text: str) -> bool:
    """Return whether a text says that something is wrong, and not that it is over."""
    if is_cleared(text) or _OVER.search(text):
        return False
    return bool(_SAID.search(text) or any(PROBLEM.search(line) for line in text.splitlines()))
