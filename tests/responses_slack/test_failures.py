"""Test every failure text: in both languages, on one line, with what to do next."""

import inspect
from types import ModuleType
from typing import Any

from intents.cluster_choice import ChoiceReason, UnknownCluster
from intents.domain import Existence, GapReason, NamedObject, ObjectRef, Text
from responses import failures, words
from responses.chronicle import incident_words

GIVEN: dict[str, Any] = {
    "named": NamedObject(
        target=ObjectRef(kind="Pod", namespace="shop", name="api-0"),
        existence=Existence.MISSING,
        candidates=(ObjectRef(kind="Deployment", namespace="shop", name="api"),),
    ),
    "reason": "thing",
    "why": Text(en="the API server does not answer", zh="API server 无响应"),
    "cluster": "prod",
    "name": "app.log",
    "size": 30 << 20,
    "limit": 4 << 20,
    "visible": ("prod", "staging"),
    "unasked": ("staging",),
    "found": ("prod",),
    "names": ("prod", "staging"),
    "about": "pod shop/api-0",
    "says": Text(en="the pod does not exist", zh="Pod 不存在"),
}
BY_TYPE: dict[Any, Any] = {
    GapReason: GapReason.TIMED_OUT,
    ChoiceReason: ChoiceReason.NAMED,
    UnknownCluster: UnknownCluster(named="prdo", closest="prod"),
}


def sentences(module: ModuleType) -> dict[str, Text]:
    found = {name: value for name, value in vars(module).items() if isinstance(value, Text)}
    for name, function in vars(module).items():
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == module.__name__:
            taken = inspect.signature(function, eval_str=True).parameters
            found[name] = function(**{key: BY_TYPE.get(one.annotation, GIVEN.get(key)) for key, one in taken.items()})
    return found


def test_every_failure_is_one_line_in_both_languages() -> None:
    said = sentences(failures)

    assert len(said) > 15
    for name, text in said.items():
        for line in (text.en, text.zh):
            assert line.strip() == line != "", name
            assert "\n" not in line, name
            assert "{" not in line, name
        assert any("\u4e00" <= char <= "\u9fff" for char in text.zh), name


def test_unreadable_file_is_named_in_both_languages() -> None:
    of_files = {name: text for name, text in sentences(failures).items() if name.startswith("file_")}

    assert len(of_files) > 5
    for name, text in of_files.items():
        assert "app.log" in text.en, name
        assert "app.log" in text.zh, name


def test_too_large_file_reports_its_size_and_the_limit() -> None:
    large = failures.file_too_large("app.log", size=30 << 20, limit=512 << 10)
    of_unknown_size = failures.file_too_large("app.log", size=0, limit=4 << 20)

    for line in (large.en, large.zh):
        assert "30.0 MiB" in line
        assert "512 KiB" in line
    assert "has" not in of_unknown_size.en
    assert "4.0 MiB" in of_unknown_size.zh


def test_placeholders_are_the_same_in_both_languages() -> None:
    for name, text in [*vars(words).items(), *vars(incident_words).items()]:
        if isinstance(text, Text):
            assert text.en.count("{") == text.zh.count("{"), name
