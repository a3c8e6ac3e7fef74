"""Define what the parts of an entry have in common: a strict model, types of names and texts, causes and effects.

The docstrings below the fields in the source describe them. pydantic can read these when it creates a class
(`use_attribute_docstrings`), but then parses the sources at every start. Here only the commands and pages that show
descriptions pay for it.
"""

from __future__ import annotations

import ast
import inspect
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from intents.domain import Text
from intents.named_objects import EdgeType


def describe(*models: type[BaseModel]) -> None:
    """Set the descriptions of the fields of models. A model that is part of another one comes first."""
    for model in models:
        found = _attribute_docstrings(inspect.getsource(inspect.getmodule(model) or model)).get(model.__name__, {})
        for name, field in model.model_fields.items():
            field.description = field.description or found.get(name)
        model.model_rebuild(force=True)


@cache
def _attribute_docstrings(source: str) -> dict[str, dict[str, str]]:
    """Return the docstrings of attributes by the class at the top of a module and the attribute's name."""
    return {
        each.name: {
            attribute.target.id: inspect.cleandoc(below.value.value)
            for attribute, below in pairwise(each.body)
            if isinstance(attribute, ast.AnnAssign)
            and isinstance(attribute.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        }
        for each in ast.parse(source).body
        if isinstance(each, ast.ClassDef)
    }


# Where in an entry's file, and what is wrong there.
Path = tuple[str | int, ...]
Complaint = tuple[Path, str]

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _in_both_languages(value: Any) -> Any:
    """Return a plain string as the text of both languages: it is a quote, a name or a command, which stay the same."""
    if isinstance(value, str):
        return {"en": value, "zh": value}
    return value


LocalText = Annotated[
    Text,
    BeforeValidator(_in_both_languages),
    Field(description="{en: …, zh: …}; a plain string where there is nothing to translate"),
]


_KEYS: Final[dict[frozenset[str], set[str]]] = {}


class Model(BaseModel):
    """A part of an entry: an unknown key or a wrong type is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=False,
        defer_build=True,  # incidents that an earlier start has read are not validated again
    )

    def model_post_init(self, _context: Any) -> None:
        """Let all parts with the same keys share the set of them: ten thousand parts have a few dozen."""
        given = self.__pydantic_fields_set__
        object.__setattr__(self, "__pydantic_fields_set__", _KEYS.setdefault(frozenset(given), given))


def _with_languages(schema: dict[str, Any]) -> None:
    """Let the JSON Schema of a part allow `en` and `zh` in the place of `says`."""
    schema["properties"] |= {"en": {"type": "string"}, "zh": {"type": "string"}}
    schema["required"] = [key for key in schema["required"] if key != "says"]
    schema["anyOf"] = [{"required": ["says"]}, {"required": ["en", "zh"]}]


class Sentence(BaseModel):
    """A part with a sentence, `says`. Its `en` and `zh` may stand in the part itself."""

    model_config = ConfigDict(json_schema_extra=_with_languages)

    @model_validator(mode="before")
    @classmethod
    def _says_both(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "says" in value or not value.keys() & {"en", "zh"}:
            return value
        rest = {key: inner for key, inner in value.items() if key not in {"en", "zh"}}
        return rest | {"says": {key: value[key] for key in ("en", "zh") if key in value}}


class Consequence(StrEnum):
    """Trouble that follows from many causes: an answer that names the cause does not list it as unexplained."""

    EXIT = "exit"  # a container ended or is restarted; the kubelet backs off
    NOT_STARTED = "not-started"  # a container has no image, no sandbox, or cannot be created
    UNSCHEDULED = "unscheduled"
    EVICTED = "evicted"
    NOT_CREATED = "not-created"  # the API server refuses the pods of a workload
    ERRORS = "errors"  # a ready program keeps logging errors
    UNREADY = "unready"  # failed probes, too few replicas: every other consequence has this one too


class LinkedBy(StrEnum):
    """The edges between what a cause is about and what its effect is about; to be in one namespace is none."""

    OBJECT = "object"  # none is needed: both are about the same object
    RUNS_ON = EdgeType.RUNS_ON.value  # the node of both
    OWNS = EdgeType.OWNS.value  # what owns both, at any distance
    CONNECTION = "connection"  # the caller and what it calls: the cause is a hop of the connection that fails
    CALLS = EdgeType.CALLS.value  # the Service that the effect calls and the cause is about, or whose pods it is about
    PROVIDES = EdgeType.PROVIDES.value  # a mechanism that serves the whole cluster


class Cause(Model):
    """An upstream incident that explains this one where evidence links the two, at about the same time."""

    incident: Id
    """Its id."""
    linked_by: LinkedBy
    """What connects the two: the same `object`, their node (`runs-on`), what owns both (`owns`), the
    `connection` that fails, the Service of the cause that the effect `calls`, or a `mechanism` (`provides`)."""
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
