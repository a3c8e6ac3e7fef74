"""Define how an entry says what it causes and what causes it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import model_validator

from intents.catalog.fields import Id, LocalText, Model
from intents.edges import EdgeType


class Consequence(StrEnum):
    """Trouble that follows from many causes: an answer that names the cause does not list it as unexplained."""

    EXIT = "exit"  # a container ended or is restarted; the kubelet backs off
    NOT_STARTED = "not-started"  # a container has no image, no sandbox, or cannot be created
    UNSCHEDULED = "unscheduled"
    EVICTED = "evicted"
    NOT_CREATED = "not-created"  # the API server refuses the pods of a workload
    UNREADY = "unready"  # failed probes, too few replicas: every other consequence has this one too


class LinkedBy(StrEnum):
    """The edges between what a cause is about and what its effect is about; to be in one namespace is none."""

    OBJECT = "object"  # none is needed: both are about the same object
    RUNS_ON = EdgeType.RUNS_ON.value  # the node of both
    OWNS = EdgeType.OWNS.value  # what owns both, at any distance
    PROVIDES = EdgeType.PROVIDES.value  # a mechanism that serves the whole cluster


class Cause(Model):
    """An upstream incident that explains this one where evidence links the two, at about the same time."""

    incident: Id
    """Its id."""
    linked_by: LinkedBy
    """What connects the two: the same `object`, their node (`runs-on`), what owns both (`owns`), or a `mechanism`
    (`provides`)."""
    only_if: tuple[Id, ...] = ()
    """Rules of this entry, one of which must hold. Without it: whatever supports this incident."""
    proven_by: tuple[Id, ...] = ()
    """Rules of the cause, one of which must hold and have that in common. Without it: whatever supports the cause."""
    mechanism: LocalText | None = None
    """For `linked_by: provides`: how the cause reaches an object anywhere in the cluster."""

    @model_validator(mode="after")
    def _names_the_mechanism(self) -> Cause:
        if self.linked_by is LinkedBy.PROVIDES and not (self.mechanism and self.proven_by):
            raise ValueError("`linked_by: provides` needs a `mechanism`, and the rules that show it in `proven_by`")
        if self.linked_by is not LinkedBy.PROVIDES and self.mechanism:
            raise ValueError("`mechanism` is for `linked_by: provides`")
        return self
