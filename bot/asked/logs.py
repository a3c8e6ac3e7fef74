"""Tell what a container logs: the telling lines first, then the last ones.

Of several pods the worst one is read, else the newest; of a container that crashed, the run that ended. The log is
redacted as a whole before lines are taken of it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Final

from bot.asked.contract import OF_PODS, Asked, pods_behind
from bot.cluster.access import collect_gaps
from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.log_failures import LogFailure, failures_in, repeats_in
from bot.kube.log_records import read_records, split_stamps
from bot.kube.objects import annotations_of, created_at, has_ended, name_of, named_ref, place_of
from bot.kube.owners import workload_of
from bot.kube.timestamps import UNKNOWN, seconds_since
from bot.probes.contract import may
from bot.probes.shared.log_lines import LARGE, Log, text_of
from bot.probes.shared.log_lines import logs_of as logs_of_container
from intents.domain import Json, ObjectRef, Text
from intents.sheets import CLUSTER, Sheet, SheetRow
from intents.talk.asks import Ask
from responses.next_asks import further, in_full, logs_of
from responses.redaction import redact

PERMISSIONS: Final = (*OF_PODS, *may("get", "pods/log"))
_NO_LOG: Final = frozenset({"Node", "Namespace", CLUSTER})
# Containers up to this rank of `trouble_order` fail, or have failed last.
_FAILED: Final = 1
_RUNS_ONCE: Final = frozenset({"Job", "CronJob"})
_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
_PREVIOUS: Final = re.compile(
    r"(?i)\bprevious(?:ly)?\b|\b(?:last|earlier|old) run\b|\bbefore (?:it|the|that) \w+"
    r"|上一次|上次|重启前|崩溃前|之前的"
)
_WORD: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LINES, _LINES_IN_FULL = 6, 60
_CHARACTERS, _CHARACTERS_IN_FULL = 900, 2_900
_LONGEST: Final = 300
_MOST_NEXT: Final = 3

_HEADING: Final = Text(en="Log of {}", zh="{} 的日志")
_NAME_ANOTHER: Final = Text(
    en="A {} has no log of its own here: name a pod, a workload or a Service.",
    zh="{} 本身没有可读的日志：请指定 Pod、工作负载或 Service。",
)
_NO_RUN: Final = Text(en="No earlier run is known: no container was restarted.", zh="没有更早的运行：容器未重启过。")
_NO_PODS: Final = Text(en="It has no pods.", zh="它没有 Pod。")
_FROM: Final = Text(en="Pod {}, container {}", zh="Pod {}，容器 {}")
_ONE_OF: Final = Text(en="{} (1 of {} pods)", zh="{}（共 {} 个 Pod）")
_ENDED: Final = Text(en="{}: the run that ended with {}", zh="{}：已结束的那次运行，{}")
_SILENT: Final = Text(en="{}: no log yet", zh="{}：尚无日志")
_BECAUSE: Final = Text(en="{}: no log yet, {}", zh="{}：尚无日志，{}")
_EMPTY: Final = Text(en="{}: the log is empty", zh="{}：日志为空")
_LINE: Final = Text(en="error, line {} of {}", zh="错误，第 {} 行（共 {} 行）")
_TIMES: Final = Text(en="error, line {} of {}, {} times", zh="错误，第 {} 行（共 {} 行），出现 {} 次")
_LAST: Final = Text(en="the last lines", zh="最后几行")


async def logs(asked: Asked) -> Sheet:
    """Return the telling and the last lines of the log that most likely matters."""
    about, snapshot = asked.about, asked.snapshot
    with collect_gaps() as gaps:
        pods = _in_question(await pods_behind(asked), about)
        every = [each for pod in pods for each in containers_in(pod)]
        if about.kind in _NO_LOG:
            return _name_another(asked, every)
        log = _log_in_question(every, asked)
        rows = [*_silent(every, log, asked)]
        told: tuple[SheetRow, ...] = ()
        if log is not None:
            # A log that cannot be read is a gap.
            known = len(gaps)
            text = await text_of(log, snapshot)
            was_read = len(gaps) == known
            told = await _told(text, log, asked) if was_read else ()
            rows = [*rows, _from(log, pods, asked, is_empty=was_read and not told), *told]
        elif not (rows or gaps):
            rows = [SheetRow(says=_NO_RUN if pods else _NO_PODS)]
    more = [] if asked.in_full or not told else [in_full(Ask.LOGS, about)]
    return asked.sheet(
        _HEADING.filled(about),
        rows,
        gaps=gaps,
        further=(*more, *further(about, Ask.HEALTH, Ask.EVENTS)),
        reproduce=f"{log.reproduce} --tail={_LINES_IN_FULL}" if log else "",
    )


def _name_another(asked: Asked, every: Iterable[Container]) -> Sheet:
    """Return what to name instead: the workloads with the worst containers there."""
    ordered = sorted(every, key=lambda each: trouble_order(each, asked.snapshot.now))
    worst = dict.fromkeys(_named_owner(each.pod) for each in ordered)
    rows = [SheetRow(says=_NAME_ANOTHER.filled(asked.about.kind))]
    return asked.sheet(_HEADING.filled(asked.about), rows, further=map(logs_of, list(worst)[:_MOST_NEXT]))


def _named_owner(pod: Json) -> ObjectRef:
    owner = workload_of(pod)
    return named_ref(pod, "Pod") if owner.kind in ("Node", "StaticPod") else owner


def _in_question(pods: Sequence[Json], about: ObjectRef) -> Sequence[Json]:
    """Leave out the pods that have ended beside those that run: evicted ones stay for days."""
    if about.kind in _RUNS_ONCE:
        return pods
    return [pod for pod in pods if not has_ended(pod)] or pods


def _log_in_question(every: Sequence[Container], asked: Asked) -> Log | None:
    """Return the log of the container that the question names, of the worst one, or of the newest pod's main one."""
    now = asked.snapshot.now
    said = set(_WORD.findall(asked.text.lower())) - {asked.about.name, asked.about.namespace}
    named = [each for each in every if each.name in said] or every
    read = [each for each in named if _logs(each, asked)]
    failed = [each for each in read if trouble_order(each, now)[0] <= _FAILED]
    if failed:
        return _logs(min(failed, key=lambda each: trouble_order(each, now)), asked)[0]
    newest = max((created_at(each.pod) for each in read), default="")
    main = min((each for each in read if created_at(each.pod) == newest), key=_is_beside, default=None)
    return _logs(main, asked)[0] if main else None


