"""Read what machines say: pasted lines that indicate a failure, and announcements of bots.

The template of a line is a digest of its words without numbers, identifiers and captured names, so that the same error
of another pod gets the same template. Alerts that fire and clear and deployments are announced, deployments by people
too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from intents.alerts.labels import EMOJI, LABEL
from intents.chronicle.facts import AlertState, DeployState, FactKind
from intents.domain import Entity, ObjectRef, Symptom
from intents.kinds import CLUSTER_SCOPED, KINDS
from intents.spoken_names import is_telling
from intents.symptoms import read_symptoms
from intents.tokens import words_of

# Only the first different errors of a message become facts; later ones usually follow from them.
MOST_ERRORS: Final = 3
_MOST_OBJECTS: Final = 8

_TROUBLE: Final = re.compile(
    r"(?i)error|exception|\bfail|fatal|panic|refused|denied|forbidden|unauthorized|timed? ?-?out|timeout|deadline"
    r"|unable to|cannot|lost|evict|back-?off|oomkill|out of memory|not found|unavailable|insufficient|exceeded"
    r"|was low on|oversubscri|exhausted|throttl|pressure|conflict|mismatch|invalid|unknown host|reset by peer|sigsegv"
    r"|segfault|segmentation|disconnect|crash|\bno such|broken pipe|deadlock|x509|notready|unhealthy"
    r"|^[EF]\d{4} |\b50[0234]\b|too many|no space left|took too long|overloaded|\"level\":\"(?:error|fatal|warn)"
)
# `kubectl describe` prints a more useful message after these lines.
_STATE_ALONE: Final = re.compile(r"^\s*(?:Status|Phase|State|Last State|Reason):\s+\w+\s*$")
# Beginnings of lines that programs print: a log's prefix, an exception, an event.
_PRINTED: Final = re.compile(
    r"^\s*(?:(?=\S{0,60}\d)[\w.-]{1,60}(?:[:|]| \|)\s{1,4})?(?:[EWF]\d{4} \d\d:"
    r"|\[?\d{4}[-/]\d\d[-/]\d\d[T _]\d\d:|\[?\w{3} {1,2}\d{1,2} \d\d:\d\d:\d\d|(?i:error"
    r"|fatal|panic|err|exception)(?: from server)?(?: \([^)]*\))?: \S|(?:ERROR|FATAL|PANIC|CRITICAL"
    r"|WARN(?:ING)?)\b[\s:\]]|\[(?:ERROR|FATAL|WARN(?:ING)?)\]|(?:Unable to|Failed to|Cannot|Could not) \w+ .*: \S"
    r"|rpc error: code|Traceback \("
    r"|(?:[a-z_]\w*\.)+[A-Z]\w*(?:Exception|Error)\b|[A-Z]\w+(?:Exception|Error): |(?:Warning|Normal)\s{2,}\S"
    r"|upstream (?:connect|request)|\{\"|level=(?:error|fatal|warn)|ts=\d|time=\""
    r"|curl: \(\d+\)|kubelet|x509: |dial tcp|failed to \w+ \S+[:\"]"
    r"|(?:Status|Reason|Message|State|Last State|Exit Code|Conditions|Phase):\s{2,}\S"
    r"|Error response from daemon|HTTP/\d|ORA-\d|ERROR \d{4} \()"
)
# The prefix of a kubectl event: its source, age and count are not part of the message.
_EVENT_HEAD: Final = re.compile(
    r"^\s*(?:Warning|Normal)\s+(\w+)\s+\S+(?:\s+\(x\d+ over [\w.]+\))?\s+[\w./-]+(?:,\s?[\w.-]+)?\s+"
)
_VARYING: Final = re.compile(
    r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|https?://\S+|[\w./:@-]*\d[\w./:@-]*|\b[a-z0-9-]+/[\w./-]+"
)


def is_printed(line: str) -> bool:
    """Return whether a program printed the line."""
    return _PRINTED.search(line) is not None


def errors_in(fenced: str, printed: Iterable[str]) -> Mapping[str, Symptom]:
    """Return the first different errors in code blocks and in lines that look printed, by their template."""
    found: dict[str, Symptom] = {}
    for symptom in read_symptoms("\n".join((fenced, *printed))):
        if not _TROUBLE.search(symptom.text) or _STATE_ALONE.search(symptom.text):
            continue
        if template := template_of(symptom.text, symptom.entities):
            found.setdefault(template, symptom)
        if len(found) >= MOST_ERRORS:
            break
    return found


def named_in(symptoms: Iterable[Symptom]) -> tuple[tuple[ObjectRef, ...], str]:
    """Return the objects and the cluster that the lines of a text name."""
    entities = tuple(entity for symptom in symptoms for entity in symptom.entities)
    return _objects_of(entities), _cluster_of(entities)


def template_of(line: str, entities: Iterable[Entity] = ()) -> str:
    """Return the digest of the words that stay when numbers and names change; "" if none are left."""
    for value in sorted({entity.value for entity in entities}, key=lambda value: (-len(value), value)):
        if len(value) > 2:
            line = line.replace(value, " ")
    words = words_of(_VARYING.sub(" ", _EVENT_HEAD.sub(r"\1 ", line)))
    return hashlib.blake2s(" ".join(words).encode(), digest_size=6).hexdigest() if words else ""


def _objects_of(entities: Iterable[Entity]) -> tuple[ObjectRef, ...]:
    """Return the objects that a line certainly names, in their namespace, else in the only one of the line."""
    named = [entity for entity in entities if entity.certain or is_telling(entity.value)]
    namespaces = {entity.value for entity in named if entity.kind == "namespace"}
    home = min(namespaces) if len(namespaces) == 1 else ""
    refs = [
        ObjectRef(kind=kind, namespace="" if kind in CLUSTER_SCOPED else entity.namespace or home, name=entity.value)
        for entity in named
        if (kind := KINDS.get(entity.kind))
    ]
    if not refs and home:
        refs = [ObjectRef(kind="Namespace", name=home)]
    return tuple(dict.fromkeys(refs))[:_MOST_OBJECTS]


def _cluster_of(entities: Iterable[Entity]) -> str:
    """Return the cluster that a line names, "" for none or several."""
    clusters = {entity.value for entity in entities if entity.kind == "cluster"}
    return min(clusters) if len(clusters) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """An announcement: `says` is its line, `about` the line without the words for its state."""

    kind: FactKind
    state: str
    says: str
    about: str = ""


_LINES: Final = 6
_CLEARED: Final = re.compile(
    rf"(?i)^{EMOJI}(?:{LABEL}|recovered:|resolved:\s|resolved (?=#|\S+:)|alert (?:closed|resolved):?|ok: (?=\")"
    r"|告警(?:已)?(?:恢复|解除)|resolved in \d|resolved$|(?:\w\d )?(?:恢复|解除)[：:]|(?:alert|issue|incident"
    r"|problem)s? (?:#\S+ )?(?:has been )?"
    r"(?:closed|resolved|recovered)\b|(?:alert|issue|problem|incident) .{1,80} has been (?:closed|resolved))"
    r"|\bhas recovered$|\bis resolved$|^[^\w]*【[^】]{1,20}】\s*(?:恢复|解除)"
)
_FIRED: Final = re.compile(
    rf"(?i)^{EMOJI}(?:\[(?:firing|alerting|alert|warn(?:ing)?|critical|error|no ?data|triggered|problem|high|page"
    r"|sev-?\d|p[0-5]|严重|紧急|警告|告警)(?::\d+)?[^\]]*\]|【[^】]*(?:告警|触发|报警|严重|紧急)[^】]*】"
    r"|triggered(?: #\d+)?:|triggered #|new alert:?|alarm:|new issue in|alert(?: fired)?:|incident triggered|firing:"
    r"|告警(?:触发)?[:：]|problem:\s|firing\b|(?:\w\d )?(?:触发|告警|报警)[：:]|【[^】]{1,20}】\s*(?:报警|告警|触发)"
    r"|#?\d+:? \[(?:p[0-5]|sev-?\d)\]|(?:critical|high|warning)(?: \w+)? (?:priority )?(?:issue|alert)\b"
    r"|(?-i:[A-Z][a-z]{1,30}[A-Z])\w{1,60}\b.{0,80}\b(?:critical|warning|page|firing|sev-?\d|p[0-3])\b)"
    r"|\bis firing\b|触发告警"
)
_NAMES: Final = re.compile(r"[^\W\d_]{3}|[\u3400-\u9fff]{2}")
_ALERT_NAME: Final = re.compile(r"alertname\s*[=:]\s*(\S{1,120})")
_NUMBER: Final = re.compile(r"^\W*#\d+:?\s*|【|】|\*")
_AT: Final = re.compile(r"，当前.*$|，触发时间.*$|,? (?:current|value)[: ].*$")

# Words of a line about a deployment, and words that show that the line is about something else.
_SHIPS: Final = re.compile(
    r"(?i)\b(?:deploy\w*|release[ds]?|roll(?:ed|ing)?[ -]?(?:out|back)|rollout|shipped|promoted|sync(?:ed"
    r"|hroni[sz]ed)?(?: operation)?|upgrad(?:e|ed|ing)|node-? ?pool|terraform (?:apply|run)|apply complete|migrations?"
    r"|\w{1,40} ?(?:->|→|=>) ?(?:[a-z]{2,10}-)?(?:prod|prd|stag|canary|live)[\w-]{0,30}"
    r"|config(?:uration)? (?:change|push|version|update)\w*|feature flag|scaled from"
    r"|successfully synced|reconciliation|helm (?:upgrade|install)|is now running (?:new )?version)\b|发布|部署|上线"
    r"|回滚|灰度|发版|升级|配置.{0,24}(?:推送|下发|生效)|变更单?.{0,24}(?:执行|完成|成功|失败|开始)|扩容|缩容"
)
_NOT_SHIPPING: Final = re.compile(
    r"(?i)\b(?:release notes?|deploy keys?|deploy window|approv(?!ed by \S+\)?$)\w+|comment\w*|reminder|branch"
    r"|will be deployed|scheduled|assigned|created|pushed \d+|would)\b|文档|公告|提醒|审批(?!人|[:：])|计划"
)
# Where nobody is served: a deployment there is no change of what fails.
_ELSEWHERE: Final = re.compile(
    r"(?i)\b(?:staging|stg|pre-?prod(?:uction)?|non-?prod|uat|test(?:ing)? env(?:ironment)?)\b"
    r"|\b(?:to|in|on|env(?:ironment)?[:=]) ?(?:stage|qa|dev|sandbox)\b(?!-)|测试环境|预发|预生产|开发环境|演练环境"
)
_PRODUCTION: Final = re.compile(r"(?i)(?<!pre-)(?<!non-)\b(?:prod|prd|production|live)\b|(?<!预)生产|线上|正式环境")
_SHIPPING: Final = (
    (
        DeployState.FAILED,
        r"\b(?:failed|failure|failing|aborted|unsuccessful|timed out|cancell?ed|rejected|errored)\b"
        r"|失败|中止|异常|未通过",
    ),
    (
        DeployState.STARTED,
        r"\b(?:has started|started|starting|begun|in progress|queued|triggered|is (?:being )?(?:deploying"
        r"|deployed|rolling)|deploying|rolling out)\b|开始|正在|进行中",
    ),
    (
        DeployState.SUCCEEDED,
        r"\b(?:succeeded|success|successful|successfully|finished|completed?|passed|live|done|synced|deployed"
        r"|released|shipped|promoted|rolled (?:out|back)|is now running (?:new )?version)\b"
        r"|upgraded|applied|pushed|switched|enabled|disabled|scaled from|complete!"
        r"|成功|完成|完毕|已(?:经)?(?:全量)?(?:发布|上线|部署|回滚|升级|推送|下发|生效|扩容|缩容)|回滚到|升级到",
    ),
)
_STATES: Final = tuple((state, re.compile(f"(?i){pattern}")) for state, pattern in _SHIPPING)
# "Finished deploying" is finished, although its verb is not.
_OVER: Final = re.compile(r"(?i)\b(?:finished|completed|done|succeeded in) (?:deploying|rolling out|releasing)\b")


# A measured value beside its limit. ">" alone also stands between two versions.
_MEASURED: Final = re.compile(
    r"(?i)\d.{0,40}\b(?:threshold|deadline|limit)\W{1,3}\d|\d.{0,40}(?:阈值|上限)\W{0,3}\d"
    r"|\d[\d.,]*\S{0,3} (?:[<≥≤]|[<>]=) ?\d"
)


def is_measured(text: str) -> bool:
    """Return whether a text has a measured value beside its limit, whichever side it is on."""
    return _MEASURED.search(text) is not None


def is_elsewhere(text: str) -> bool:
    """Return whether a text names a test environment and not production."""
    return _ELSEWHERE.search(text) is not None and not _PRODUCTION.search(text)


def announcement_in(lines: tuple[str, ...]) -> Announcement | None:
    """Return what a bot's message announces in its first lines."""
    for line in lines[:_LINES]:
        if (found := _CLEARED.search(line)) is not None:
            return _alert(AlertState.RESOLVED, line, found, lines)
        if (found := _FIRED.search(line)) is not None:
            return _alert(AlertState.FIRING, line, found, lines)
    for line in lines[:_LINES]:
        if (state := _shipping(line)) is not None:
            return Announcement(kind=FactKind.DEPLOY, state=state, says=line)
    return None


def _shipping(line: str) -> DeployState | None:
    """Return the state of a deployment; None if the line announces none."""
    if not _SHIPS.search(line) or _NOT_SHIPPING.search(line) or is_elsewhere(line):
        return None
    if _OVER.search(line):
        return DeployState.SUCCEEDED
    return next((state for state, pattern in _STATES if pattern.search(line)), None)


def _alert(state: AlertState, line: str, found: re.Match[str], lines: tuple[str, ...]) -> Announcement:
    """Return an alert; if its first line only says that it fires, the line with the alert's name is added."""
    rest = line[: found.start()] + " " + line[found.end() :]
    about = _AT.sub("", _NUMBER.sub("", rest.strip())).strip()
    if not _NAMES.search(about):
        named = next((hit[1] for each in lines if (hit := _ALERT_NAME.search(each))), "")
        return Announcement(kind=FactKind.ALERT, state=state, says=f"{line} {named}".strip(), about=named or about)
    return Announcement(kind=FactKind.ALERT, state=state, says=line, about=about)
