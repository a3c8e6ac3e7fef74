"""A scenario of one action: a cluster in which it is offered, what is pressed and typed, and what is then written.

It uses a built-in incident if one offers the action and its end can be simulated, otherwise an entry of its own. The
test files of `tests/remedies/actions` bring the scenarios.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.diagnosing import Engine
from intents.catalog.cases import ask_of, world_of
from intents.catalog.schema import Case, World
from intents.domain import Verdict
from tests.end_to_end.every_action.watching import Json, Watch, Write

# How the message tells the end.
FIXED: Final = ("FIXED: the cause is gone", "fixed")
CHANGED: Final = ("CHANGED, not yet better: the symptom is still there", "changed")
LATER: Final = ("the change is in place; whether it helped shows later", "shows later")
DONE: Final = ("done; this does not fix the cause", "done")

# The lines that a dialog removes and adds for objects that it describes in its own words.
Told = Callable[[list[Write], Watch], tuple[list[str], list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One remedy from its button to its end. `button` are the first words on it.

    It is a `case` of a built-in incident, with `change`s (object → fault), `reactions` and a world `beside`; or
    an `entry` of its own with a `world` and the `text` that is pasted. `writes` are the requests that the API server
    gets for it, in order, and `undo` those that undo it, () if nothing can. `name` is typed before data is lost.
    `custodian` is the tool that would revert the change, which is why a second confirmation is asked for.
    """

    action: str
    button: str
    writes: tuple[str, ...]
    undo: tuple[str, ...] = ()
    ends: tuple[str, str] = FIXED
    answers: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    custodian: str = ""
    told: Told | None = None
    incident: str = ""
    case: str = ""
    change: Mapping[str, Json] = field(default_factory=dict)
    reactions: tuple[Json, ...] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)
    entry: Json = field(default_factory=dict)
    world: Json = field(default_factory=dict)
    text: str = ""

    @property
    def is_own(self) -> bool:
        """It needs a catalog with its own entry."""
        return bool(self.entry)

    def staged(self, engine: Engine) -> tuple[list[Mapping[str, Any]], str]:
        """Return the worlds of its cluster, and the pasted text."""
        if self.is_own:
            return [self.world], self.text
        incident = engine.catalog.incidents[self.incident]
        case = Case(
            name="as it is pressed",
            like=self.case,
            given=World(faults=dict(self.change), reactions=self.reactions)
            if self.reactions
            else World(faults=dict(self.change)),
            then=Verdict.CONFIRMED,
        )
        incident = incident.model_copy(update={"cases": (*incident.cases, case)})
        ask = ask_of(incident, case)
        assert ask.text, "a case that is pasted"
        # The command that printed it names the namespace, where the case says which it was.
        before = f"$ kubectl get events -n {ask.namespace}\n" if ask.namespace else ""
        return [world_of(incident, case), self.beside], before + ask.text


def one_patch(path: str) -> dict[str, Any]:
    """Return the arguments of a scenario that is one patch, which another patch undoes."""
    return {"writes": (f"PATCH {path}",), "undo": (f"PATCH {path}",)}