def _is_beside(container: Container) -> tuple[bool, bool]:
    """Return a sort key that brings the main container of a pod first."""
    main = annotations_of(container.pod).get(_DEFAULT_CONTAINER, container.name)
    return container.init, container.name != main


def _logs(container: Container, asked: Asked) -> list[Log]:
    """Return the logs of a container, first the one that tells more: of a healthy one that of its present run."""
    if _PREVIOUS.search(asked.text):
        return logs_of_container(container, asked.snapshot, which="yes")
    failed = not container.ready or container.crash_looping(asked.snapshot.now)
    return logs_of_container(container, asked.snapshot, which="both" if failed else "no")


def _from(log: Log, pods: Sequence[Json], asked: Asked, *, is_empty: bool) -> SheetRow:
    """Tell whose log it is, which run, and whether it has no line."""
    pod, run = log.container.pod, log.run if log.ended else None
    says = _FROM.filled(name_of(pod), log.container.name)
    if len(pods) > 1:
        says = _ONE_OF.filled(says, len(pods))
    if run is not None:
        says = _ENDED.filled(says, run.says)
    ago_s = None if run is None or run.finished_s == UNKNOWN else run.finished_s
    return SheetRow(says=_EMPTY.filled(says) if is_empty else says, ago_s=ago_s)


def _silent(every: Sequence[Container], log: Log | None, asked: Asked) -> Iterator[SheetRow]:
    """Yield the first container that waits and has written nothing, if another one's log is shown or none is."""
    waiting = [each for each in every if each.state in ("", "waiting") and not _logs(each, asked)]
    if log is not None and log.container.restarts and not log.container.ready:
        return
    # The containers of a pod wait for its init containers.
    waiting = [each for each in waiting if log is None or place_of(each.pod) != place_of(log.container.pod)]
    if waiting:
        first = min(waiting, key=lambda each: (not each.reason, each.init, place_of(each.pod)))
        where = _FROM.filled(name_of(first.pod), first.name)
        yield SheetRow(says=_BECAUSE.filled(where, first.reason) if first.reason else _SILENT.filled(where))


async def _told(text: str, log: Log, asked: Asked) -> tuple[SheetRow, ...]:
    """Return what a log tells. Redacting a long one takes longer than the event loop may be kept."""
    return await asyncio.to_thread(_rows, text, log, asked) if len(text) > LARGE else _rows(text, log, asked)


def _rows(text: str, log: Log, asked: Asked) -> tuple[SheetRow, ...]:
    written, stamps = split_stamps(text)
    ages = [seconds_since(stamp, asked.snapshot.now) for stamp in stamps]
    redacted = redact(written)
    running = log.container.ready and not log.ended
    records = read_records(redacted)
    failures = (repeats_in(records, ages) if running else ()) or failures_in(records)
    telling = [_telling(each, ages) for each in failures]
    last = _last(redacted.splitlines(), asked)
    if not asked.in_full:
        last = _beyond(last, {line for each in failures for line in each.lines})
    if not last:
        return tuple(telling)
    ago = ages[-1] if ages and ages[-1] != UNKNOWN else None
    return (*telling, SheetRow(says=_LAST, lines=tuple(last), ago_s=ago))


def _telling(failure: LogFailure, ages: Sequence[int]) -> SheetRow:
    place, says = (failure.number, failure.of), _LINE
    if failure.times > 1:
        says = _TIMES
    age = ages[failure.last - 1] if failure.last <= len(ages) else UNKNOWN
    return SheetRow(
        says=says.filled(*place, failure.times),
        lines=failure.lines,
        ago_s=None if age == UNKNOWN else age,
    )


def _beyond(last: list[str], told: Set[str]) -> list[str]:
    """Return the lines after the last one that was told already."""
    return last[max((at + 1 for at, line in enumerate(last) if line in told), default=0) :]


def _last(lines: Sequence[str], asked: Asked) -> list[str]:
    """Return the last lines that fit."""
    most = _LINES_IN_FULL if asked.in_full else _LINES
    left = _CHARACTERS_IN_FULL if asked.in_full else _CHARACTERS
    kept: list[str] = []
    for whole in reversed([each for each in lines if each.strip()][-most:]):
        line = whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 1]}…"
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
    return kept[::-1]
