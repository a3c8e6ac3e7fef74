"""Make the questions to go on with: each is a command of its own, so that its button means the same anywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from intents.domain import Diagnosis, ObjectRef, Text
from intents.named_objects import Existence
from intents.sheets import CLUSTER, NextAsk
from intents.talk.asks import Ask
from responses.named_objects import candidates_of

_LABELS: Final = {
    Ask.HEALTH: Text(en="What is wrong?", zh="有什么问题？"),
    Ask.LOGS: Text(en="Logs", zh="日志"),
    Ask.EVENTS: Text(en="Events", zh="事件"),
    Ask.CHANGES: Text(en="What changed?", zh="有何变更？"),
    Ask.REVISIONS: Text(en="History", zh="版本历史"),
    Ask.WHERE: Text(en="Where does it run?", zh="运行在哪？"),
}
_WRONG_HERE: Final = Text(en="What is wrong in the cluster?", zh="集群有什么问题？")
_WRONG_IN: Final = Text(en="What is wrong in {}?", zh="{} 有什么问题？")
_HELP: Final = Text(en="What can you do?", zh="你能做什么？")
# Kinds that run containers.
_LOGGING: Final = frozenset({"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"})
_MORE: Final = Text(en="Show more", zh="显示更多")
_HOUR_S: Final = 3600


def in_full(ask: Ask, about: ObjectRef, *, within: timedelta | None = None) -> NextAsk:
    """Return the same question for more of what was shown, of the same time."""
    named = "" if about.kind == CLUSTER else _named(about)
    return NextAsk(label=_MORE, text=" ".join(filter(None, (ask, named, _span(within), "in full"))))


def _span(within: timedelta | None) -> str:
    if within is None:
        return ""
    seconds = int(within.total_seconds())
    return f"{seconds // _HOUR_S}h" if seconds % _HOUR_S == 0 else f"{seconds // 60}m"


def further(about: ObjectRef, *asks: Ask) -> tuple[NextAsk, ...]:
    """Return the questions about an object."""
    return tuple(about_object(ask, about, _LABELS[ask]) for ask in asks)


def logs_of(about: ObjectRef) -> NextAsk:
    """Return the question for the log of an object, with its name on the button."""
    return about_object(Ask.LOGS, about, Text(en=f"Logs of {about.name}", zh=f"{about.name} 的日志"))


def about_object(ask: Ask, about: ObjectRef, label: Text) -> NextAsk:
    """Return a question about an object, with a button of this label."""
    return NextAsk(label=label, text=f"{ask} {_named(about)}")


def wrong_in(namespace: str) -> NextAsk:
    """Return the question what is in trouble in a namespace."""
    return NextAsk(label=_WRONG_IN.filled(namespace), text=f"what is wrong in namespace {namespace}?")


def wrong_here() -> NextAsk:
    """Return the question what is in trouble in the cluster."""
    return NextAsk(label=_WRONG_HERE, text="is the cluster healthy?")


def of_all() -> tuple[NextAsk, NextAsk]:
    """Return the questions that can be asked of any cluster."""
    return wrong_here(), NextAsk(label=_HELP, text="what can you do?")


def after_no_cause(diagnosis: Diagnosis) -> tuple[NextAsk, ...]:
    """Return what to ask next where a diagnosis that read a cluster names no cause, and no objects to choose from."""
    focus = diagnosis.focus
    if not diagnosis.cluster or candidates_of(diagnosis):
        return ()
    if focus.names_object and all(note.existence is not Existence.MISSING for note in diagnosis.named):
        logs = (Ask.LOGS,) if focus.kind in _LOGGING else ()
        return further(focus.ref, *logs, Ask.EVENTS, Ask.CHANGES)
    return (*([wrong_in(focus.namespace)] if focus.namespace else []), *of_all())


def _named(about: ObjectRef) -> str:
    return f"{about.kind.lower()} {about.full_name}"
