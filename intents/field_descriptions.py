"""Describe the fields of models by the docstrings below them in the source.

pydantic can do this when it creates a class (`use_attribute_docstrings`), but then parses the sources at every start.
Here only the commands and pages that show descriptions pay for it.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


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
