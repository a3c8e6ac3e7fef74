"""Define what the parts of an entry have in common: a strict model, and the types of names and texts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from intents.domain import Text

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


class Model(BaseModel):
    """A part of an entry: an unknown key or a wrong type is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=False,
        defer_build=True,  # incidents that an earlier start has read are not validated again
    )


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
