"""Describe the HTTP API as an OpenAPI 3.1 document, from the models that read requests and write answers."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from bot.common.release import running_version
from bot.surfaces.api.api_models import ErrorDocument, describe_api
from bot.surfaces.api.limited_calls import OPERATIONS, Operation
from responses.documents import describe_documents

_REFERENCE: Final = "#/components/schemas/{model}"
_ERRORS: Final = {
    "400": "The request is malformed, or its kind or cluster is unknown.",
    "401": "The token is missing or wrong.",
    "403": "The policy or the cluster does not allow it.",
    "404": "There is no such object, namespace or cluster that may be seen.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "429": "Too many calls; Retry-After says when to try again.",
    "500": "Casebook hit an internal error.",
    "502": "The cluster failed.",
    "503": "The cluster, or the audit, cannot be used now.",
    "504": "No answer in time.",
}


@cache
def openapi() -> dict[str, Any]:
    """Return the document."""
    describe_documents()
    describe_api()
    models = [(each.question, "validation") for each in OPERATIONS.values()]
    answers = [(each.answer, "serialization") for each in OPERATIONS.values()]
    _, schemas = models_json_schema(
        [*models, *answers, (ErrorDocument, "serialization")],  # type: ignore[list-item]
        ref_template=_REFERENCE,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Casebook",
            "version": running_version(),
            "description": "Read-only answers about Kubernetes clusters: verdicts, evidence and gaps.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {each.path: {each.method.lower(): _described(each, schemas["$defs"])} for each in OPERATIONS.values()},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.says.partition(":")[0].partition(". ")[0].rstrip("."),
        "description": operation.says,
        "responses": {
            "200": {"description": "The answer.", "content": _json(operation.answer.__name__)},
            **{
                status: {"description": says, "content": _json(ErrorDocument.__name__)}
                for status, says in _ERRORS.items()
            },
        },
    }
    if operation.method == "POST":
        described["requestBody"] = {"required": True, "content": _json(operation.question.__name__)}
    else:
        described["parameters"] = [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": schema.get("description", ""),
                "schema": {key: value for key, value in schema.items() if key not in ("title", "description")},
            }
            for name, schema in schemas[operation.question.__name__]["properties"].items()
        ]
    return described


def _json(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model)}}}
