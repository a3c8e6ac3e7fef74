"""Test the choice of the answer's language."""

import pytest

from intents.domain import Language
from intents.languages import choose, language_of, language_of_locale


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Error from server (NotFound): pods not found", None),
        ("这个 Pod 起不来，报错 CreateContainerConfigError，麻烦看一下", Language.ZH),
        ("报错 ErrImagePull", Language.ZH),
        ("请问这个怎么解决？\n" + "E0302 leaderelection.go:332] error retrieving resource lock\n" * 200, Language.ZH),
        ("file named 中 in " + "a long English log " * 40, None),
        ("ポッドが起動しません。エラーの原因は何ですか", None),
        ("", None),
    ],
)
def test_a_few_characters_decide_the_language_of_a_text(text: str, language: Language | None) -> None:
    assert language_of(text) is language


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh_CN.UTF-8", Language.ZH),
        ("zh-TW", Language.ZH),
        ("en_GB", Language.EN),
        ("C", None),
        ("de_DE", None),
        ("", None),
    ],
)
def test_language_of_a_locale(locale: str, language: Language | None) -> None:
    assert language_of_locale(locale) is language


def test_setting_outranks_the_text_and_the_text_outranks_the_locale() -> None:
    assert choose(preferred=Language.EN, text="请看一下这个问题", locale="zh_CN") is Language.EN
    assert choose(preferred=None, text="请看一下这个问题", locale="en_US") is Language.ZH
    assert choose(preferred=None, text="OOMKilled", locale="zh_CN.UTF-8") is Language.ZH
    assert choose(preferred=None) is Language.EN
