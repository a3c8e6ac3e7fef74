"""Descriptions of a model's fields, taken from the docstrings that stand below them in the source.

pydantic does the same while a class is made (`use_attribute_docstrings`), and so reads the sources at every start. Here
only the commands and pages that show descriptions wait for it.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


def describe(*models: type[BaseModel]) -> None:
    """Give the fields of models their descriptions. A model that others are made of comes before them."""
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
