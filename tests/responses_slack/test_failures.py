"""Every sentence about what went wrong: in both languages, on one line, and with what to do next."""

import inspect
from typing import Any

from intents.domain import GapReason, ObjectRef, Text
from responses import failures, words

GIVEN: dict[str, Any] = {
    "target": ObjectRef(kind="Pod", namespace="shop", name="api-0"),
    "closest": ("shop/api-1",),
    "what": Text(en="read files", zh="读取文件"),
    "size": 30 << 20,
    "most": 4 << 20,
    "known": ("prod", "stage"),
}


def sentences() -> dict[str, Text]:
    found = {name: value for name, value in vars(failures).items() if isinstance(value, Text)}
    for name, function in vars(failures).items():
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == failures.__name__:
            taken = inspect.signature(function, eval_str=True).parameters
            given = {key: GIVEN.get(key, "thing") for key in taken}
            if name == "cluster_unreachable":
                given["reason"] = GapReason.TIMED_OUT
            if name == "not_allowed_here":
                given["what"] = "prod"
            found[name] = function(**given)
    return found


def test_every_failure_is_a_line_in_both_languages() -> None:
    said = sentences()

    assert len(said) > 30
    for name, text in said.items():
        for line in (text.en, text.zh):
            assert line.strip() == line != "", name
            assert "\n" not in line, name
            assert "{" not in line, name
        assert any("\u4e00" <= char <= "\u9fff" for char in text.zh), name


def test_what_is_named_is_named_in_either_language() -> None:
    scope = failures.missing_scope("files:read", GIVEN["what"])
    gone = failures.muted_here("image-pull-failed")
    large = failures.file_too_large("app.log", size=30 << 20, most=4 << 20)

    assert "files:read" in scope.en
    assert "files:read" in scope.zh
    assert "/diagnose unmute image-pull-failed" in gone.en
    assert "/diagnose unmute image-pull-failed" in gone.zh
    assert "30.0 MB" in large.en
    assert "4.0 MB" in large.zh


def test_places_for_values_are_the_same_in_both_languages() -> None:
    for name, text in vars(words).items():
        if isinstance(text, Text):
            assert text.en.count("{") == text.zh.count("{"), name
